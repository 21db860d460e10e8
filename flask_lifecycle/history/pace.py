"""The pace of the writer: a thread that computes blocks all others of its process."""

from __future__ import annotations

import time

# The longest for which another thread waits for the interpreter anyway (`sys.getswitchinterval`).
# With shorter ones, the threads displace each other's data from the cores' caches more often.
_STRETCH = 0.005
_LONGEST = 0.05


class Pace:
    """Pauses for as long as the thread has computed, each time that this has become a while."""

    def __init__(self) -> None:
        self._begun = time.thread_time()

    def __call__(self) -> None:
        # Not by the clock: what it waited for others has not kept them waiting.
        took = time.thread_time() - self._begun
        if took >= _STRETCH:
            time.sleep(min(_LONGEST, took))
            self._begun = time.thread_time()


__all__ = ["Pace"]
