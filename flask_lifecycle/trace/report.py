"""A comparison as text: the verdict, and a line for each difference."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator
from itertools import groupby

from .noise import differ
from .outcomes import outcome
from .sentences.words import cut, readable_time, short
from .verdict import status_text

if t.TYPE_CHECKING:
    from .compare import ComparedStep, Comparison
    from .differences import Changes
    from .model import Step, Trace

_ONE_SIDE = ("-", "+")


class _Entry(t.NamedTuple):
    mark: str
    subject: str
    says: str
    took: int


def report(comparison: Comparison, a: Trace, b: Trace) -> str:
    """Return the verdict, then a line for each difference.

    ``-`` marks what only the first request has, ``+`` what only the second one has, ``!`` another
    outcome, ``~`` another effect or input, ``>`` slower and ``<`` faster.
    """
    lines = [
        f"A  {_head(a, len(comparison.runs.a), comparison.a_ns)}",
        f"B  {_head(b, len(comparison.runs.b), comparison.b_ns)}",
        comparison.verdict,
        comparison.basis,
    ]
    lines += _lines(comparison, a, b)
    lines += _state_lines(comparison)
    skipped = (*comparison.headers.not_counted, *comparison.changes.not_counted)
    if skipped:
        lines.append(
            f"Not counted, as they differ in every request: {', '.join(map(short, skipped))}."
        )
    return "\n".join(lines)


def _lines(comparison: Comparison, a: Trace, b: Trace) -> Iterator[str]:
    entries = _entries(comparison, a, b)
    for (mark, subject, says), group in groupby(entries, key=lambda each: each[:3]):
        times = [each.took for each in group]
        if mark in _ONE_SIDE:
            several = f"{len(times):,} × " if times[1:] else ""
            yield f"{mark} {several}{subject}: {says}{_took(sum(times))}"
        else:
            yield from [f"{mark} {subject}: {says}"] * len(times)


def _entries(comparison: Comparison, a: Trace, b: Trace) -> Iterator[_Entry]:
    """Yield an entry for each step that differs."""
    own_times_a = _own_times(a, {each.a: each.a_ns for each in comparison.steps})
    own_times_b = _own_times(b, {each.b: each.b_ns for each in comparison.steps})
    for each in comparison.steps:
        one = None if each.a is None else a.steps[each.a]
        other = None if each.b is None else b.steps[each.b]
        if one is not None and other is not None:
            own = own_times_a[one.id], own_times_b[other.id]
            yield from _of_both(each, one, other, own)
        elif one is not None:
            yield _Entry("-", _subject(one), "only in A", each.a_ns or 0)
        elif other is not None:
            yield _Entry("+", _subject(other), "only in B", each.b_ns or 0)


def _of_both(each: ComparedStep, a: Step, b: Step, own: tuple[int, int]) -> Iterator[_Entry]:
    mark, subject, says = "", _subject(a), []
    if each.what == "outcome":
        mark, says = "!", [f"{outcome(a)} → {outcome(b)}"]
    elif a.name != b.name:
        mark, subject, says = "~", a.stage, [f"{short(a.name)} → {short(b.name)}"]
    elif outcome(a) != outcome(b):
        mark, says = "~", [f"{outcome(a)} → {outcome(b)}"]
    elif each.what == "detail":
        mark, says = "~", ["other details"]
    is_slower = (each.b_ns or 0) > (each.a_ns or 0)
    # What a step inside of it explains is on the line of that one.
    if each.beyond and (own[1] > own[0]) is is_slower and differ([own[0]], [own[1]]):
        mark = mark or (">" if is_slower else "<")
        says.append(_times(each.a_ns, each.b_ns))
    if mark:
        yield _Entry(mark, subject, "; ".join(says), 0)


def _own_times(trace: Trace, times: t.Mapping[int | None, int | None]) -> dict[int | None, int]:
    """Return the times of a trace's steps without those of the steps inside them."""
    own = {id_: took or 0 for id_, took in times.items()}
    for step in trace.steps:
        if step.parent is not None:
            own[step.parent] -= times[step.id] or 0
    return own


def _state_lines(comparison: Comparison) -> Iterator[str]:
    for where, changes in _state(comparison):
        yield from (f"- {where} {short(name)}: only in A" for name in changes.removed)
        yield from (
            f"+ {where} {short(name)}: {cut(value)}, only in B"
            for name, value in changes.added.items()
        )
        yield from (
            f"~ {where} {short(name)}: {cut(both[0])} → {cut(both[1])}"
            for name, both in changes.changed.items()
        )


def _state(comparison: Comparison) -> tuple[tuple[str, Changes], ...]:
    return (
        ("session", comparison.changes.session),
        ("g", comparison.changes.g),
        ("request header", comparison.headers.request),
        ("response header", comparison.headers.response),
    )


def _head(trace: Trace, runs: int, took: int | None) -> str:
    several = f", median of {runs:,} runs" if runs > 1 else ""
    return (
        f"{cut(f'{trace.method} {trace.path}')}, {status_text(trace.status)}{_took(took)}{several}"
    )


def _subject(step: Step) -> str:
    of = f" of {short(step.scope)}" if step.scope not in (None, "app") else ""
    name = cut(step.name) if step.stage in ("sql", "log") else short(step.name)
    return step.stage + of if name in ("", step.stage) else f"{step.stage} {name}{of}"


def _times(a: int | None, b: int | None) -> str:
    if a is None or b is None:
        return "no time"
    sign = "−" if b < a else "+"
    return f"{readable_time(a)} → {readable_time(b)} ({sign}{readable_time(abs(b - a))})"


def _took(ns: int | None) -> str:
    return f", {readable_time(ns)}" if ns else ""


__all__ = ["report"]
