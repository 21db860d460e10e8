"""Which process this is, and whether another one of this machine still runs."""

from __future__ import annotations

import typing as t

from .. import pids
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
    return Identity(HOST, run.pid, run.started_at, pids.namespace(), pids.born(run.pid) or "")


def is_alive(other: Identity) -> bool | None:
    """Return whether a process runs; None if that cannot be known from here."""
    if other.host != HOST or other.namespace != pids.namespace() or type(other.pid) is not int:
        return None
    return pids.is_alive(other.pid, other.born)


__all__ = ["Identity", "is_alive", "own"]
