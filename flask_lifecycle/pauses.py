"""Pauses of a thread that computes, for the threads of requests."""

from __future__ import annotations

import time

# Without pauses, a request's thread would wait for the interpreter's switch interval, 5 ms
# (`sys.getswitchinterval`), each time that it returns from I/O.
_STRETCH = _PAUSE = 0.0005


class Pauses:
    """Yields to other threads each time that this one has computed for long enough."""

    def __init__(self) -> None:
        self._begun = time.perf_counter()

    def take(self) -> None:
        """Pause if it is time to."""
        if time.perf_counter() - self._begun >= _STRETCH:
            time.sleep(_PAUSE)
            self._begun = time.perf_counter()


__all__ = ["Pauses"]
