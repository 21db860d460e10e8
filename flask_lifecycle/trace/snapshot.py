"""Copies of what is written, as they are handed out."""

from __future__ import annotations

import socket
import typing as t
from dataclasses import replace

from ..faults import fault
from .log import EXTRA, SHORT_CIRCUIT, WIDTH, Columns
from .model import Error, Outcome, Process, Step, Trace, TraceError
from .tracepoint import Site
from .transactions import STATEMENT
from .writer import LiveTrace

_HOST = socket.gethostname()

# Details that are noted as a tuple or list, to be named when somebody reads them. When and how
# much was sent is one flat list. Any other object that is noted makes its details itself, by a
# method `detail(trace)`.
_DETAIL_NAMES = {
    "make_response": ("from", "to"),
    "body": ("chunks", "bytes", "streamed", "sent", "preview", "complete"),
    "sql": ("statement", "rows", "many", "parameters", "place", "connection", "implied_by"),
    "span": ("name", "kind", "library", "attributes"),
}


def snapshot(trace: LiveTrace) -> Trace:
    """Copy what is recorded so far."""
    # First: of what is done by then, all steps are.
    copied = _copy(trace)
    columns = trace.columns()
    steps = tuple(freeze(trace, columns, index) for index in range(len(columns.sites)))
    return replace(copied, steps=steps)


def header(trace: LiveTrace) -> dict[str, t.Any]:
    """Return all but the steps, as JSON's types."""
    return _copy(trace).header()


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
        process=Process(trace.pid, _HOST, trace.thread),
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
    )


def freeze(trace: LiveTrace, columns: Columns, index: int) -> Step:
    """Copy one step."""
    site = columns.sites[index]
    parent = columns.parents[index]
    end = columns.ends[index]
    place = index * WIDTH
    failed = columns.notes.get(~place)
    outcome: Outcome = "ok" if failed is None else "raised"
    if failed == SHORT_CIRCUIT:
        outcome = "short_circuit"
    try:
        detail = _details(trace, site, columns.notes, place)
    except Exception as error:
        # One step without its details is less of a loss than a trace, or a stream, without an end.
        fault(f"the details of a step ({site.stage})", error)
        detail = {}
    return Step(
        id=index,
        parent=None if parent < 0 else parent,
        stage=site.stage,
        name=_name(site, columns, detail),
        callable=site.callable,
        source=site.source,
        scope=site.scope,
        begin=trace.since(columns.begins[index]),
        end=trace.since(end) if end else None,
        outcome=outcome if end else None,
        error=failed if isinstance(failed, Error) else None,
        detail=detail,
    )


def _details(trace: LiveTrace, site: Site, notes: dict[int, t.Any], place: int) -> dict[str, t.Any]:
    detail = _detail(trace, site.stage, notes.get(place))
    if site.stage == "sql":
        detail = _of_kind(site.name, detail)
    for name, noted in (notes.get(place + EXTRA) or {}).items():
        shown = noted.detail(trace.redactor)
        if shown:
            detail[name] = shown
    return detail


def _name(site: Site, columns: Columns, detail: dict[str, t.Any]) -> str:
    if site.stage == "sql":
        return " ".join(str(detail.get("statement", "")).split())
    if site.stage == "span":
        return str(detail.get("name", ""))
    if site.stage == "dispatch" and columns.endpoint is not None:
        return columns.endpoint
    return site.name


def _detail(trace: LiveTrace, stage: str, noted: t.Any) -> dict[str, t.Any]:
    if noted is None:
        return {}
    if isinstance(noted, dict):
        return dict(noted)
    if not isinstance(noted, (tuple, list)):
        made: dict[str, t.Any] = noted.detail(trace)
        return made
    detail = dict(zip(_DETAIL_NAMES[stage], noted, strict=False))
    if "sent" in detail:
        sent = list(detail["sent"])
        times = [trace.since(reading) for reading in sent[::2]]
        detail["sent"] = list(zip(times, sent[1::2], strict=False))
    if "parameters" in detail:
        detail["parameters"] = _listed(detail["parameters"])
        place = detail["place"]
        detail["place"] = place and {"file": place[0], "line": place[1]}
    preview = detail.pop("preview", None)
    if preview is not None:
        detail["preview"] = preview.detail(trace)
    return detail


def _of_kind(kind: str, detail: dict[str, t.Any]) -> dict[str, t.Any]:
    """Say what kind of a statement it is, and leave out what others of that kind do not have."""
    names = ("connection", "implied_by") if kind == STATEMENT else ("rows", "many", "parameters")
    return {"kind": kind, **{name: detail[name] for name in detail if name not in names}}


def _listed(value: t.Any) -> t.Any:
    """Turn the tuples that are kept into lists."""
    return [_listed(each) for each in value] if type(value) is tuple else value


__all__ = ["freeze", "header", "snapshot"]
