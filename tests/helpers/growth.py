"""How the time that something takes grows, whatever else the machine does."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

# What is far too slow is still found to be so at the end.
_LEAST, _MOST = 3, 20


def takes_less(
    longer: Callable[[], object], than: float, shorter: Callable[[], object], *, floor: float = 0.0
) -> bool:
    """Return whether one call takes less than so many times as long as another.

    Other processes make either slower at times, but never faster: of the seconds of the thread's
    own time, the least count, and both are measured again as long as the answer is no.

    :param floor: what the shorter call is taken to last at least, in seconds.
    """
    least = [math.inf, math.inf]
    for turn in range(1, _MOST + 1):
        for at, call in enumerate((longer, shorter)):
            begun = time.thread_time()
            call()
            least[at] = min(least[at], time.thread_time() - begun)
        if turn >= _LEAST and least[0] < than * max(least[1], floor):
            return True
    return False


__all__ = ["takes_less"]
