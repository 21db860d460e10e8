"""``api/compare``: two requests, or several runs of each, aligned step by step."""

from __future__ import annotations

import flask

from ...trace.alike import are_repeated, last_like, runs_like
from ...trace.compare import Comparison, compare
from ...trace.model import JsonObject, Trace
from ...trace.spent import typical_first
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

    def stored(ids: list[str]) -> list[Trace]:
        return [get_or_404(traces, each) for each in ids]

    def summaries() -> list[JsonObject]:
        return list(traces.summaries(traces.store.newest(), None))

    def with_runs(a: list[str], b: list[str]) -> Comparison:
        """Compare all runs of each side; several that are named are all that are wanted."""
        one, other = (get_or_404(traces, each[0]).header() for each in (a, b))
        if are_repeated(one, other):
            return compare(stored(a), stored(b))
        others = summaries()
        of_a, of_b = (
            stored(ids if ids[1:] else runs_like(first, others))
            for first, ids in ((one, a), (other, b))
        )
        return compare(typical_first(of_a), typical_first(of_b))

    @api.get("/api/compare")
    def compared() -> JsonObject:
        a, b = ids("a"), ids("b")
        together = flask.request.args.get("runs") == "alike"
        return (with_runs(a, b) if together else compare(stored(a), stored(b))).to_dict()

    @api.get("/api/compare/last")
    def last() -> JsonObject:
        request = get_or_404(traces, flask.request.args.get("like", "")).header()
        return {"id": last_like(request, summaries())}

    return api


__all__ = ["create_compare"]
