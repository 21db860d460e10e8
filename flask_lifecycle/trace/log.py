"""The log of steps: one flat sequence of numbers."""

from __future__ import annotations

import typing as t
from struct import calcsize
from time import perf_counter as clock

from ..core import STEP, Log, pack, packed
from .notes import Notes
from .tracepoint import Tracepoint

# A running trace's steps are one flat sequence of numbers with a fixed stride: no objects to
# create, and none for the garbage collector to visit. Without the compiled core, it is a list. A
# tracepoint is stored as the number that `number` gave it. Parents are offsets in the same log, or
# -1; below that, offsets in the request's own log. Times are seconds of the monotonic clock: floats
# are created, packed and freed faster than large integers, and resolve nanoseconds for 100 days
# after the start of the machine. An end of 0 means that the step is running. Details that few steps
# have are stored separately, by the step's offset.
WIDTH = 4
TRACEPOINT, PARENT, BEGIN, END = range(WIDTH)
STEP_BYTES = calcsize(STEP)


class Columns(t.NamedTuple):
    """The steps of a trace, by column. Parents are indexes or -1; times are raw clock readings."""

    tracepoints: list[Tracepoint]
    parents: list[int]
    begins: t.Sequence[float]
    ends: t.Sequence[float]
    notes: Notes
    endpoint: str | None

    def stages(self) -> dict[str, list[int]]:
        """Return the indexes of the steps of each stage that there is."""
        found: dict[str, list[int]] = {}
        for index, tracepoint in enumerate(self.tracepoints):
            found.setdefault(tracepoint.stage, []).append(index)
        return found


def merge(logs: list[Log]) -> tuple[Log, dict[tuple[int, int], int]]:
    """Merge the steps of several threads into one log, in order of beginning.

    Return the log and the new offset of each step, by thread and old offset.

    :param logs: the steps of each thread, the request's own first.
    """
    order = sorted(
        (log[place + BEGIN], thread, place)
        for thread, log in enumerate(logs)
        for place in range(0, len(log), WIDTH)
    )
    places = {(thread, place): index * WIDTH for index, (_begin, thread, place) in enumerate(order)}
    merged = Log()
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
    "Log",
    "clock",
    "merge",
    "pack",
    "packed",
]
