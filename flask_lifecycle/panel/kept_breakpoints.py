"""Breakpoints in a file beside the history, so that they outlive the process."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from contextlib import suppress
from pathlib import Path

from ..history import History
from ..holds.breakpoints import parse
from ..holds.holder import Holder
from ..private_folder import is_ours_alone
from .running import parse_running

# Beyond what the largest list takes, it is not ours.
_LARGEST = 1_000_000


class KeptBreakpoints:
    """The file, if there is a history.

    :param history: the history that it lies beside.
    :param app: the app's name; others may have the same history.
    """

    def __init__(self, history: History | None, app: str) -> None:
        self._history = history
        self._name = hashlib.sha256(app.encode("utf-8", "surrogateescape")).hexdigest()[:16]

    def load(self, holder: Holder) -> None:
        """Set the breakpoints of an earlier process."""
        path = self._path()
        if path is None:
            return
        # It may not be there, be another's, or say anything.
        with suppress(OSError, ValueError, RecursionError):
            found = path.lstat()
            if not is_ours_alone(found) or found.st_size > _LARGEST or path.is_symlink():
                return
            given = json.loads(path.read_text("utf-8"))
            if isinstance(given, dict):
                made = parse(given.get("breakpoints"), parse_running)
                # Any list of a process that runs is newer.
                holder.set(made, on=given.get("on") is not False, revision=1)

    def save(self, holder: Holder) -> None:
        """Write the breakpoints, for the next process."""
        path = self._path()
        if path is None:
            return
        kept = [each.to_dict() for each in holder.breakpoints if not each.once]
        text = json.dumps({"on": holder.on, "breakpoints": kept})
        with suppress(OSError):
            if not kept and not path.exists():
                return
            # Written elsewhere and moved: no process reads half of it.
            made = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
            descriptor = os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
            made.replace(path)

    def _path(self) -> Path | None:
        beside = None if self._history is None else self._history.status().path
        if beside is None:
            return None
        return beside.with_name(f"{beside.name}-breakpoints-{self._name}.json")


__all__ = ["KeptBreakpoints"]
