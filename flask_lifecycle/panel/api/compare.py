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
        if flask.request.args.get("runs") == "alike":
            one, other = (get_or_404(traces, each[0]).header() for each in (a, b))
            if not are_repeated(one, other):
                others = summaries()
                # Several runs that are named are all that are wanted.
                a, b = (
                    ids if ids[1:] else runs_like(first, others)
                    for first, ids in ((one, a), (other, b))
                )
        sides = ([get_or_404(traces, each) for each in side] for side in (a, b))
        return compare(*sides).to_dict()

    @api.get("/api/compare/last")
    def last() -> JsonObject:
        request = get_or_404(traces, flask.request.args.get("like", "")).header()
        return {"id": last_like(request, summaries())}

    return api


__all__ = ["create_compare"]
