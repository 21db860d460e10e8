"""The pace of the writer: it takes the time that the app does not need.

A thread that computes blocks all others of its process, so the writer computes in short stretches.
Where it does not keep up, and the machine is busy with the app's requests, it does so seldom, and
catches up afterwards.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

_STRETCH = 0.0005
# The pause after a stretch, as a multiple of it.
_PAUSE, _LONG_PAUSE = 1, 25
_LONGEST = 0.05
# How often to look whether the machine is busy.
_LOOK = 0.05
# The app's part of a processor, and the part of all processors that is idle.
_BUSY, _IDLE = 0.05, 0.1
# As long as no more requests wait, they are written as soon as they are finished.
_KEEPS_UP = 200
_STAT = Path("/proc/stat")


class Pace:
    """Pauses each time that the thread has computed for long enough.

    :param waiting: returns how many requests wait.
    """

    def __init__(self, waiting: Callable[[], int]) -> None:
        self._waiting = waiting
        self._begun = time.perf_counter()
        self._used = time.thread_time()
        self._own = 0.0
        self._is_busy = False
        self._look()

    def __call__(self) -> None:
        took = time.perf_counter() - self._begun
        if took < _STRETCH:
            return
        self._own += time.thread_time() - self._used
        if time.perf_counter() - self._looked >= _LOOK:
            self._is_busy = (
                self._waiting() > _KEEPS_UP and self._app() > _BUSY and self._idle() < _IDLE
            )
            self._look()
        time.sleep(min(_LONGEST, took * (_LONG_PAUSE if self._is_busy else _PAUSE)))
        self._begun = time.perf_counter()
        self._used = time.thread_time()

    def _look(self) -> None:
        self._looked = time.perf_counter()
        self._of_process = time.process_time() - self._own
        self._of_machine = _machine()

    def _app(self) -> float:
        """Return how much of a processor the process used since the last look, without this."""
        used = time.process_time() - self._own - self._of_process
        return used / (time.perf_counter() - self._looked)

    def _idle(self) -> float:
        """Return the part of all processors that was idle, 0 if that is not known."""
        idle, total = (
            now - before for now, before in zip(_machine(), self._of_machine, strict=True)
        )
        return idle / total if total else 0.0


def _machine() -> tuple[int, int]:
    """Return how long processors were idle, and how long in all, where Linux says so."""
    try:
        with _STAT.open("rb") as file:
            times = [int(each) for each in file.readline().split()[1:9]]
    except (OSError, ValueError):
        return 0, 0
    return sum(times[3:5]), sum(times)


__all__ = ["Pace"]
