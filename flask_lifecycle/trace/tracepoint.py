"""Tracepoints: what can run as a step, each with the number that represents it in the log."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

from .model import Source


@dataclass(frozen=True, slots=True)
class Tracepoint:
    """What can run as a step: resolved once for a function, shared by its steps."""

    stage: str
    name: str
    callable: str | None = None
    source: Source | None = None
    scope: str | None = None
    package: str | None = None


TRACEPOINTS: dict[int, Tracepoint] = {}
_CAPACITY = 100_000
_numbers: dict[Tracepoint, int] = {}
_next_number = count()


def number(tracepoint: Tracepoint) -> int:
    """Return the number that represents a tracepoint in the logs of this process."""
    known = _numbers.get(tracepoint)
    if known is None:
        if len(TRACEPOINTS) >= _CAPACITY:
            # The app makes up names: do not number more than this.
            tracepoint = Tracepoint(tracepoint.stage, tracepoint.stage)
            if tracepoint in _numbers:
                return _numbers[tracepoint]
        # Without a lock: if two threads number a tracepoint at once, either number is valid.
        new = next(_next_number)
        TRACEPOINTS[new] = tracepoint
        known = _numbers.setdefault(tracepoint, new)
    return known


#: For tracepoints that are stored with their step, as the app makes up their names.
UNNUMBERED = number(Tracepoint("", ""))


__all__ = ["TRACEPOINTS", "UNNUMBERED", "Tracepoint", "number"]
