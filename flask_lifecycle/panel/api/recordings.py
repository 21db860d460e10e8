"""``api/traces/<id>.json`` and ``api/recordings``: traces as a file to keep."""

from __future__ import annotations

from collections.abc import Callable

import flask

from ...recording.document import Recording, made_now
from ...recording.har import to_har
from ...trace.model import JsonObject, Trace
from ..source.excerpts import excerpts
from ..traces import Traces
from .lookup import get_or_404, json_object, refuse

_FORMATS = ("json", "har")


def create_recordings(traces: Traces, app_map: Callable[[], JsonObject]) -> flask.Blueprint:
    """Return the blueprint.

    :param app_map: returns the map of the app.
    """
    api = flask.Blueprint("recordings", __name__)

    def recorded(found: list[Trace]) -> flask.Response:
        app = app_map()
        sources = excerpts(found, traces.lines)
        try:
            content = Recording(made_now(app.get("name")), app, sources, tuple(found)).to_bytes()
        except ValueError as error:
            refuse(f"This recording cannot be saved: {error}", 413)
        return flask.Response(content, mimetype="application/json")

    @api.get("/api/traces/<trace_id>.json")
    def one(trace_id: str) -> flask.Response:
        return recorded([get_or_404(traces, trace_id)])

    # POST, though it changes nothing: the ids of a long list do not fit into a URL.
    @api.post("/api/recordings")
    def several() -> flask.Response | JsonObject:
        asked = json_object()
        ids, kind = asked.get("ids"), asked.get("as", "json")
        if not isinstance(ids, list) or not all(isinstance(each, str) for each in ids):
            refuse('The body must be JSON such as {"ids": ["…"], "as": "json"}.', 400)
        if kind not in _FORMATS:
            refuse(f'"as" takes {" or ".join(_FORMATS)}.', 400)
        named = (traces.get(each) for each in dict.fromkeys(ids))
        found = [trace for trace in named if trace is not None]
        if not found:
            refuse("None of these requests is stored: they are unknown or were evicted.")
        return recorded(found) if kind == "json" else to_har(found)

    return api


__all__ = ["create_recordings"]
