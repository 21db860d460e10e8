"""What the views show that only Python makes, for readers without it: an HTML file, a web page."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

from ..source.callers import caller
from ..source.excerpt import excerpt, highlighted_frames
from ..source.runnable import runnable
from ..source.statement import statement
from ..trace.alike import last_like
from ..trace.files import is_file
from ..trace.model import JsonObject, Source, Step, Trace
from ..trace.runs import compare_runs, side_of
from .document import Excerpt

# Requests are compared in pairs, of which many have more: these, and no more than so many steps.
_PAIRS = 24
_STEPS = 20_000
_STATEMENTS = 256
_FUNCTIONS = 64

_Line = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class PreparedStatement:
    """A statement, formatted and highlighted, and as SQL to run: ``missing`` is not in that."""

    lines: tuple[_Line, ...]
    runnable: str
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PreparedFrames:
    """The lines of an exception's frames, highlighted, and of the exceptions that belong to it."""

    frames: tuple[tuple[_Line, ...], ...]
    others: tuple[PreparedFrames, ...]


@dataclass(frozen=True, slots=True)
class PreparedCaller:
    """Where Flask calls a step: the index of its function, and the calling line."""

    function: int
    at: int


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is derived from the traces for their views; a step has the indexes of its own.

    ``functions`` are Flask's, if they were recorded with the version that is there when it is made.
    ``comparisons`` are responses of ``GET api/compare``, of each request with the last one like it,
    and of other pairs where there are few requests.
    """

    statements: tuple[PreparedStatement, ...]
    frames: tuple[PreparedFrames, ...]
    callers: tuple[PreparedCaller, ...]
    functions: tuple[Excerpt, ...]
    comparisons: tuple[JsonObject, ...]


class Preparation:
    """Prepares the views of some traces.

    What a file has in details may be of any shape: what cannot be prepared is left out.

    :param with_callers: whether they were recorded with the version of Flask that is here.
    """

    def __init__(self, traces: Sequence[Trace], *, with_callers: bool) -> None:
        self._made: dict[str, dict[str, int]] = {"statement": {}, "frames": {}, "caller": {}}
        self._callers: dict[tuple[object, ...], JsonObject | None] = {}
        self._with_callers = with_callers
        self._functions: list[JsonObject] = []
        #: The indexes of each step, by the ids of traces.
        self.of_steps: dict[str, list[dict[str, int]]] = {
            trace.id: [self._indexes(trace, step) for step in trace.steps] for trace in traces
        }
        self._comparisons = list(_comparisons(traces))

    def to_dict(self) -> JsonObject:
        """Return a :class:`Prepared`, JSON-ready."""
        made = ([json.loads(text) for text in texts] for texts in self._made.values())
        names = ("statements", "frames", "callers")
        return {
            **dict(zip(names, made, strict=True)),
            "functions": self._functions,
            "comparisons": self._comparisons,
        }

    def _indexes(self, trace: Trace, step: Step) -> dict[str, int]:
        found = {}
        for kind, made in (
            ("statement", _statement(step)),
            ("frames", _frames(step)),
            ("caller", self._caller(step, unhandled=trace.error is not None)),
        ):
            if made is not None:
                # Many steps have the same.
                known = self._made[kind]
                found[kind] = known.setdefault(json.dumps(made), len(known))
        return found

    def _caller(self, step: Step, *, unhandled: bool) -> JsonObject | None:
        if not self._with_callers:
            return None
        signal = step.name if step.stage == "signal" else ""
        key = (step.stage, signal, str(step.detail.get("for")), unhandled)
        if key not in self._callers:
            self._callers[key] = self._found(caller(step, unhandled=unhandled))
        return self._callers[key]

    def _found(self, call: tuple[Source, int] | None) -> JsonObject | None:
        lines = None if call is None else _code(call[0])
        if call is None or lines is None:
            return None
        if lines not in self._functions:
            self._functions.append(lines)
        return {"function": self._functions.index(lines), "at": call[1]}


@lru_cache(_FUNCTIONS)
def _code(source: Source) -> JsonObject | None:
    return excerpt(source, 0.0)


def _statement(step: Step) -> JsonObject | None:
    if step.stage != "sql" or not isinstance(step.detail.get("statement"), str):
        return None
    with suppress(Exception):
        sql, missing = runnable(step.detail)
        lines = _laid_out(step.detail["statement"])
        return {"lines": lines, "runnable": sql, "missing": list(missing)}
    return None


@lru_cache(_STATEMENTS)
def _laid_out(text: str) -> list[list[list[str]]]:
    lines: list[list[list[str]]] = statement(text)["lines"]
    return lines


def _frames(step: Step) -> JsonObject | None:
    exception = step.detail.get("exception")
    if exception is None:
        return None
    with suppress(Exception):
        return highlighted_frames(exception)
    return None


def _comparisons(traces: Sequence[Trace]) -> Iterator[JsonObject]:
    left = _STEPS
    for one, other in _pairs(traces):
        left -= len(one.steps) + len(other.steps)
        if left < 0:
            return
        with suppress(Exception):
            yield compare_runs(*(side_of(traces, [each.id]) for each in (one, other))).to_dict()


def _pairs(traces: Iterable[Trace]) -> Iterator[tuple[Trace, Trace]]:
    """Yield pairs of requests that a person may compare, the older one first."""
    ordered = sorted(
        (trace for trace in traces if not is_file(trace.endpoint, trace.path)),
        key=lambda trace: trace.id,
    )
    by_id = {trace.id: trace for trace in ordered}
    headers = [trace.header() for trace in ordered]
    pairs: dict[tuple[str, str], None] = {}
    for header in reversed(headers):
        like = last_like(header, headers)
        if like is not None:
            pairs[like, header["id"]] = None
    for index, other in reversed(list(enumerate(ordered))):
        pairs.update(dict.fromkeys((one.id, other.id) for one in ordered[:index]))
        if len(pairs) > _PAIRS:
            break
    for one_id, other_id in [*pairs][:_PAIRS]:
        yield by_id[one_id], by_id[other_id]


__all__ = ["Preparation", "Prepared", "PreparedCaller", "PreparedFrames", "PreparedStatement"]
