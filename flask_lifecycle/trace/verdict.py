"""The verdict of a comparison in one line, and what its times are based on."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Sequence

from .noise import deviation, excess
from .sentences.words import count, listed, readable_time, short, some

if t.TYPE_CHECKING:
    from .compare import Comparison
    from .differences import Changes
    from .model import Step, Trace

_CLAUSES = 3
# So many times the noise is far beyond it.
_FAR = 2
_NAMED = 2
_FUNCTIONS = frozenset(
    (
        *("middleware", "url_value_preprocessor", "before_request", "view", "error_handler"),
        *("after_this_request", "after_request", "teardown_request", "teardown_appcontext"),
    )
)
# Headers that follow from the body.
_FOLLOWING = frozenset(("content-length",))
_SPELLED = {"etag": "ETag", "www-authenticate": "WWW-Authenticate"}


def verdict(comparison: Comparison, a: Trace, b: Trace) -> str:
    """Return the most important differences in one line, or that there are none."""
    clauses = [*_clauses(comparison, a, b)][:_CLAUSES]
    return ", ".join(clauses) or "No difference beyond the noise."


def basis(a: Sequence[int], b: Sequence[int], runs: tuple[int, int]) -> str:
    """Return the sentence that says how far the times of two requests can be trusted.

    :param a: the app's time in each run of the first one; ``b`` is the same of the second.
    :param runs: how many runs of each there are.
    """
    if min(runs) == 1:
        sides = "each" if max(runs) == 1 else "of A" if runs[0] == 1 else "of B"
        return f"One run {sides}: times differ by chance too."
    spread = [readable_time(deviation(each) or 0) for each in (a, b)]
    by = excess(a, b)
    far = "far beyond" if by > _FAR else "beyond" if by > 1 else "within"
    return (
        f"Medians of {runs[0]:,} runs of A (±{spread[0]}) and {runs[1]:,} of B (±{spread[1]}): "
        f"{far} the noise."
    )


def _clauses(comparison: Comparison, a: Trace, b: Trace) -> Iterator[str]:
    yield from _ends(comparison, a, b)
    if comparison.beyond and not comparison.is_single:
        yield _grown(comparison.a_ns or 0, comparison.b_ns or 0)
    more = sum(each.b - each.a for each in comparison.sql)
    if more:
        yield f"{count(abs(more), 'statement')} {'more' if more > 0 else 'fewer'}"
    yield from _one_sided(comparison.gone, "no longer run", "gone")
    yield from _one_sided(comparison.added, "now run", "new")
    yield from _answers(comparison, a, b)
    yield from _changes(comparison)


def _ends(comparison: Comparison, a: Trace, b: Trace) -> Iterator[str]:
    """Yield a differing status, or an exception that only one of them raised."""
    ends = [
        (status, None if trace.error is None else trace.error.type)
        for status, trace in ((comparison.status.a, a), (comparison.status.b, b))
    ]
    if ends[0] != ends[1]:
        yield " became ".join(
            f"{status_text(status)} ({short(error)})" if error else status_text(status)
            for status, error in ends
        )
        return
    for one, other in _of_both(comparison, a, b):
        if (one.error is None) != (other.error is None) and one.stage in _FUNCTIONS:
            error = other.error or one.error
            how = "no longer raises" if other.error is None else "now raises"
            yield f"{short(other.name)} {how} {'' if error is None else short(error.type)}"
            return


def _of_both(comparison: Comparison, a: Trace, b: Trace) -> Iterator[tuple[Step, Step]]:
    """Yield the steps with another outcome."""
    for each in comparison.steps:
        if each.what == "outcome" and each.a is not None and each.b is not None:
            yield a.steps[each.a], b.steps[each.b]


def _grown(a: int, b: int) -> str:
    return f"{readable_time(abs(b - a))} {'slower' if b > a else 'faster'}"


def _one_sided(steps: Sequence[Step], does: str, instead: str) -> Iterator[str]:
    """Yield which functions only one request calls; statements have a clause of their own."""
    names = [short(step.name) for step in steps if step.stage in _FUNCTIONS]
    others = sum(step.stage != "sql" for step in steps)
    if len(names) > _NAMED:
        yield f"{len(names):,} functions {does}"
    elif names:
        yield f"{listed(names)} {does if names[1:] else does + 's'}"
    elif others:
        yield f"{count(others, 'step')} {instead}"


def _answers(comparison: Comparison, a: Trace, b: Trace) -> Iterator[str]:
    """Yield which functions answer by themselves in one request alone."""
    for one, other in _of_both(comparison, a, b):
        if "short_circuit" in (one.outcome, other.outcome) and one.stage in _FUNCTIONS:
            how = "no longer answers" if one.outcome == "short_circuit" else "now answers"
            yield f"{short(other.name)} {how}"


def _changes(comparison: Comparison) -> Iterator[str]:
    """Yield what differs in the session, the response's headers and ``g``."""
    parts: tuple[tuple[t.Callable[[str], str], Changes], ...] = (
        (lambda name: f'session["{short(name)}"]', comparison.changes.session),
        (header_text, comparison.headers.response),
        (lambda name: f"g.{short(name)}", comparison.changes.g),
    )
    says = [
        (text(name), how)
        for text, changes in parts
        for how, names in (
            ("is new", changes.added),
            ("differs", changes.changed),
            ("is gone", changes.removed),
        )
        for name in names
        if name not in _FOLLOWING
    ]
    if len(says) == 1:
        yield " ".join(says[0])
    elif says:
        yield f"{some(name for name, _ in says)} differ"


def header_text(name: str) -> str:
    """Return the name of a header as it is usually spelled."""
    return _SPELLED.get(name) or "-".join(part.capitalize() for part in short(name).split("-"))


def status_text(status: int | None) -> str:
    """Return a status, or that there is none."""
    return "no status" if status is None else str(status)


__all__ = ["basis", "header_text", "status_text", "verdict"]
