"""The toolbar's data of a request: only what it displays.

The scripts of the app's own pages can read this too: it contains no headers, cookies, statements,
values or source code.
"""

from __future__ import annotations

import typing as t
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from ..summary.flags import SLOW_REQUEST, is_statement
from ..summary.summarize import summarize
from ..toolbar.keys import is_fetched
from ..trace.log import Columns
from ..trace.model import FUNCTION_STAGES, Error, JsonObject, Step, client_status
from ..trace.snapshot import freeze
from ..trace.writer import LiveTrace

#: If one side of a layer has more functions than this, some are folded into one row.
ROWS = 5

_SUMMARY = (
    "id",
    "state",
    "method",
    "path",
    "step_count",
    "strip",
)
_HOOKS = FUNCTION_STAGES - {"context_processor", "url_defaults"}
_IN = ("url_value_preprocessor", "before_request")
_BACK = ("error_handler", "after_this_request", "after_request")
_TEARDOWN = ("teardown_request", "teardown_appcontext")
_BARS = 60
_COUNTED = {
    "changes": "change",
    "template": "template",
    "span": "span",
    "log": "log",
    "warning": "warning",
    "flash": "flash message",
}


def toolbar_view(trace: LiveTrace) -> JsonObject:
    """Return the toolbar's data of a request; times in ns from its start.

    :returns: in addition to the summary: ``elapsed``, the app's own time, and how long the rest was
        ``sent``; ``about``: its endpoint, and how much was collected;
        ``document``: whether the response was a whole page;
        ``sql``: how many statements, and how long they and their transactions took; ``ends``: how
        many commits and rollbacks; ``warnings``; and the keys of :func:`_drawing`.
    """
    summary = summarize(trace)
    columns = trace.columns()
    functions = [
        freeze(trace, columns, index)
        for index, tracepoint in enumerate(columns.tracepoints)
        if tracepoint.stage in _HOOKS
    ]
    elapsed = summary["elapsed"]
    # Never 0: the browser divides by these.
    app_time = max(1, summary["app_time"])
    sql = [
        index for index, tracepoint in enumerate(columns.tracepoints) if tracepoint.stage == "sql"
    ]
    statements = [index for index in sql if is_statement(columns.tracepoints[index])]
    error = _error(trace, functions)
    return {
        **{name: summary[name] for name in _SUMMARY},
        "status": client_status(summary),
        "elapsed": app_time,
        "sent": None if trace.running else max(0, elapsed - app_time),
        "about": _about(summary),
        "document": trace.toolbar is not None,
        "error": None if error is None else [error.type, error.message],
        "sql": [len(statements), sum(_took(trace, columns, index) for index in sql)],
        "ends": [summary["counts"].get(name, 0) for name in ("commits", "rollbacks")],
        "warnings": _warnings(summary),
        **_drawing(trace, columns, functions, statements, elapsed),
    }


def _drawing(
    trace: LiveTrace,
    columns: Columns,
    functions: list[Step],
    statements: list[int],
    elapsed: int,
) -> JsonObject:
    """Return the data of the toolbar's small diagram.

    :returns: ``layers``, outermost first, with the app's functions on the way in and out, from top
        to bottom; ``handler``; ``view``, and when SQL and templates ran in it; the text shown
        ``instead`` of a view; and whether the request is on its way ``back``.
    """
    within = _within(columns)
    counts = Counter(within[index] for index in statements)

    def row(step: Step) -> JsonObject:
        return {
            "step": step.id,
            "name": step.name,
            "took": max(1, (elapsed if step.end is None else step.end) - step.begin),
            "outcome": step.outcome,
            "sql": counts[step.id],
        }

    view = _last(functions, "view")
    handler = _last(functions, "error_handler")
    stopped = next(
        (step for step in functions if step.stage in _IN and step.outcome not in (None, "ok")), None
    )
    inside = [] if view is None else [i for i, at in enumerate(within) if at == view.id]
    return {
        "layers": _layers(trace.blueprints, functions, row),
        "handler": None if handler is None else row(handler),
        "view": None if view is None else {**row(view), "begin": view.begin},
        "instead": _instead(trace, view, stopped),
        "back": _came_back(trace, functions, stopped or view),
        "bars": {stage: _bars(trace, columns, stage, inside) for stage in ("sql", "template")},
    }


def _about(summary: Mapping[str, t.Any]) -> str:
    """Return the endpoint and the counts of what the panel can show; SQL is shown separately."""
    found = ((summary["counts"].get(name, 0), noun) for name, noun in _COUNTED.items())
    said = (f"{number} {noun}{'s' * (number > 1)}" for number, noun in found if number)
    return " · ".join(filter(None, (summary["endpoint"], *said)))


def redirects(trace: LiveTrace, kept: Mapping[str, LiveTrace]) -> list[LiveTrace]:
    """Return the requests whose redirects led to this one, in order.

    :param kept: all stored traces, by id.
    """
    found: list[LiveTrace] = []
    cause = kept.get(trace.cause or "")
    while cause is not None and 300 < (cause.status or 0) < 400:
        found.insert(0, cause)
        cause = kept.get(cause.cause or "")
    return found


def caused(trace: LiveTrace, kept: Mapping[str, LiveTrace]) -> list[LiveTrace]:
    """Return the requests that a page's scripts sent, in order.

    Browsers report finished requests to the page; for all others, their initiator is used.

    :param trace: the page's own request.
    :param kept: all stored traces, by id, newest first.
    """
    return [
        each
        for each in reversed([*kept.values()])
        if (redirects(each, kept) or [each])[0].cause == trace.id
        and is_fetched(each.notes.received())
    ]


def _error(trace: LiveTrace, functions: Sequence[Step]) -> Error | None:
    """Return the unhandled error, or the one that a handler answered with a 5xx status."""
    if trace.error is not None or (trace.status or 0) < 500:
        return trace.error
    return next((step.error for step in reversed(functions) if step.error is not None), None)


def _warnings(summary: Mapping[str, t.Any]) -> list[tuple[str, str, str]]:
    """Return the flags of a request, and whether it is still running."""
    found = [*summary["flags"]]
    now = summary["now"]
    if now is not None and summary["elapsed"] > SLOW_REQUEST:
        found.append(("in", "running", f"It is still running: in {now['name']}."))
    return found


def _instead(trace: LiveTrace, view: Step | None, stopped: Step | None) -> str | None:
    if stopped is not None:
        return "view not reached" if stopped.outcome == "raised" else "view skipped"
    if view is not None:
        return None
    return "not there yet" if trace.running else f"no view: {trace.status or 'no answer'}"


def _came_back(trace: LiveTrace, functions: Sequence[Step], last: Step | None) -> bool:
    """Return whether the request continued after the view, or after what ran instead of it."""
    went_well = last is None or last.outcome != "raised"
    return (went_well and not trace.running) or any(step.stage in _BACK for step in functions)


def _layers(
    blueprints: Sequence[str],
    functions: Sequence[Step],
    row: t.Callable[[Step], JsonObject],
) -> list[JsonObject]:
    def rows(stages: Iterable[str], scope: str | None = None) -> list[JsonObject]:
        return _folded(
            [
                row(step)
                for step in functions
                if step.stage in stages and scope in (None, step.scope)
            ]
        )

    scopes = ("app", *blueprints)
    layers: list[JsonObject] = [
        {"label": scope, "in": rows(_IN, scope), "out": rows(("after_request",), scope)[::-1]}
        for scope in scopes
    ]
    # after_this_request functions run before all others: at the bottom of the way out.
    layers[-1]["out"] += rows(("after_this_request",))[::-1]
    teardown = rows(_TEARDOWN)
    if teardown:
        layers.insert(0, {"label": "contexts", "in": [], "out": teardown[::-1]})
    return layers


def _folded(rows: list[JsonObject]) -> list[JsonObject]:
    """Fold the fast and successful rows into one."""
    if len(rows) <= ROWS:
        return rows
    telling = sorted(rows, key=lambda row: (row["outcome"] in ("ok", None), -row["took"]))
    kept = [row for row in rows if row in telling[: ROWS - 1]]
    rest = [row for row in rows if row not in kept]
    return [
        *kept,
        {
            "step": None,
            "name": f"+{len(rest)} hooks",
            "took": sum(row["took"] for row in rest),
            "outcome": "ok",
            "sql": sum(row["sql"] for row in rest),
        },
    ]


def _last(functions: Iterable[Step], stage: str) -> Step | None:
    found = [step for step in functions if step.stage == stage]
    return found[-1] if found else None


def _within(columns: Columns) -> list[int]:
    """Return for each step the innermost of the app's functions around it, or -1."""
    found: list[int] = []
    for parent in columns.parents:
        # A parent begins before its children, so its own entry is known.
        inside = 0 <= parent < len(found)
        hook = inside and columns.tracepoints[parent].stage in _HOOKS
        found.append(parent if hook else found[parent] if inside else -1)
    return found


def _took(trace: LiveTrace, columns: Columns, index: int) -> int:
    end = columns.ends[index]
    return trace.since(end) - trace.since(columns.begins[index]) if end else 0


def _bars(
    trace: LiveTrace, columns: Columns, stage: str, inside: Sequence[int]
) -> list[tuple[int, int]]:
    bars = [
        (trace.since(columns.begins[index]), trace.since(columns.ends[index]))
        for index in inside
        if columns.tracepoints[index].stage == stage and columns.ends[index]
    ]
    return sorted(sorted(bars, key=lambda bar: bar[0] - bar[1])[:_BARS])


__all__ = ["ROWS", "caused", "redirects", "toolbar_view"]
