"""The summary of a request from a file.

Its steps are put into a log again, so that one set of rules counts and flags all requests.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator
from dataclasses import dataclass, fields

from ..trace.holds import Span
from ..trace.log import WIDTH
from ..trace.model import Error, JsonObject, Step, Trace
from ..trace.notes import SHORT_CIRCUIT, Facts, Notes
from ..trace.statement import Statement
from ..trace.tracepoint import UNNUMBERED, Tracepoint
from ..trace.transactions import STATEMENT
from ..trace.writer import LiveTrace
from .flags import FlagKind
from .summarize import StripKind, summarize

# The reading of the clock at the beginning; 0 as an end would mean that the step runs.
_ORIGIN = 1.0
# Parts of templates are told from templates by these.
_PARTS = ("block", "macros")


@dataclass(frozen=True, slots=True)
class Digest:
    """What a summary has beside the fields of a trace."""

    strip: tuple[tuple[StripKind, int, int], ...]
    counts: dict[str, int]
    flags: tuple[tuple[FlagKind, str, str], ...]
    changed: dict[str, tuple[str, ...]]


def digest(trace: Trace) -> JsonObject:
    """Return the fields of a :class:`Digest`, JSON-ready.

    A request that was saved while it ran counts as finished: nothing more is known of it.
    """
    summary = summarize(_live(trace))
    summary["flags"] = [list(flag) for flag in summary["flags"]]
    return {field.name: summary[field.name] for field in fields(Digest)}


def _live(trace: Trace) -> LiveTrace:
    live = LiveTrace(None, trace.method, trace.path)
    last = max((step.end or step.begin for step in trace.steps), default=0)
    lasted = last if trace.duration is None else trace.duration
    live.origin = _ORIGIN
    live.ended = _reading(lasted)
    live.stopwatch = -(lasted if trace.app_time is None else trace.app_time) / 1e9
    live.status = trace.status
    if trace.error is not None:
        live.error = Error(trace.error.type, trace.error.message)
    for step in trace.steps:
        end = 0.0 if step.end is None else _reading(step.end)
        parent = -1 if step.parent is None else step.parent * WIDTH
        live.log += (UNNUMBERED, parent, _reading(step.begin), end)
        _note(live.notes, step)
    for hold in trace.holds:
        span = Span(live, hold.step * WIDTH)
        span.begin, span.did = _reading(hold.begin), hold.did
        span.end = _reading(lasted if hold.end is None else hold.end)
        live.holds += (span,)
    return live


def _reading(ns: int) -> float:
    return _ORIGIN + ns / 1e9


def _note(notes: Notes, step: Step) -> None:
    place, detail = step.id * WIDTH, step.detail
    kind = str(detail.get("kind", STATEMENT)) if step.stage == "sql" else step.name
    notes.tracepoints[place] = Tracepoint(step.stage, kind)
    if step.outcome == "short_circuit":
        notes.outcomes[place] = SHORT_CIRCUIT
    elif step.outcome == "raised":
        notes.outcomes[place] = step.error or Error("", "")
    if step.stage == "sql" and kind == STATEMENT:
        text, parameters = str(detail.get("statement")), detail.get("parameters")
        # The location only distinguishes statements here, whatever a file has in its place.
        notes.details[place] = Statement(text, (str(detail.get("place")), 0), False, parameters)
    elif step.stage == "start_response":
        notes.details[place] = _Response(detail)
    elif step.stage != "template" or any(part in detail for part in _PARTS):
        notes.details[place] = Facts(detail)
    if "changes" in detail:
        notes.add(place, "changes", _Changes(detail["changes"]))


class _Response(Facts):
    """The details of ``start_response``."""

    def header(self, name: str) -> str | None:
        """Return the value of a header, or None."""
        response = self.get("response")
        pairs = response.get("headers") if isinstance(response, dict) else None
        for pair in pairs if isinstance(pairs, list) else ():
            if isinstance(pair, list) and len(pair) > 1 and str(pair[0]).lower() == name:
                return str(pair[1])
        return None


class _Changes:
    """The changes of a function, by mapping and name."""

    def __init__(self, found: t.Any) -> None:
        self._found: JsonObject = found if isinstance(found, dict) else {}

    def detail(self, _trace: LiveTrace) -> JsonObject:
        return self._found

    def names(self) -> Iterator[tuple[str, str]]:
        """Yield the mapping and the name of each change."""
        for where, kinds in self._found.items():
            if where != "response" and isinstance(kinds, dict):
                for names in kinds.values():
                    if isinstance(names, (dict, list)):
                        yield from ((where, str(name)) for name in names)


__all__ = ["Digest", "digest"]
