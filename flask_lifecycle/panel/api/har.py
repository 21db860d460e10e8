"""``api/traces….har``: one or several traces in a format that other tools read."""

from __future__ import annotations

import flask

from ...recording.har import to_har
from ...trace.model import JsonObject
from ..traces import Traces
from .lookup import get_or_404, json_object


def create_har(traces: Traces) -> flask.Blueprint:
    """Return the blueprint."""
    api = flask.Blueprint("har", __name__)

    @api.get("/api/traces/<trace_id>.har")
    def one(trace_id: str) -> JsonObject:
        return to_har([get_or_404(traces, trace_id)])

    # POST, though it changes nothing: the ids of a long list do not fit into a URL.
    @api.post("/api/traces.har")
    def several() -> JsonObject:
        ids = json_object().get("ids")
        if not isinstance(ids, list) or not all(isinstance(each, str) for each in ids):
            flask.abort(400, 'The body must be JSON such as {"ids": ["…"]}: a list of trace ids.')
        found = [traces.get(each) for each in dict.fromkeys(ids)]
        return to_har([trace for trace in found if trace is not None])

    return api


__all__ = ["create_har"]
