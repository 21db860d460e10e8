"""Pauses of threads of ours: for the threads of requests, and until another process has come."""

from __future__ import annotations

import time
import typing as t
from collections.abc import Callable

T = t.TypeVar("T")

# Without pauses, a request's thread would wait for the interpreter's switch interval, 5 ms
# (`sys.getswitchinterval`), each time that it returns from I/O.
_STRETCH = _PAUSE = 0.0005
# How often what other processes have written is read: they cannot wake a thread of this one.
_LOOK = 0.03


class Pauses:
    """Yields to other threads each time that this one has computed for long enough."""

    def __init__(self) -> None:
        self._begun = time.perf_counter()

    def take(self) -> None:
        """Pause if it is time to."""
        if time.perf_counter() - self._begun >= _STRETCH:
            time.sleep(_PAUSE)
            self._begun = time.perf_counter()


def looked_for(look: Callable[[], T | None], seconds: float) -> T | None:
    """Return what is found by then in a place that other processes write, or None."""
    until = time.monotonic() + seconds
    while True:
        found = look()
        if found is not None or time.monotonic() > until:
            return found
        time.sleep(_LOOK)


__all__ = ["Pauses", "looked_for"]
