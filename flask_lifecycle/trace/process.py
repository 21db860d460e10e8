"""The process being recorded, and the ids of its requests."""

from __future__ import annotations

import os
import re
import typing as t
from collections.abc import Callable
from itertools import count
from socket import gethostname
from time import perf_counter as clock
from time import time

from .. import forks

# The clock is that of log.py, which a process that only reads summaries does not import.

#: The name of this machine.
HOST = gethostname()
#: When recording began in the app's process, Unix time.
STARTED = time()
# Unix time of the monotonic clock's zero: ids sort by creation even if the wall clock is set back.
_epoch = time() - clock()
_is_continued = False
_ID = re.compile("[0-9a-f]{24}")
# Seconds, 50 years: what is further ahead is no time.
_FURTHEST = 50 * 365 * 86_400


class Run(t.NamedTuple):
    """A process, told apart from others that had its number before or after it."""

    pid: int
    #: When it began, Unix time.
    started_at: float


run: Run = Run(os.getpid(), STARTED)
# The first serial number of ids: it differs between two processes that are started at once.
_first = int.from_bytes(os.urandom(4), "big") >> 1
#: Returns the serial number of a new request.
next_serial: Callable[[], int] = count().__next__


def id_of(origin: float, serial: int) -> str:
    """Return the id of a request; ids sort by time of creation.

    :param origin: the monotonic clock's reading when the request began.
    """
    return f"{int((_epoch + origin) * 1e9):016x}{_first + serial:08x}"


def ids_end() -> str:
    """Return a text before which the ids of all requests sort that have begun by now."""
    return id_of(clock(), 0)[:16]


def is_own(trace_id: str) -> bool:
    """Return whether this process has made the id of a request."""
    # All serial numbers until now are below the next one.
    return 0 <= int(trace_id[16:], 16) - _first < next_serial()


def continue_after(trace_id: str) -> None:
    """Let ids sort after those of an earlier run, even if the clock was set back since.

    Once, before the first request: the ids of those that exist are computed from the same value.
    """
    global _epoch, _is_continued
    if _is_continued:
        return
    _is_continued = True
    if not _ID.fullmatch(trace_id):
        return
    ahead = int(trace_id[:16], 16) / 1e9 - (_epoch + clock())
    if 0 <= ahead <= _FURTHEST:
        _epoch += ahead + 0.001


def _forked() -> None:
    global run, _first
    run = Run(os.getpid(), time())
    _first = int.from_bytes(os.urandom(4), "big") >> 1


forks.in_child(_forked)


__all__ = [
    "HOST",
    "STARTED",
    "Run",
    "continue_after",
    "id_of",
    "ids_end",
    "is_own",
    "next_serial",
    "run",
]
