"""Which process this is, and whether another one of this machine still runs."""

from __future__ import annotations

import typing as t

from .. import pids
from ..trace import process
from ..trace.process import HOST


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

    @classmethod
    def of(cls, written: t.Any) -> Identity | None:
        """Return what another process has written of itself, if it is an identity."""
        is_one = isinstance(written, list) and len(written) == len(cls._fields)
        return cls(*written) if is_one else None


def own() -> Identity:
    """Return the identity of this process."""
    run = process.run
    return Identity(HOST, run.pid, run.started_at, pids.namespace(), pids.born(run.pid) or "")


def is_alive(other: Identity) -> bool | None:
    """Return whether a process runs; None if that cannot be known from here."""
    if other.host != HOST or other.namespace != pids.namespace() or type(other.pid) is not int:
        return None
    return pids.is_alive(other.pid, other.born)


def is_gone(other: Identity | None, silent: float, patience: float) -> bool:
    """Return whether a process has ended, as far as is known.

    :param other: None if nothing is known of it.
    :param silent: for how many seconds it has been silent.
    :param patience: for how many a process may be of which it is not known whether it runs.
    """
    alive = None if other is None else is_alive(other)
    return silent > patience if alive is None else not alive


__all__ = ["Identity", "is_alive", "is_gone", "own"]
