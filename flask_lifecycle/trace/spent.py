"""How long steps took, and parts of requests, in each of several runs, if nothing held them."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence
from dataclasses import dataclass, field

from .intervals import Interval, between, covered, held, took
from .matching import INNER, matches
from .noise import differ, typical
from .transactions import STATEMENT

if t.TYPE_CHECKING:
    from .model import Step, Trace

# So many runs have one in the middle.
_FEWEST = 3
_HOOKS = frozenset(
    (
        *("url_value_preprocessor", "before_request", "after_this_request", "after_request"),
        *("teardown_request", "teardown_appcontext"),
    )
)


@dataclass(frozen=True, slots=True)
class ComparedPart:
    """A part of both requests' time: its number of steps, and the medians of its time."""

    name: str
    a: int
    b: int
    a_ns: int | None
    b_ns: int | None
    beyond: bool


@dataclass(frozen=True, slots=True)
class Times:
    """The times of a step in several runs, and of its ways in and out.

    The way in lasts until the first step of the lifecycle inside it, the way out begins at the
    end of the last one. A step without any has a way in alone.
    """

    whole: list[int] = field(default_factory=list)
    inward: list[int] = field(default_factory=list)
    outward: list[int] = field(default_factory=list)


def times(runs: Sequence[Trace]) -> list[Times]:
    """Return the times of each step of the first run, in all runs that have it."""
    first = runs[0]
    found = [Times() for _ in first.steps]
    for run in runs:
        same = [(i, i) for i in range(len(first.steps))] if run is first else matches(first, run)
        inside, spans = _inside(run), held(run)
        for i, j in same:
            _add(found[i], run.steps[j], inside.get(j), spans)
    return found


def _inside(run: Trace) -> dict[int, tuple[int, int | None]]:
    """Return where the first step inside each one begins, and where the last one ends."""
    found: dict[int, tuple[int, int | None]] = {}
    for step in run.steps:
        if step.parent is None or step.stage in INNER:
            continue
        begin, end = found.get(step.parent, (step.begin, 0))
        until = None if end is None or step.end is None else max(end, step.end)
        found[step.parent] = min(begin, step.begin), until
    return found


def _add(
    times: Times, step: Step, inside: tuple[int, int | None] | None, spans: list[Interval]
) -> None:
    if step.end is not None:
        times.whole.append(took(step, spans))
    begin, end = (step.end, None) if inside is None else inside
    if begin is not None:
        times.inward.append(between(step.begin, begin, spans))
    if end is not None and step.end is not None:
        times.outward.append(between(end, step.end, spans))


def parts(a: Sequence[Trace], b: Sequence[Trace]) -> tuple[ComparedPart, ...]:
    """Compare the time of both requests in SQL, templates and hooks."""
    return tuple(
        _part(name, *([_spent(run, stages) for run in runs] for runs in (a, b)))
        for name, stages in (
            ("sql", frozenset(("sql",))),
            ("templates", frozenset(("template",))),
            ("hooks", _HOOKS),
        )
    )


def _part(name: str, a: list[tuple[int, int]], b: list[tuple[int, int]]) -> ComparedPart:
    times_a, times_b = ([ns for _, ns in each] for each in (a, b))
    beyond = differ(times_a, times_b)
    return ComparedPart(name, a[0][0], b[0][0], typical(times_a), typical(times_b), beyond)


def _spent(trace: Trace, stages: frozenset[str]) -> tuple[int, int]:
    """Return the number of steps of some stages, and their time; one inside another is in its."""
    count = spent = 0
    spans = held(trace)
    for step in trace.steps:
        if step.stage not in stages:
            continue
        if step.detail.get("kind", STATEMENT) == STATEMENT or step.stage != "sql":
            count += 1
        parent = None if step.parent is None else trace.steps[step.parent]
        if step.end is not None and (parent is None or parent.stage not in stages):
            spent += took(step, spans)
    return count, spent


def total(runs: Sequence[Trace]) -> list[int]:
    """Return the app's own time of each run, without what the server took to send."""
    return [own for run in runs if (own := _own(run)) is not None]


def _own(run: Trace) -> int | None:
    found = run.duration if run.app_time is None else run.app_time
    return None if found is None else max(0, found - covered(held(run), 0, run.duration or found))


def typical_first(runs: Sequence[Trace]) -> list[Trace]:
    """Return several runs with the one first whose time is nearest to their median.

    Of three and more, one alone may be far from what they have in common.
    """
    spent = total(runs)
    if len(spent) < _FEWEST or len(spent) < len(runs):
        return [*runs]
    middle = typical(spent) or 0
    nearest = min(range(len(runs)), key=lambda index: abs(spent[index] - middle))
    return [runs[nearest], *runs[:nearest], *runs[nearest + 1 :]]


__all__ = ["ComparedPart", "Times", "parts", "times", "total", "typical_first"]
