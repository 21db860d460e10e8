"""Breakpoints that outlive the process, as they are kept with the history."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import typing as t
from contextlib import suppress
from pathlib import Path
from time import monotonic

from .. import locks
from ..history import History
from ..history.problems import HistoryError
from ..history.redis.history import RedisHistory
from ..history.redis.kept_text import KeptText
from ..history.sqlite import SqliteHistory
from ..holds.breakpoints import MOST, Breakpoint, parse
from ..holds.holder import Holder
from ..private_folder import is_ours_alone
from ..trace.model import JsonObject
from .running import parse_running

# Beyond what the largest list takes, it is not ours.
_LARGEST = 1_000_000
# After a failure, it is tried again after this time.
_AGAIN_SECONDS = 5.0


class Place(t.Protocol):
    """Where a text is kept."""

    def read(self) -> str | None:
        """Return the text, or None if there is none of ours.

        :raises HistoryError: that cannot be known now.
        """
        ...

    def write(self, text: str) -> None:
        """Replace the text.

        :raises HistoryError: it cannot be written now.
        """
        ...


class KeptBreakpoints:
    """The breakpoints of an app on one machine, for its next process.

    :param holder: has those of this process.
    :param place: None if nothing is kept.
    """

    def __init__(self, holder: Holder, place: Place | None) -> None:
        self._holder = holder
        self._place = place
        self._lock = locks.lock()
        # What is to be done once that is possible: at first, what an earlier process kept is read.
        self._due: t.Callable[[Place], None] | None = self._load
        self._again = 0.0

    def changed(self) -> None:
        """Keep the breakpoints, which a client has replaced."""
        with self._lock:
            self._due, self._again = self._save, 0.0
            self.catch_up()

    def catch_up(self) -> None:
        """Read or write what could not be read or written before."""
        with self._lock:
            due = self._due
            if due is None or self._place is None or monotonic() < self._again:
                return
            self._due = None
            try:
                due(self._place)
            except HistoryError:
                self._due = due
                self._again = monotonic() + _AGAIN_SECONDS

    def _load(self, place: Place) -> None:
        # Any list of a process that runs is newer.
        given = None if self._holder.revision else _json(place.read())
        if given is not None:
            made = _valid(given.get("breakpoints"))
            self._holder.set(made, on=given.get("on") is not False, revision=1)

    def _save(self, place: Place) -> None:
        holder = self._holder
        kept = [each.to_dict() for each in holder.breakpoints if not each.once]
        if kept or place.read() is not None:
            place.write(json.dumps({"on": holder.on, "breakpoints": kept}))


class _File:
    """A file beside a history."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> str | None:
        # It may not be there, or be another's.
        with suppress(OSError, ValueError):
            found = self._path.lstat()
            if is_ours_alone(found) and found.st_size <= _LARGEST and not self._path.is_symlink():
                return self._path.read_text("utf-8")
        return None

    def write(self, text: str) -> None:
        # Written elsewhere and moved: no process reads half of it.
        made = self._path.with_name(f"{self._path.name}.{secrets.token_hex(8)}")
        with suppress(OSError):
            descriptor = os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
            made.replace(self._path)
        # Where a file that another process has open cannot be replaced, as on Windows.
        with suppress(OSError):
            made.unlink(missing_ok=True)


def place_of(history: History | None, app: str, host: str) -> Place | None:
    """Return where the breakpoints of an app are kept; others may have the same history."""
    if isinstance(history, RedisHistory):
        return KeptText(history.redis, app, host, "breakpoints")
    if not isinstance(history, SqliteHistory) or history.path is None:
        return None
    name = hashlib.sha256(app.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return _File(history.path.with_name(f"{history.path.name}-breakpoints-{name}.json"))


def _json(text: str | None) -> JsonObject | None:
    with suppress(ValueError, RecursionError):
        given = json.loads((text or "")[: _LARGEST + 1])
        return given if isinstance(given, dict) else None
    return None


def _valid(given: t.Any) -> tuple[Breakpoint, ...]:
    """Return those of some breakpoints that this version of the package knows."""
    found: list[Breakpoint] = []
    for each in given[:MOST] if isinstance(given, list) else ():
        with suppress(ValueError):
            found += parse([each], parse_running) if isinstance(each, dict) else ()
    return tuple(found)


__all__ = ["KeptBreakpoints", "Place", "place_of"]
