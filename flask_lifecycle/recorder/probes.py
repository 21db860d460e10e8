"""Probes: callables that run around a recorded function."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from dataclasses import dataclass

from ..faults import fault

Call = Callable[..., t.Any]


@dataclass(frozen=True)
class Probe:
    """Callables that run around a recorded function, in addition to recording its step.

    Each callable gets the arguments that it has parameters for: ``writer``; ``instance``, whose
    method is recorded; ``first`` and ``last`` of the other arguments; any of the function's own
    parameters; and once the function has run, ``step``, the step's offset in the writer's log,
    ``entered``, the return value of ``enter``, and ``result``. Its exceptions are faults of ours.
    """

    #: Runs first, with the writer of the request's own thread.
    before: Call | None = None
    #: Runs last before the step.
    enter: Call | None = None
    #: Returns the details of the step, or None.
    note: Call | None = None
    #: Runs after the step, also if an exception leaves it; with a parameter ``entered`` only if
    #: that is not None.
    leave: Call | None = None
    #: The same, but only if the function returned something other than None.
    after: Call | None = None


#: The names of a probe's callables, in the order in which they run.
MOMENTS = ("before", "enter", "note", "leave", "after")


def failed(called: t.Any, error: Exception) -> None:
    """Report that one of them, or what records by itself, has failed."""
    fault(f"{called.__module__}.{called.__qualname__}", error)


__all__ = ["MOMENTS", "Call", "Probe", "failed"]
