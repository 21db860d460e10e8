"""The log of steps: one flat list of numbers."""

from __future__ import annotations

import typing as t
from functools import lru_cache
from struct import Struct, calcsize
from time import perf_counter as clock

from .notes import Notes
from .tracepoint import Tracepoint

# A running trace's steps are one flat list of numbers with a fixed stride: no objects to create,
# and none for the garbage collector to visit. A tracepoint is stored as the number that `number`
# gave it. Parents are offsets in the same list, or -1; below that, offsets in the request's own
# list. Times are seconds of the monotonic clock: floats are created, packed and freed faster than
# large integers, and resolve nanoseconds for 100 days after the start of the machine. An end of 0
# means that the step is running. Details that few steps have are stored separately, by the step's
# offset.
WIDTH = 4
TRACEPOINT, PARENT, BEGIN, END = range(WIDTH)
_STEP = "iidd"
STEP_BYTES = calcsize(_STEP)


class Columns(t.NamedTuple):
    """The steps of a trace, by column. Parents are indexes or -1; times are raw clock readings."""

    tracepoints: list[Tracepoint]
    parents: list[int]
    begins: t.Sequence[float]
    ends: t.Sequence[float]
    notes: Notes
    endpoint: str | None


@lru_cache(256)
def packed(steps: int) -> Struct:
    """Return the struct that packs this many steps into little memory and reads them again."""
    return Struct(_STEP * steps)


def merge(logs: list[list[t.Any]]) -> tuple[list[t.Any], dict[tuple[int, int], int]]:
    """Merge the steps of several threads into one list, in order of beginning.

    Return the list and the new offset of each step, by thread and old offset.

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
        tracepoint, parent, begin, end = logs[thread][place : place + WIDTH]
        inside = (thread, parent) if parent >= -1 else (0, -2 - parent)
        merged += (tracepoint, places.get(inside, -1), begin, end)
    return merged, places


__all__ = [
    "BEGIN",
    "END",
    "PARENT",
    "STEP_BYTES",
    "TRACEPOINT",
    "WIDTH",
    "Columns",
    "clock",
    "merge",
    "packed",
]
