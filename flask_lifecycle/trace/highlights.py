"""What matters about a request in a few facts, for the panel, files and terminals.

What is wrong with a request is not among them: those are its flags.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .intervals import covered, held, took
from .sentences.words import count, readable_time, short
from .status import client_status, middleware_answers

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .intervals import Interval
    from .model import Step, Trace

Kind = t.Literal["answer", "app", "sql", "slowest", "unexplained", "sent"]

# Of the app's time: what is below it says nothing.
_SHARE = 0.05
_LEAST = 1_000_000
_FUNCTIONS = frozenset(
    (
        "url_value_preprocessor",
        "before_request",
        "view",
        "error_handler",
        "after_this_request",
        "after_request",
        "teardown_request",
        "teardown_appcontext",
    )
)
_ENDS = ("commit", "rollback")


@dataclass(frozen=True, slots=True)
class Highlight:
    """A fact about a request; ``mark`` is the part of ``text`` that stands out."""

    kind: Kind
    text: str
    mark: str
    #: The step that it is about.
    step: int | None

    def to_dict(self) -> dict[str, t.Any]:
        """Return it JSON-ready."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def highlights(trace: Trace) -> tuple[Highlight, ...]:
    """Return what matters about a request, so far; nothing that says nothing."""
    return tuple(_facts(trace))


def _facts(trace: Trace) -> Iterator[Highlight]:
    is_done = trace.duration is not None
    lasted = trace.duration or max((step.end or step.begin for step in trace.steps), default=0)
    app_time = lasted if trace.app_time is None else min(lasted, trace.app_time)
    yield from _answer(trace)
    if is_done:
        shown = _time(app_time)
        yield Highlight("app", f"{shown} in the app", shown, None)
    spans = held(trace)
    yield from _sql(trace.steps, spans)
    if trace.error is None:
        yield from _slowest(trace, app_time, spans)
    sent = lasted - app_time
    if is_done and sent >= _LEAST:
        shown = _time(sent)
        yield Highlight("sent", f"sent in {shown}", shown, None)


def _answer(trace: Trace) -> Iterator[Highlight]:
    """Say who answered, if the app did not."""
    by, error = trace.server_error_by, trace.error
    if by is None and error is not None:
        stages = (step.stage for step in trace.steps)
        around = [step.name for step in trace.steps if step.stage == "middleware"]
        if around and middleware_answers(stages, error.step):
            mark = f"middleware {short(around[0])}" if len(around) == 1 else "middleware"
            yield Highlight("answer", f"answered with {trace.status} by {mark}", mark, error.step)
            return
    # Recordings of older versions do not say.
    is_unanswered = trace.status is None and error is not None and trace.duration is not None
    if by is None and not is_unanswered:
        return
    status = client_status(trace.header())
    mark = "Werkzeug's debugger" if by == "debugger" else "the server"
    text = f"answered with {status} by {mark}" if status else f"not answered: it ended {mark}"
    yield Highlight("answer", text, mark, None if error is None else error.step)


def _sql(steps: Iterable[Step], spans: list[Interval]) -> Iterator[Highlight]:
    sql = [step for step in steps if step.stage == "sql"]
    if not sql:
        return
    kinds = [str(step.detail.get("kind")) for step in sql if step.outcome == "ok"]
    found = [(kinds.count(kind), kind) for kind in _ENDS if kind in kinds]
    is_undone = found == [(1, "rollback")]
    ends = ["rolled back"] if is_undone else [count(number, kind) for number, kind in found]
    ended = [step for step in sql if step.end is not None]
    shown = _time(sum(took(step, spans) for step in ended))
    yield Highlight("sql", ", ".join((f"DB {shown}", *ends)), shown, sql[0].id)


def _slowest(trace: Trace, app_time: int, spans: list[Interval]) -> Iterator[Highlight]:
    """Name the app's function that took longest, and the time in it that no step explains."""
    least = _SHARE * (app_time - sum((end or begin) - begin for begin, end in spans))
    ran = [step for step in trace.steps if step.end is not None and step.stage in _FUNCTIONS]
    slowest = max(ran, key=lambda step: took(step, spans), default=None)
    if slowest is None or took(slowest, spans) < least:
        return
    kind = f"{slowest.stage} {short(slowest.name)}"
    yield Highlight("slowest", f"slowest: {kind} {_time(took(slowest, spans))}", kind, slowest.id)
    inside = [(step.begin, step.end) for step in trace.steps if step.parent == slowest.id]
    end = slowest.end or slowest.begin
    left = end - slowest.begin - covered([*inside, *spans], slowest.begin, end)
    if left >= max(_LEAST, least):
        shown = _time(left)
        yield Highlight("unexplained", f"{shown} of it that no step explains", shown, slowest.id)


def _time(ns: int) -> str:
    return readable_time(ns).replace(" ", "\N{NO-BREAK SPACE}")


__all__ = ["Highlight", "Kind", "highlights"]
