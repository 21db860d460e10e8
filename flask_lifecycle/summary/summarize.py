"""The list's data of a trace: its header, and the proportions of its small timeline."""

from __future__ import annotations

import math
import typing as t
from collections.abc import Mapping, Sequence

from ..faults import fault
from ..toolbar.inject import why_absent
from ..trace.holds import Span
from ..trace.log import WIDTH, Columns
from ..trace.model import JsonObject
from ..trace.sent import sent_in
from ..trace.snapshot import header
from ..trace.transactions import STATEMENT
from ..trace.writer import LiveTrace
from .flags import REPEATED, SLOW, Sent, flags, sent

#: A part of the strip.
StripKind = t.Literal["context", "before", "view", "sql", "template", "error", "after", "body"]
_KINDS: dict[str, StripKind] = {
    "app_context_push": "context",
    "request_context_push": "context",
    "session_open": "context",
    "url_match": "context",
    "url_value_preprocessor": "before",
    "before_request": "before",
    "view": "view",
    "sql": "sql",
    "template": "template",
    "error_handler": "error",
    "make_response": "after",
    "after_this_request": "after",
    "after_request": "after",
    "session_save": "after",
    "teardown_request": "context",
    "teardown_appcontext": "context",
    "body": "body",
    "body_close": "after",
}
_PARTS = 60
_NAMES_KEPT = 30


def summarize(trace: LiveTrace) -> JsonObject:
    """Return a trace without its steps, JSON-ready; times in ns from its start."""
    # Read first: if the trace is finished by now, so are all of its steps.
    fields = header(trace)
    columns = trace.columns()
    running = fields["state"] == "running"
    elapsed = trace.elapsed() if running else fields["duration"]
    stages = columns.stages()
    sql = sent(columns, stages)
    counted = counts(columns, stages, sql, trace.holds)
    return {
        **fields,
        "cause": trace.cause,
        "background": trace.background,
        "step_count": len(columns.tracepoints),
        "merged": trace.merged,
        "strip": _strip(trace, columns, stages, elapsed, fields["app_time"]),
        "now": _innermost(columns) if running else None,
        "elapsed": elapsed,
        "sending": trace.sending,
        "counts": counted,
        "flags": flags(trace, columns, stages, counted, sql),
        "changed": _changed(columns),
        "sent": sent_in(columns),
        "toolbar": why_absent(trace.toolbar, trace.elapsed() - elapsed),
    }


def summarized(trace: LiveTrace) -> JsonObject | None:
    """Return the same, or None if it fails: one faulty trace must not hide all others."""
    try:
        return summarize(trace)
    except Exception as error:
        fault("the summary of a trace", error)
        return None


def _changed(columns: Columns) -> dict[str, list[str]]:
    """Return the names in ``g`` and the session that functions changed."""
    found: dict[str, dict[str, None]] = {}
    for changes in columns.notes.changes():
        for where, name in changes.names():
            found.setdefault(where, {})[name] = None
    return {where: list(names)[:_NAMES_KEPT] for where, names in found.items()}


#: The stages with a count in each summary, if not 0; of SQL, the statements are counted.
COUNTED = ("sql", "template", "log", "flash", "span", "warning")
_BAD = ("ERROR", "CRITICAL")
_ENDS = {"commit": "commits", "rollback": "rollbacks"}


def counts(
    columns: Columns, stages: Mapping[str, list[int]], sql: Sent, holds: Sequence[Span] = ()
) -> dict[str, int]:
    """Count what was collected; zero counts are left out.

    Beside the stages: ``commits`` and ``rollbacks``, which are not statements; ``changes``, steps
    that changed something; ``errors``, log records of at least that level; ``slow`` statements and
    commits, and ``repeated``, the groups of equal statements that are sent from the same source
    location again and again.

    :param holds: when breakpoints held the request, which makes no statement slow.
    """
    notes = columns.notes
    found = {stage: len(stages[stage]) for stage in COUNTED if stage in stages}
    if "template" in found:
        # Blocks and macros are parts of templates.
        found["template"] = sum(each * WIDTH not in notes.details for each in stages["template"])
    if "sql" in found:
        names = [columns.tracepoints[each].name for each in stages["sql"]]
        found["sql"] = names.count(STATEMENT)
        found |= {counted: names.count(name) for name, counted in _ENDS.items()}
        found["slow"] = sum(_is_slow(columns, each, holds) for each in stages["sql"])
        found["repeated"] = sum(times >= REPEATED for times in sql.asked.values())
    found["changes"] = len(notes.changed)
    found["errors"] = sum(
        notes.fact(each * WIDTH, "level") in _BAD for each in stages.get("log", ())
    )
    return {name: number for name, number in found.items() if number}


def _is_slow(columns: Columns, index: int, holds: Sequence[Span]) -> bool:
    begin, end = columns.begins[index], columns.ends[index]
    return end - begin >= SLOW and end - begin - _held(holds, begin, end) >= SLOW


def _held(holds: Sequence[Span], begin: float, end: float) -> float:
    return sum(max(0.0, min(end, each.end or end) - max(begin, each.begin)) for each in holds)


def _innermost(columns: Columns) -> dict[str, str] | None:
    for index in range(len(columns.tracepoints) - 1, -1, -1):
        if not columns.ends[index] and not _is_of_macros(columns, index):
            tracepoint = columns.tracepoints[index]
            return {"stage": tracepoint.stage, "name": tracepoint.name}
    return None


def _is_of_macros(columns: Columns, index: int) -> bool:
    # It is open for as long as the template that calls the macros.
    is_template = columns.tracepoints[index].stage == "template"
    return is_template and columns.notes.fact(index * WIDTH, "macros") is not None


def _on_app_clock(
    trace: LiveTrace,
    columns: Columns,
    stages: Mapping[str, list[int]],
    elapsed: int,
    app_time: int,
) -> tuple[float, t.Callable[[int, int], tuple[int, int]]]:
    """Return until when the app's own time is the same, and a function that maps intervals to it.

    While a body is sent, the app and the server take turns: the app's intervals in it keep their
    length, and their position is scaled.
    """
    since = trace.since

    def times(stage: str, default: tuple[int, int]) -> tuple[int, int]:
        if stage not in stages:
            return default
        index = stages[stage][-1]
        end = columns.ends[index]
        return since(columns.begins[index]), since(end) if end else elapsed

    if "wsgi" not in stages or not columns.ends[stages["wsgi"][-1]]:
        return math.inf, lambda begin, end: (begin, end)
    _, returned = times("wsgi", (0, 0))
    closing, closed = times("body_close", (elapsed, elapsed))
    iterated, exhausted = times("body", (closing, closing))
    sent = max(returned, app_time - (closed - closing))
    share = (sent - returned) / max(1, exhausted - iterated)

    def place(begin: int, end: int) -> tuple[int, int]:
        if begin < returned:
            return begin, min(end, returned)
        if begin >= closing:
            return sent + begin - closing, sent + end - closing
        placed = min(sent, returned + round(max(0, begin - iterated) * share))
        return placed, min(sent, placed + end - begin)

    return returned, place


def _strip(
    trace: LiveTrace,
    columns: Columns,
    stages: Mapping[str, list[int]],
    elapsed: int,
    app_time: int,
) -> list[list[t.Any]]:
    # What is held is drawn at no scale.
    least = max(0, app_time - trace.held) // 400
    returned, place = _on_app_clock(trace, columns, stages, elapsed, app_time)
    since = trace.since
    parts: list[list[t.Any]] = []
    last: list[t.Any] = [None, 0, 0]

    for tracepoint, begun, ended in zip(
        columns.tracepoints, columns.begins, columns.ends, strict=True
    ):
        kind = _KINDS.get(tracepoint.stage)
        if kind is None:
            continue
        begin, end = since(begun), since(ended) if ended else elapsed
        if end > returned:
            begin, end = place(begin, end)
        if last[0] == kind and begin - last[2] <= least:
            last[2] = max(last[2], end)
        elif end - begin >= least:
            last = [kind, begin, end]
            parts.append(last)

    if len(parts) > _PARTS:
        longest = sorted(parts, key=lambda part: part[1] - part[2])[:_PARTS]
        parts = [part for part in parts if part in longest]

    return parts


__all__ = ["COUNTED", "StripKind", "counts", "summarize", "summarized"]
