"""The flags of a request: what makes it worth a look.

The list, the toolbar, the filter ``is:flagged`` and recordings all have them from here.
"""

from __future__ import annotations

import re
import typing as t
from collections import Counter
from collections.abc import Mapping

from ..trace.log import WIDTH, Columns
from ..trace.model import FUNCTION_STAGES, INTERVENTIONS, Error
from ..trace.tracepoint import Tracepoint
from ..trace.transactions import STATEMENT
from ..trace.writer import LiveTrace

#: This many repeats of a statement, from one source location in one step, are an N+1 query.
REPEATED = 5
#: A statement that takes this many seconds is slow.
SLOW = 0.1
#: A request that takes longer is called slow, in ns.
SLOW_REQUEST = 500_000_000
#: A request that runs for longer hangs, unless it streams, in ns.
HUNG = 5_000_000_000

#: A colour: of errors, of SQL, or of text for all else.
FlagKind = t.Literal["error", "sql", "ink"]
#: The kind and the label of each flag, the most severe first. An exception's label is the name
#: of its class; it comes after the first two.
FLAGS: dict[str, tuple[FlagKind, str]] = {
    "held": ("ink", "held"),
    "by_hand": ("ink", "by hand: {}"),
    "repeats": ("sql", "N+1: {}×"),
    "same": ("sql", "{}× same query"),
    "failed": ("sql", "failed SQL: {}"),
    "calls": ("ink", "failed calls: {}"),
    "slow_sql": ("sql", "slow SQL: {}"),
    "logged": ("ink", "log! {}"),
    "slow": ("ink", "slow"),
    "hung": ("ink", "hung"),
}
REASONS: dict[str, str] = {
    "held": "A breakpoint holds it.",
    "by_hand": "It was answered, skipped or made to raise by hand, in place of a function: {}.",
    "repeats": "One line sent the same statement {} times.",
    "same": "The same statement was sent {} times with the same parameters.",
    "failed": "Statements that failed, even if the app handled it: {}.",
    "calls": "Calls to other services that failed, even if the app handled it: {}.",
    "slow_sql": "Statements or commits that took a tenth of a second or more: {}.",
    "logged": "Log records of level WARNING or above: {}.",
    "slow": "It took more than half a second.",
    "hung": "It has been running for more than five seconds.",
}

#: (kind, label, reason), as in the JSON.
Flag = tuple[FlagKind, str, str]

# Before an exception.
_FIRST = ("held", "by_hand")
_WARNED = ("WARNING", "ERROR", "CRITICAL")
# The text of Werkzeug's HTTP exceptions, such as "404 Not Found: …": they are responses.
_HTTP = re.compile(r"(?:[1-5][0-9]{2}|\?{3}) ")
_STREAMED = ("body", "body_close")


class Sent(t.NamedTuple):
    """How often equal statements were sent."""

    #: By source location and step.
    asked: Counter[t.Any]
    #: Most often with the same parameters, apart from those that are N+1 queries; 0: never twice.
    same: int

    @property
    def repeats(self) -> int:
        """Return how often the most frequent N+1 query was sent, or 0."""
        most = max(self.asked.values(), default=0)
        return most if most >= REPEATED else 0


_NOTHING_SENT = Sent(Counter(), 0)


def is_statement(tracepoint: Tracepoint) -> bool:
    """Return whether a step is a statement, not transaction control or a connect."""
    return tracepoint.stage == "sql" and tracepoint.name == STATEMENT


def sent(columns: Columns, stages: Mapping[str, list[int]]) -> Sent:
    """Count equal statements."""
    statements = [
        ((columns.parents[index], found.text, found.place), found)
        for index in stages.get("sql", ())
        if is_statement(columns.tracepoints[index])
        and (found := columns.notes.statement(index * WIDTH)) is not None
    ]
    if not statements:
        return _NOTHING_SENT
    asked = Counter(key for key, _ in statements)
    # Their parameters are masked copies: repr runs no code of the app.
    same = Counter(
        (found.text, repr(found.parameters)) for key, found in statements if asked[key] < REPEATED
    )
    most = max(same.values(), default=0)
    return Sent(asked, most if most > 1 else 0)


def flags(
    trace: LiveTrace,
    columns: Columns,
    stages: Mapping[str, list[int]],
    counts: Mapping[str, int],
    sql: Sent,
) -> list[Flag]:
    """Return the flags of a request, the most severe first."""
    failed = _failed(columns)
    found = {
        "held": trace.running and any(not each.end for each in trace.holds),
        "by_hand": sum(each.did in INTERVENTIONS for each in trace.holds),
        "repeats": sql.repeats,
        "same": sql.same,
        "failed": failed.count("sql"),
        "calls": failed.count("span"),
        "slow_sql": counts.get("slow", 0),
        "logged": _logged(columns, stages),
        "slow": not trace.running
        and trace.app_time - trace.held > SLOW_REQUEST
        and not _is_stream(trace),
        "hung": is_hung(trace) and not _is_sending(trace, stages),
    }
    shown: dict[str, Flag] = {}
    for name, number in found.items():
        if number:
            kind, label = FLAGS[name]
            text = f"{number:,}"
            shown[name] = kind, label.format(text), REASONS[name].format(text)
    first = [shown.pop(name) for name in _FIRST if name in shown]
    return [*first, *_raised(trace, columns), *shown.values()]


def _raised(trace: LiveTrace, columns: Columns) -> list[Flag]:
    error = error_of(trace, columns)
    if error is None:
        return []
    # What the app answered as usual is its own affair: its text is not for the scripts of pages.
    handled = trace.error is None and (trace.status or 0) < 500
    reason = f"The app answered it with {trace.status}." if handled else error.message
    return [("error", error.type, f"{error.type}: {reason}")]


def error_of(trace: LiveTrace, columns: Columns) -> Error | None:
    """Return the exception that left the app or one of its functions.

    An HTTP exception is a response, and counts only if that is a server error.
    """
    if trace.error is not None:
        return trace.error
    is_server_error = (trace.status or 0) >= 500
    for index in sorted(columns.notes.raised(), reverse=True):
        error = columns.notes.outcomes.get(index)
        at = index // WIDTH
        if (
            isinstance(error, Error)
            and at < len(columns.tracepoints)
            and columns.tracepoints[at].stage in FUNCTION_STAGES
            and (is_server_error or not _HTTP.match(error.message))
        ):
            return error
    return None


def is_hung(trace: LiveTrace) -> bool:
    """Return whether a request has been running for too long, if it does not stream."""
    return trace.running and trace.status != 101 and trace.elapsed() - trace.held > HUNG


def _failed(columns: Columns) -> list[str]:
    """Return the stages of the steps that an exception left."""
    tracepoints = columns.tracepoints
    places = (place // WIDTH for place in columns.notes.raised())
    return [tracepoints[at].stage for at in places if at < len(tracepoints)]


def _logged(columns: Columns, stages: Mapping[str, list[int]]) -> int:
    facts = (columns.notes.fact(each * WIDTH, "level") for each in stages.get("log", ()))
    return sum(each in _WARNED for each in facts)


def _is_stream(trace: LiveTrace) -> bool:
    _, kind = trace.notes.header("content-type") or (0, "")
    return trace.status == 101 or kind.startswith("text/event-stream")


def _is_sending(trace: LiveTrace, stages: Mapping[str, list[int]]) -> bool:
    return trace.sending or any(each in stages for each in _STREAMED)


__all__ = [
    "FLAGS",
    "HUNG",
    "REASONS",
    "REPEATED",
    "SLOW",
    "SLOW_REQUEST",
    "Flag",
    "FlagKind",
    "Sent",
    "error_of",
    "flags",
    "is_hung",
    "is_statement",
    "sent",
]
