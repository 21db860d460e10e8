"""Which process this is, and whether another one of this machine still runs."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

from ..trace import process
from ..trace.snapshot import HOST


class Identity(t.NamedTuple):
    """A process, told apart from all others of all machines and containers.

    ``namespace`` is that of its number, and ``born`` when the system started it, where Linux says
    so: another process may get the number later.
    """

    host: str
    pid: int
    started_at: float
    namespace: str
    born: str


def own() -> Identity:
    """Return the identity of this process."""
    run = process.run
    return Identity(HOST, run.pid, run.started_at, _namespace(), _born(run.pid) or "")


def is_alive(other: Identity) -> bool | None:
    """Return whether a process runs; None if that cannot be known from here."""
    if other.host != HOST or other.namespace != _namespace() or os.name == "nt":
        return None
    try:
        os.kill(other.pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it belongs to another user now
        pass
    born = _born(other.pid)
    return None if born is None else born == other.born


def _namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""


def _born(pid: int) -> str | None:
    """Return when a process was started, in ticks since the machine was; None without Linux."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
        # One that has ended, and whose parent has not asked yet.
        return "" if fields[0] in "ZX" else fields[19]
    except (OSError, IndexError):
        return None


__all__ = ["Identity", "is_alive", "own"]
