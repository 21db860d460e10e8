"""How long something took, without the time for which breakpoints held it, which is nobody's."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable

if t.TYPE_CHECKING:
    from .model import Step, Trace

#: From when to when; None lasts.
Interval = tuple[int, "int | None"]


def held(trace: Trace) -> list[Interval]:
    """Return when breakpoints held a request."""
    return [(hold.begin, hold.end) for hold in trace.holds]


def took(step: Step, held: Iterable[Interval]) -> int:
    """Return the time of a step without that in which it was held."""
    return between(step.begin, step.begin if step.end is None else step.end, held)


def between(begin: int, end: int, held: Iterable[Interval]) -> int:
    """Return the time between two moments without that in which the request was held."""
    return max(0, end - begin - covered(held, begin, end))


def covered(inside: Iterable[Interval], begin: int, end: int) -> int:
    """Return how much of an interval others cover together; some are at the same time."""
    total, until = 0, begin
    for first, last in sorted((first, end if last is None else last) for first, last in inside):
        total += max(0, min(last, end) - max(first, until))
        until = max(until, min(last, end))
    return total


__all__ = ["Interval", "between", "covered", "held", "took"]
