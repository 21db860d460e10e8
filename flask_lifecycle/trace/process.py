"""The process that is watched, and the ids of its requests."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import count
from time import time

from .log import clock

#: When the app's process began to be watched, Unix time.
STARTED = time()
# Unix time of the monotonic clock's zero: ids sort by creation even if the wall clock steps back.
_EPOCH = time() - clock()

pid: int = os.getpid()
# Where the serial numbers in the ids begin: two processes started at once differ in it.
_first = int.from_bytes(os.urandom(4), "big") >> 1
#: Returns the serial number of a new request.
next_serial: Callable[[], int] = count().__next__


def id_of(origin: float, serial: int) -> str:
    """Return the id of a request; ids sort by time of creation.

    :param origin: the reading of the monotonic clock at its beginning.
    """
    return f"{int((_EPOCH + origin) * 1e9):016x}{_first + serial:08x}"


def _forked() -> None:
    global pid, _first
    pid = os.getpid()
    _first = int.from_bytes(os.urandom(4), "big") >> 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


__all__ = ["STARTED", "id_of", "next_serial", "pid"]
