"""Compare two requests, or several runs of each: what is new, gone, slower and different."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from .align import merged
from .differences import (
    ComparedStatement,
    HeaderChanges,
    StateChanges,
    detail_differs,
    header_changes,
    state_changes,
    statements,
)
from .matching import matches
from .noise import differ, typical
from .report import report, verdict
from .status import client_status

if t.TYPE_CHECKING:
    from .model import JsonObject, Step, Trace

What = t.Literal["same", "added", "gone", "outcome", "detail"]

# Its time is that of the client, which receives.
_SENT = "body"


@dataclass(frozen=True, slots=True)
class ComparedStep:
    """A step of either request, or of both; ``a`` and ``b`` are its ids in them.

    ``a_ns`` and ``b_ns`` are the medians of its times; ``beyond`` means that they differ by more
    than the noise, as far as the number of runs shows.
    """

    a: int | None
    b: int | None
    what: What
    a_ns: int | None
    b_ns: int | None
    beyond: bool


@dataclass(frozen=True, slots=True)
class Statuses:
    """The statuses that the clients got."""

    a: int | None
    b: int | None


@dataclass(frozen=True, slots=True)
class Urls:
    """The paths of the requests, with their queries."""

    a: str
    b: str


@dataclass(frozen=True, slots=True)
class Runs:
    """The ids of the traces that were taken together on each side."""

    a: tuple[str, ...]
    b: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two requests; ``a`` and ``b`` are the ids of their traces.

    ``a_ns`` and ``b_ns`` are the medians of the app's times, and ``beyond`` means that they differ
    by more than the noise. ``sql`` has each statement of either request. As text, a comparison has
    a line for each difference.
    """

    a: str
    b: str
    runs: Runs
    steps: tuple[ComparedStep, ...]
    status: Statuses
    url: Urls
    a_ns: int | None
    b_ns: int | None
    beyond: bool
    headers: HeaderChanges
    changes: StateChanges
    sql: tuple[ComparedStatement, ...]
    _traces: tuple[Trace, Trace] = field(repr=False, compare=False)

    @property
    def added(self) -> tuple[Step, ...]:
        """Return the steps that only the second request has."""
        steps = self._traces[1].steps
        return tuple(steps[each.b] for each in self.steps if each.a is None and each.b is not None)

    @property
    def gone(self) -> tuple[Step, ...]:
        """Return the steps that only the first request has."""
        steps = self._traces[0].steps
        return tuple(steps[each.a] for each in self.steps if each.b is None and each.a is not None)

    @property
    def slower(self) -> tuple[ComparedStep, ...]:
        """Return the steps that took longer in the second request, by more than the noise.

        With one run of each, that may be chance.
        """
        return tuple(each for each in self.steps if each.beyond and _grown(each) > 0)

    @property
    def faster(self) -> tuple[ComparedStep, ...]:
        """Return the steps that took less time in the second request, by more than the noise."""
        return tuple(each for each in self.steps if each.beyond and _grown(each) < 0)

    @property
    def is_empty(self) -> bool:
        """Return whether there is no difference beyond the noise."""
        return (
            all(each.what == "same" and not each.beyond for each in self.steps)
            and not (self.beyond or self.headers or self.changes)
            and self.status.a == self.status.b
            and self.url.a == self.url.b
        )

    @property
    def is_single(self) -> bool:
        """Return whether a side has one run, so that times may differ by chance."""
        return min(len(self.runs.a), len(self.runs.b)) == 1

    @property
    def verdict(self) -> str:
        """Return the most important differences in one line."""
        return verdict(self, *self._traces)

    def to_dict(self) -> JsonObject:
        """Return the comparison, JSON-ready."""
        return {
            "a": self.a,
            "b": self.b,
            "runs": asdict(self.runs),
            "steps": [asdict(step) for step in self.steps],
            "status": asdict(self.status),
            "url": asdict(self.url),
            "a_ns": self.a_ns,
            "b_ns": self.b_ns,
            "beyond": self.beyond,
            "headers": asdict(self.headers),
            "changes": asdict(self.changes),
            "sql": [asdict(statement) for statement in self.sql],
            "verdict": self.verdict,
        }

    def __str__(self) -> str:
        return report(self, *self._traces)


def compare(a: Trace | Sequence[Trace], b: Trace | Sequence[Trace]) -> Comparison:
    """Compare two requests, or two series of runs of a request.

    :param a: a trace, or several of one kind: steps are those of the first one, times the medians.
    :param b: the same, for instance after a change of the app.
    :raises ValueError: a series is empty.
    """
    runs_a, runs_b = _runs(a), _runs(b)
    one, other = runs_a[0], runs_b[0]
    times_a, times_b = _times(runs_a), _times(runs_b)
    total_a, total_b = _totals(runs_a), _totals(runs_b)
    return Comparison(
        a=one.id,
        b=other.id,
        runs=Runs(tuple(each.id for each in runs_a), tuple(each.id for each in runs_b)),
        steps=tuple(
            _compared(
                None if i is None else one.steps[i],
                None if j is None else other.steps[j],
                [] if i is None else times_a[i],
                [] if j is None else times_b[j],
            )
            for i, j in merged(len(one.steps), len(other.steps), matches(one, other))
        ),
        status=Statuses(client_status(one.header()), client_status(other.header())),
        url=Urls(_url(one), _url(other)),
        a_ns=typical(total_a),
        b_ns=typical(total_b),
        beyond=differ(total_a, total_b),
        headers=header_changes(one, other),
        changes=state_changes(one, other),
        sql=statements(one, other),
        _traces=(one, other),
    )


def _compared(
    a: Step | None, b: Step | None, times_a: list[int], times_b: list[int]
) -> ComparedStep:
    what: What = "same"
    if a is None or b is None:
        what = "added" if a is None else "gone"
    elif _outcome(a) != _outcome(b):
        what = "outcome"
    elif detail_differs(a, b):
        what = "detail"
    step = a or b
    return ComparedStep(
        a=None if a is None else a.id,
        b=None if b is None else b.id,
        what=what,
        a_ns=typical(times_a),
        b_ns=typical(times_b),
        beyond=step is not None and step.stage != _SENT and differ(times_a, times_b),
    )


def _outcome(step: Step) -> tuple[str | None, str | None]:
    return step.outcome, None if step.error is None else step.error.type


def _times(runs: Sequence[Trace]) -> list[list[int]]:
    """Return the times of each step of the first run, in all runs that have it."""
    first = runs[0]
    times: list[list[int]] = [[] for _ in first.steps]
    for run in runs:
        same = [(i, i) for i in range(len(first.steps))] if run is first else matches(first, run)
        for i, j in same:
            end = run.steps[j].end
            if end is not None:
                times[i].append(end - run.steps[j].begin)
    return times


def _totals(runs: Sequence[Trace]) -> list[int]:
    """Return the app's own times, without what the server took to send."""
    times = (run.duration if run.app_time is None else run.app_time for run in runs)
    return [each for each in times if each is not None]


def _runs(given: Trace | Sequence[Trace]) -> Sequence[Trace]:
    if not isinstance(given, Sequence):
        return [given]
    if not given:
        raise ValueError("a comparison takes at least one trace on each side; one is empty.")
    return given


def _url(trace: Trace) -> str:
    return f"{trace.path}?{trace.query}" if trace.query else trace.path


def _grown(step: ComparedStep) -> int:
    return 0 if step.a_ns is None or step.b_ns is None else step.b_ns - step.a_ns


__all__ = [
    "ComparedStep",
    "Comparison",
    "Runs",
    "Statuses",
    "Urls",
    "compare",
]
