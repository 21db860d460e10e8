"""``api/compare``: two requests, or several runs of each, aligned step by step."""

from __future__ import annotations

import flask

from ...trace.alike import are_repeated, last_like, runs_like
from ...trace.compare import compare
from ...trace.model import JsonObject
from ..traces import Traces
from .lookup import get_or_404, refuse

_MOST = 20


def create_compare(traces: Traces) -> flask.Blueprint:
    """Return the blueprint."""
    api = flask.Blueprint("compare", __name__)

    def ids(side: str) -> list[str]:
        given = flask.request.args.getlist(side)
        if not 0 < len(given) <= _MOST:
            refuse(f"{side} takes the id of a request; of several runs, up to {_MOST} ids.", 400)
        return given

    def summaries() -> list[JsonObject]:
        return list(traces.summaries(traces.store.newest(), None))

    @api.get("/api/compare")
    def compared() -> JsonObject:
        a, b = ids("a"), ids("b")
        if flask.request.args.get("runs") == "alike" and len(a) == len(b) == 1:
            one, other = (get_or_404(traces, each).header() for each in (a[0], b[0]))
            a, b = _with_runs(one, other, summaries())
        sides = ([get_or_404(traces, each) for each in side] for side in (a, b))
        return compare(*sides).to_dict()

    @api.get("/api/compare/last")
    def last() -> JsonObject:
        request = get_or_404(traces, flask.request.args.get("like", "")).header()
        return {"id": last_like(request, summaries())}

    return api


def _with_runs(
    a: JsonObject, b: JsonObject, others: list[JsonObject]
) -> tuple[list[str], list[str]]:
    """Add the other runs of both requests, unless they are runs of the same one."""
    if are_repeated(a, b):
        return [a["id"]], [b["id"]]
    return runs_like(a, others), runs_like(b, others)


__all__ = ["create_compare"]
