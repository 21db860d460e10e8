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
from .noise import deviation, differ, typical
from .outcomes import outcome
from .report import report
from .sentences.holds import summary
from .spent import ComparedPart, Times, parts, times, total
from .status import client_status
from .verdict import basis, verdict

if t.TYPE_CHECKING:
    from .model import JsonObject, Step, Trace

What = t.Literal["same", "added", "gone", "outcome", "detail"]

# Its time is that of the client, which receives.
_SENT = "body"


@dataclass(frozen=True, slots=True)
class ComparedTime:
    """The medians of a time of both requests, and whether they differ beyond the noise."""

    a_ns: int | None
    b_ns: int | None
    beyond: bool


@dataclass(frozen=True, slots=True)
class Sizes:
    """The bytes that the bodies of both responses have."""

    a: int | None
    b: int | None


@dataclass(frozen=True, slots=True)
class Spread:
    """The app's time in each run of one request, in ns, and their median absolute deviation.

    Of a single run, there is no deviation.
    """

    times: tuple[int, ...]
    deviation: int | None


@dataclass(frozen=True, slots=True)
class Spreads:
    """The app's times of all runs, by side, in the order of ``runs``."""

    a: Spread
    b: Spread


@dataclass(frozen=True, slots=True)
class ComparedStep:
    """A step of either request, or of both; ``a`` and ``b`` are its ids in them.

    ``a_ns`` and ``b_ns`` are the medians of its times; ``beyond`` means that they differ by more
    than the noise, as far as the number of runs shows. ``inward`` and ``outward`` are the same of
    the time before the first step of the lifecycle inside it, and of that after the last one.
    ``outcomes`` has how it ended in both requests, where that differs.
    """

    a: int | None
    b: int | None
    what: What
    a_ns: int | None
    b_ns: int | None
    beyond: bool
    inward: ComparedTime
    outward: ComparedTime
    outcomes: tuple[str, str] | None


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
    by more than the noise. ``parts`` has what of it is in SQL, templates and hooks. ``sql`` has
    each statement of either request. As text, a comparison has a line for each difference.
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
    parts: tuple[ComparedPart, ...]
    spread: Spreads
    bytes: Sizes
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

    @property
    def basis(self) -> str:
        """Return how far the times can be trusted, in one sentence."""
        runs = len(self.runs.a), len(self.runs.b)
        text = basis(self.spread.a.times, self.spread.b.times, runs)
        held = _held(*self._traces)
        return " ".join((text, *held, *["None of the times include it."] * bool(held)))

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
            "parts": [asdict(part) for part in self.parts],
            "spread": asdict(self.spread),
            "bytes": asdict(self.bytes),
            "verdict": self.verdict,
            "basis": self.basis,
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
    times_a, times_b = times(runs_a), times(runs_b)
    total_a, total_b = total(runs_a), total(runs_b)
    return Comparison(
        a=one.id,
        b=other.id,
        runs=Runs(tuple(each.id for each in runs_a), tuple(each.id for each in runs_b)),
        steps=tuple(
            _compared(
                None if i is None else one.steps[i],
                None if j is None else other.steps[j],
                Times() if i is None else times_a[i],
                Times() if j is None else times_b[j],
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
        parts=parts(runs_a, runs_b),
        spread=Spreads(_spread(total_a), _spread(total_b)),
        bytes=Sizes(_bytes(one), _bytes(other)),
        _traces=(one, other),
    )


def _compared(a: Step | None, b: Step | None, times_a: Times, times_b: Times) -> ComparedStep:
    what: What = "same"
    if a is None or b is None:
        what = "added" if a is None else "gone"
    elif _outcome(a) != _outcome(b):
        what = "outcome"
    elif detail_differs(a, b):
        what = "detail"
    step = a or b
    is_sent = step is not None and step.stage == _SENT
    whole = _time(times_a.whole, times_b.whole, is_sent=is_sent)
    return ComparedStep(
        a=None if a is None else a.id,
        b=None if b is None else b.id,
        what=what,
        a_ns=whole.a_ns,
        b_ns=whole.b_ns,
        beyond=whole.beyond,
        inward=_time(times_a.inward, times_b.inward, is_sent=is_sent),
        outward=_time(times_a.outward, times_b.outward, is_sent=is_sent),
        outcomes=_outcomes(a, b),
    )


def _time(a: Sequence[int], b: Sequence[int], *, is_sent: bool) -> ComparedTime:
    return ComparedTime(typical(a), typical(b), not is_sent and differ(a, b))


def _outcomes(a: Step | None, b: Step | None) -> tuple[str, str] | None:
    if a is None or b is None or outcome(a) == outcome(b):
        return None
    return outcome(a), outcome(b)


def _held(a: Trace, b: Trace) -> list[str]:
    return [
        f"{side}: {summary(trace.holds)}" for side, trace in (("A", a), ("B", b)) if trace.holds
    ]


def _outcome(step: Step) -> tuple[str | None, str | None]:
    return step.outcome, None if step.error is None else step.error.type


def _spread(times: Sequence[int]) -> Spread:
    return Spread(tuple(times), deviation(times))


def _bytes(trace: Trace) -> int | None:
    found = [step.detail.get("bytes") for step in trace.steps if step.stage == _SENT]
    return found[-1] if found and isinstance(found[-1], int) else None


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
    "ComparedTime",
    "Comparison",
    "Runs",
    "Sizes",
    "Spread",
    "Spreads",
    "Statuses",
    "Urls",
    "compare",
]
