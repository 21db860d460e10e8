"""The token of a run: one for all processes of a server, and unknown to all others.

A process reads it from its environment, which the reloader's processes and forked ones inherit.
Workers that each import the app find it in a file of this user alone, by what they have in common:
what they were forked from, or the process that spawned them.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import sys
import time
import typing as t
from contextlib import suppress
from pathlib import Path

from . import pids
from .private_folder import create, private_folder, read

_VARIABLE = "_FLASK_LIFECYCLE_TOKEN"
_FOLDER = "runs"
_BYTES = 32
_LONGEST = 1000
# A file whose server has ended goes after a day, and any other that has not been used for long.
_STALE, _UNUSED = 86_400.0, 30 * 86_400.0
_alone: int | None = None


def run_token() -> str:
    """Return the token of this run; the first process generates it."""
    global _alone
    if _VARIABLE not in os.environ:
        made = _shared()
        _alone = os.getpid() if made is None else None
        os.environ[_VARIABLE] = secrets.token_urlsafe(_BYTES) if made is None else made
    return os.environ[_VARIABLE]


def run_name() -> str:
    """Return a name of this run that all of its processes share, and that is no secret."""
    return hashlib.sha256(f"run {run_token()}".encode()).hexdigest()[:24]


def is_alone() -> bool:
    """Return whether no other process can have this one's token."""
    return _alone == os.getpid()


def why_alone() -> str | None:
    """Return why processes that each import the app cannot share a token, or None."""
    try:
        private_folder(_FOLDER)
    except OSError as error:
        return str(error)
    return None


def _shared() -> str | None:
    """Return the token that the processes of this server share, or None without a place for it."""
    try:
        folder = private_folder(_FOLDER)
        path = folder / hashlib.sha256(f"run {_family()}".encode()).hexdigest()[:32]
        if not path.exists():
            _forget_old(folder)
            made = {"token": secrets.token_urlsafe(_BYTES), "of": _makers()}
            create(path, json.dumps(made).encode())
        found = json.loads(read(path, _LONGEST) or b"null")
        # It is in use.
        os.utime(path)
        return str(found["token"])
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _family() -> str:
    """Return what the processes of one server have in common, and other servers do not.

    It is no secret: it only names the file.
    """
    parent = os.getppid()
    spawning = sys.modules.get("multiprocessing.process")
    if spawning is not None and spawning.parent_process() is not None:
        return f"{pids.namespace()} {parent} {pids.born(parent)}"
    # The key of the interpreter's hashes, which forked processes share, unless a seed was set.
    if sys.flags.hash_randomization and os.environ.get("PYTHONHASHSEED", "random") == "random":
        return " ".join(f"{hash(f'flask-lifecycle, part {number} of 4')}" for number in range(4))
    return f"{pids.namespace()} {parent} {pids.born(parent)}"


def _makers() -> list[t.Any]:
    """Return which processes have to be gone before the file is of no use."""
    of = os.getpid(), os.getppid()
    return [pids.namespace(), *([each, pids.born(each) or ""] for each in of)]


def _forget_old(folder: Path) -> None:
    for path in folder.iterdir():
        # Another process may have removed it first.
        with suppress(OSError):
            age = abs(time.time() - path.lstat().st_mtime)
            if age > _UNUSED or (age > _STALE and not _is_needed(path)):
                path.unlink()


def _is_needed(path: Path) -> bool:
    try:
        where, *makers = json.loads(read(path, _LONGEST) or b"null")["of"]
        return where != pids.namespace() or any(
            pids.is_alive(*each) is not False for each in makers
        )
    except (ValueError, TypeError, KeyError):
        return False


__all__ = ["is_alone", "run_name", "run_token", "why_alone"]
