"""Make immutable copies of traces for readers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..faults import fault
from .holds import Span
from .log import WIDTH, Columns
from .model import Error, Hold, JsonObject, Outcome, Process, Step, Trace, TraceError
from .notes import SHORT_CIRCUIT
from .process import HOST
from .tracepoint import Tracepoint
from .writer import LiveTrace


def snapshot(trace: LiveTrace, pause: Callable[[], None] | None = None) -> Trace:
    """Return a copy of the steps recorded so far.

    :param pause: called after each step, to let other threads run.
    """
    # Read first: if the trace is finished by now, so are all of its steps.
    copied = _copy(trace)
    columns = trace.columns()
    steps = []
    for index in range(len(columns.tracepoints)):
        steps.append(freeze(trace, columns, index))
        if pause is not None:
            pause()
    return replace(copied, steps=tuple(steps))


def header(trace: LiveTrace) -> JsonObject:
    """Return all fields except the steps, JSON-ready."""
    return _copy(trace).header()


def process_of(trace: LiveTrace) -> Process:
    """Return the process and thread of a request."""
    app = "" if trace.owner is None else trace.owner.name
    return Process(trace.run.pid, HOST, trace.thread, trace.run.started_at, app)


def _copy(trace: LiveTrace) -> Trace:
    duration = trace.duration
    error = trace.error
    return Trace(
        id=trace.id,
        state="running" if duration is None else "done",
        method=trace.method,
        path=trace.path,
        query=trace.query,
        url_rule=None if trace.route is None else trace.route.rule,
        endpoint=trace.endpoint,
        blueprints=trace.blueprints,
        status=trace.status,
        started_at=trace.started_at,
        duration=duration,
        process=process_of(trace),
        error=None
        if error is None
        else TraceError(
            error.type,
            error.message,
            None if trace.error_step < 0 else trace.error_step // WIDTH,
        ),
        parent=trace.parent,
        dropped_steps=trace.dropped_steps,
        steps=(),
        app_time=trace.app_time,
        server_error_by=trace.server_error_by,
        holds=tuple(_hold(trace, span) for span in trace.holds),
        caller=trace.caller,
        traceparent=trace.traceparent,
    )


def _hold(trace: LiveTrace, span: Span) -> Hold:
    # Read first: it is set before the end.
    end = trace.since(span.end) if span.end else None
    did = None if end is None else span.did
    return Hold(trace.held_at(span), trace.since(span.begin), end, did)


def freeze(trace: LiveTrace, columns: Columns, index: int) -> Step:
    """Return a copy of one step."""
    tracepoint = columns.tracepoints[index]
    parent = columns.parents[index]
    end = columns.ends[index]
    place = index * WIDTH
    failed = columns.notes.outcomes.get(place)
    outcome: Outcome = "ok"
    if failed is not None:
        outcome = SHORT_CIRCUIT if failed is SHORT_CIRCUIT else "raised"
    try:
        detail = columns.notes.shown(trace, place)
    except Exception as error:
        # A step without its details is better than no trace, or a broken stream.
        fault(f"the details of a step ({tracepoint.stage})", error)
        detail = {}
    return Step(
        id=index,
        parent=None if parent < 0 else parent,
        stage=tracepoint.stage,
        name=_name(tracepoint, columns, detail),
        callable=tracepoint.callable,
        source=tracepoint.source,
        scope=tracepoint.scope,
        begin=trace.since(columns.begins[index]),
        end=trace.since(end) if end else None,
        outcome=outcome if end else None,
        error=failed if isinstance(failed, Error) else None,
        detail=detail,
        package=tracepoint.package,
    )


def _name(tracepoint: Tracepoint, columns: Columns, detail: JsonObject) -> str:
    if tracepoint.stage == "sql":
        return " ".join(str(detail.get("statement", "")).split())
    if tracepoint.stage == "span":
        return str(detail.get("name", ""))
    if tracepoint.stage == "dispatch" and columns.endpoint is not None:
        return columns.endpoint
    return tracepoint.name


__all__ = ["freeze", "header", "process_of", "snapshot"]
