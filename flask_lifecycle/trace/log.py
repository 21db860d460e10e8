"""Steps as they are written: one flat list of numbers, and what is noted of them beside it."""

from __future__ import annotations

import typing as t
from functools import lru_cache
from struct import Struct, calcsize
from time import perf_counter as clock

from .tracepoint import Site

# A running trace's steps are one flat list of numbers, so many to a step: no objects to make
# and none for the garbage collector to visit. A site is the number that `number` gave it.
# Parents are places in the same list, or -1; below that, places in the request's own list.
# Times are seconds of the monotonic clock: floats are made, packed and freed in less time than
# large integers, and tell nanoseconds apart for 100 days after the start of the machine. An end
# of 0 is still to come. What few steps have is noted beside, by the step's place; by its
# complement (`~place`) what went wrong in it, by `place + EXTRA`, by name, what collectors
# add: objects that make their part of the details by `detail(redactor)`; and by `place + NAMED`
# the site of one that has no number: who makes up names as he goes fills no table with them.
WIDTH = 4
SITE, PARENT, BEGIN, END = range(WIDTH)
EXTRA = 1
NAMED = 2
_STEP = "iidd"
STEP_BYTES = calcsize(_STEP)

#: What is noted as the fault of a hook that answered in place of the view.
SHORT_CIRCUIT = "short_circuit"


class Columns(t.NamedTuple):
    """The steps of a trace, by column. Parents are indexes or -1; times raw readings."""

    sites: list[Site]
    parents: list[int]
    begins: t.Sequence[float]
    ends: t.Sequence[float]
    notes: dict[int, t.Any]
    endpoint: str | None


@lru_cache(256)
def packed(steps: int) -> Struct:
    """Return what keeps so many steps in little memory, and reads them from there."""
    return Struct(_STEP * steps)


def merge(
    logs: list[list[t.Any]], notes: list[dict[int, t.Any]]
) -> tuple[list[t.Any], dict[int, t.Any], dict[tuple[int, int], int]]:
    """Put the steps of several threads into one list, in order of beginning.

    Return it, what is noted of them, and where each went, by thread and place.

    :param logs: the steps of each thread, the request's own first.
    :param notes: what is noted of them.
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
    noted: dict[int, t.Any] = {}
    for thread, each in enumerate(notes):
        for key, note in list(each.items()):
            beside = key % WIDTH if key >= 0 else 0
            new = places.get((thread, key - beside if key >= 0 else ~key))
            # None, where the step was begun since its list was copied.
            if new is not None:
                noted[new + beside if key >= 0 else ~new] = note
    return merged, noted, places


__all__ = [
    "BEGIN",
    "END",
    "EXTRA",
    "NAMED",
    "PARENT",
    "SHORT_CIRCUIT",
    "SITE",
    "STEP_BYTES",
    "WIDTH",
    "Columns",
    "clock",
    "merge",
    "packed",
]
