"""What the list shows of a trace: its header, and the few proportions of its mini timeline."""

from __future__ import annotations

import typing as t
from collections import Counter

from ..faults import fault
from ..toolbar.inject import why_absent
from ..trace.log import WIDTH, Columns
from ..trace.model import JsonObject
from ..trace.snapshot import header
from ..trace.tracepoint import Site
from ..trace.transactions import STATEMENT
from ..trace.writer import LiveTrace

_KINDS = {
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
    """Return a trace without its steps, as JSON's types; times in ns from its start."""
    # First: of what is done by then, all steps are.
    told = header(trace)
    columns = trace.columns()
    running = told["state"] == "running"
    elapsed = trace.elapsed() if running else told["duration"]
    return {
        **told,
        "cause": trace.cause,
        "step_count": len(columns.sites),
        "merged": trace.merged,
        "strip": _strip(trace, columns, elapsed, told["app_time"]),
        "now": _innermost(columns) if running else None,
        "elapsed": elapsed,
        "sending": trace.sending,
        "counts": counts(columns),
        "changed": _changed(columns),
        "toolbar": why_absent(trace.toolbar, trace.elapsed() - elapsed),
    }


def summarized(trace: LiveTrace) -> JsonObject | None:
    """Return the same, or None where it fails: one trace must not keep all others from a list."""
    try:
        return summarize(trace)
    except Exception as error:
        fault("the summary of a trace", error)
        return None


def _changed(columns: Columns) -> dict[str, list[str]]:
    """List the names in ``g`` and the session that some function changed."""
    found: dict[str, dict[str, None]] = {}
    for changes in columns.notes.changes():
        for where, name in changes.names():
            found.setdefault(where, {})[name] = None
    return {where: list(names)[:_NAMES_KEPT] for where, names in found.items()}


#: Of these stages there is a count in each summary, where there are any; of SQL, of the statements.
COUNTED = ("sql", "template", "log", "flash", "span", "warning")
#: So many of one statement, from one place in one step, are one too many: N + 1.
REPEATED = 5
#: A statement that takes so many seconds is slow.
SLOW = 0.1
_BAD = ("ERROR", "CRITICAL")
_ENDS = {"commit": "commits", "rollback": "rollbacks"}


def counts(columns: Columns) -> dict[str, int]:
    """Count what was collected; what there is none of is left out.

    Beside the stages: ``commits`` and ``rollbacks``, which are no statements; ``changes``, steps
    that changed something; ``errors``, logs of at least that level; ``slow`` statements and
    commits, and ``repeated``, the groups of statements that ask the same from the same place over
    and over.
    """
    notes = columns.notes
    found = Counter(
        _ENDS.get(site.name) if stage == "sql" and site.name != STATEMENT else stage
        for index, site in enumerate(columns.sites)
        if (stage := site.stage) in COUNTED
        # A block and a macro are parts of templates.
        and (stage != "template" or index * WIDTH not in notes.details)
    )
    found["changes"] = len(notes.changes())
    for index, site in enumerate(columns.sites):
        if site.stage == "log":
            found["errors"] += notes.fact(index * WIDTH, "level") in _BAD
        elif site.stage == "sql":
            end = columns.ends[index]
            found["slow"] += bool(end) and end - columns.begins[index] >= SLOW
    found["repeated"] = sum(times >= REPEATED for times in asked(columns).values())
    return {name: number for name, number in found.items() if name and number}


def is_statement(site: Site) -> bool:
    """Return whether a step is a statement, and not a transaction's control or a connect."""
    return site.stage == "sql" and site.name == STATEMENT


def asked(columns: Columns) -> Counter[t.Any]:
    """Count the statements that ask the same, from one place in one step."""
    return Counter(
        (columns.parents[index], found.text, found.place)
        for index, site in enumerate(columns.sites)
        if is_statement(site) and (found := columns.notes.statement(index * WIDTH)) is not None
    )


def _innermost(columns: Columns) -> dict[str, str] | None:
    for index in range(len(columns.sites) - 1, -1, -1):
        if not columns.ends[index] and not _is_of_macros(columns, index):
            site = columns.sites[index]
            return {"stage": site.stage, "name": site.name}
    return None


def _is_of_macros(columns: Columns, index: int) -> bool:
    # It is open for as long as the template that calls them.
    is_template = columns.sites[index].stage == "template"
    return is_template and columns.notes.fact(index * WIDTH, "macros") is not None


def _on_app_clock(
    trace: LiveTrace, columns: Columns, elapsed: int, app_time: int
) -> t.Callable[[int, int], tuple[int, int]]:
    """Return what places a stretch of time where it lies in the app's own time.

    While a body is sent, the app and the server take turns: what the app did in it keeps its
    length, and its place in proportion.
    """
    ends = {site.stage: ended for site, ended in zip(columns.sites, columns.ends, strict=True)}
    if not ends.get("wsgi"):
        return lambda begin, end: (begin, end)
    returned = trace.since(ends["wsgi"])
    times = {
        site.stage: (trace.since(begun), trace.since(ended) if ended else elapsed)
        for site, begun, ended in zip(columns.sites, columns.begins, columns.ends, strict=True)
        if site.stage in ("body", "body_close")
    }
    closing, closed = times.get("body_close", (elapsed, elapsed))
    iterated, exhausted = times.get("body", (closing, closing))
    sent = max(returned, app_time - (closed - closing))
    share = (sent - returned) / max(1, exhausted - iterated)

    def place(begin: int, end: int) -> tuple[int, int]:
        if begin < returned:
            return begin, min(end, returned)
        if begin >= closing:
            return sent + begin - closing, sent + end - closing
        placed = min(sent, returned + round(max(0, begin - iterated) * share))
        return placed, min(sent, placed + end - begin)

    return place


def _strip(trace: LiveTrace, columns: Columns, elapsed: int, app_time: int) -> list[list[t.Any]]:
    least = app_time // 400
    place = _on_app_clock(trace, columns, elapsed, app_time)
    parts: list[list[t.Any]] = []

    for site, begun, ended in zip(columns.sites, columns.begins, columns.ends, strict=True):
        kind = _KINDS.get(site.stage)
        if kind is None:
            continue
        begin, end = place(trace.since(begun), trace.since(ended) if ended else elapsed)
        last = parts[-1] if parts else None
        if last is not None and last[0] == kind and begin - last[2] <= least:
            last[2] = max(last[2], end)
        elif end - begin >= least:
            parts.append([kind, begin, end])

    if len(parts) > _PARTS:
        longest = sorted(parts, key=lambda part: part[1] - part[2])[:_PARTS]
        parts = [part for part in parts if part in longest]

    return parts


__all__ = [
    "COUNTED",
    "REPEATED",
    "SLOW",
    "asked",
    "counts",
    "is_statement",
    "summarize",
    "summarized",
]
