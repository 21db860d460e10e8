"""The pace of the pump: a thread that computes takes time from the app."""

from __future__ import annotations

import time

#: What is new is sent so often, s: a page draws no faster.
TICK = 1 / 30
# Where more requests than that come in a second, the pump computes for this part of the time only,
# unless what is new would be seen later than after this, s.
_MANY = 200
_SHARE = 0.03
_LATE = 0.15


class Pace:
    """Measures the pump's rounds."""

    def __init__(self) -> None:
        self._ended = time.monotonic()
        self._computed = time.thread_time()

    def pause(self, sent: int) -> float:
        """Return for how long to wait after a round.

        :param sent: how many requests it sent.
        """
        now, computed = time.monotonic(), time.thread_time()
        lasted, took = now - self._ended, computed - self._computed
        self._ended, self._computed = now, computed
        if sent <= _MANY * lasted:
            return TICK
        return min(_LATE, max(TICK, took / _SHARE))


__all__ = ["TICK", "Pace"]
