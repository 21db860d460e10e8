"""``api/traces/<id>.json`` and ``api/recordings``: traces as a file to keep."""

from __future__ import annotations

from collections.abc import Callable

import flask

from ...recording.document import Recording, made_now
from ...recording.har import to_har
from ...store import Store
from ...trace.model import JsonObject
from ...trace.snapshot import snapshot
from ...trace.writer import LiveTrace
from ..source.excerpts import excerpts
from .lookup import get_or_404, json_object, refuse

_FORMATS = ("json", "har")


def create_recordings(store: Store, app_map: Callable[[], JsonObject]) -> flask.Blueprint:
    """Return the blueprint.

    :param app_map: returns the map of the app.
    """
    api = flask.Blueprint("recordings", __name__)

    def recorded(kept: list[LiveTrace]) -> flask.Response:
        app = app_map()
        traces = tuple(map(snapshot, kept))
        sources = excerpts(traces, kept[0].redactor.lines)
        try:
            content = Recording(made_now(app.get("name")), app, sources, traces).to_bytes()
        except ValueError as error:
            refuse(f"This recording cannot be saved: {error}", 413)
        return flask.Response(content, mimetype="application/json")

    @api.get("/api/traces/<trace_id>.json")
    def one(trace_id: str) -> flask.Response:
        return recorded([get_or_404(store, trace_id)])

    # POST, though it changes nothing: the ids of a long list do not fit into a URL.
    @api.post("/api/recordings")
    def several() -> flask.Response | JsonObject:
        asked = json_object()
        ids, kind = asked.get("ids"), asked.get("as", "json")
        if not isinstance(ids, list) or not all(isinstance(each, str) for each in ids):
            refuse('The body must be JSON such as {"ids": ["…"], "as": "json"}.', 400)
        if kind not in _FORMATS:
            refuse(f'"as" takes {" or ".join(_FORMATS)}.', 400)
        found = (store.get(each) for each in dict.fromkeys(ids))
        kept = [trace for trace in found if trace is not None]
        if not kept:
            refuse("None of these requests is stored: they are unknown or were evicted.")
        return recorded(kept) if kind == "json" else to_har(map(snapshot, kept))

    return api


__all__ = ["create_recordings"]
