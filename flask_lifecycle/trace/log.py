"""Steps as they are written: one flat list of numbers."""

from __future__ import annotations

import typing as t
from functools import lru_cache
from struct import Struct, calcsize
from time import perf_counter as clock

from .notes import Notes
from .tracepoint import Site

# A running trace's steps are one flat list of numbers, so many to a step: no objects to make
# and none for the garbage collector to visit. A site is the number that `number` gave it.
# Parents are places in the same list, or -1; below that, places in the request's own list.
# Times are seconds of the monotonic clock: floats are made, packed and freed in less time than
# large integers, and tell nanoseconds apart for 100 days after the start of the machine. An end
# of 0 is still to come. What few steps have is noted beside, by the step's place.
WIDTH = 4
SITE, PARENT, BEGIN, END = range(WIDTH)
_STEP = "iidd"
STEP_BYTES = calcsize(_STEP)


class Columns(t.NamedTuple):
    """The steps of a trace, by column. Parents are indexes or -1; times raw readings."""

    sites: list[Site]
    parents: list[int]
    begins: t.Sequence[float]
    ends: t.Sequence[float]
    notes: Notes
    endpoint: str | None


@lru_cache(256)
def packed(steps: int) -> Struct:
    """Return what keeps so many steps in little memory, and reads them from there."""
    return Struct(_STEP * steps)


def merge(logs: list[list[t.Any]]) -> tuple[list[t.Any], dict[tuple[int, int], int]]:
    """Put the steps of several threads into one list, in order of beginning.

    Return it, and where each went, by thread and place.

    :param logs: the steps of each thread, the request's own first.
    """
    order = sorted(
        (log[place + BEGIN], thread, place)
        for thread, log in enumerate(logs)
        for place in range(0, len(log), WIDTH)
    )
    places = {(thread, place): index * WIDTH for index, (_begin, thread, place) in enumerate(order)}
    merged: list[t.Any] = []
    for _begin, thread, place in order:
        site, parent, begin, end = logs[thread][place : place + WIDTH]
        inside = (thread, parent) if parent >= -1 else (0, -2 - parent)
        merged += (site, places.get(inside, -1), begin, end)
    return merged, places


__all__ = [
    "BEGIN",
    "END",
    "PARENT",
    "SITE",
    "STEP_BYTES",
    "WIDTH",
    "Columns",
    "clock",
    "merge",
    "packed",
]
