"""``api/traces/<id>.json``, ``.html`` and ``api/recordings``: traces as files, and from them."""

from __future__ import annotations

from collections.abc import Callable

import flask
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wsgi import get_input_stream

from ...recording.document import Recording, made_now
from ...recording.excerpts import excerpts
from ...recording.file import MOST
from ...recording.har import to_har
from ...recording.html import NotBuiltError
from ...trace.model import JsonObject, Trace
from ..traces import Traces
from .lookup import get_or_404, json_object, refuse

_FORMATS = ("json", "html", "har")
_MIMETYPES = {"json": "application/json", "html": "text/html"}


def create_recordings(traces: Traces, app_map: Callable[[], JsonObject]) -> flask.Blueprint:
    """Return the blueprint.

    :param app_map: returns the map of the app.
    """
    api = flask.Blueprint("recordings", __name__)

    def recorded(found: list[Trace], kind: str) -> flask.Response:
        app = app_map()
        sources = excerpts(found, traces.lines)
        made = made_now(app.get("name"))
        return _file(Recording(made, app or None, sources, tuple(found)), kind)

    @api.get("/api/traces/<trace_id>.<any(json, html):kind>")
    def one(trace_id: str, kind: str) -> flask.Response:
        return recorded([get_or_404(traces, trace_id)], kind)

    # POST, though it changes nothing: the ids of a long list do not fit into a URL.
    @api.post("/api/recordings")
    def several() -> flask.Response | JsonObject:
        asked = json_object()
        ids, kind = asked.get("ids"), asked.get("as", "json")
        if not isinstance(ids, list) or not all(isinstance(each, str) for each in ids):
            refuse('The body must be JSON such as {"ids": ["…"], "as": "json"}.', 400)
        if kind not in _FORMATS:
            refuse(f'"as" takes {", ".join(_FORMATS[:-1])} or {_FORMATS[-1]}.', 400)
        named = (traces.get(each) for each in dict.fromkeys(ids))
        found = [trace for trace in named if trace is not None]
        if not found:
            refuse("None of these requests is stored: they are unknown or were evicted.")
        return to_har(found) if kind == "har" else recorded(found, kind)

    # Only Python reads files, so that they are checked and upgraded in one place. What is wrong
    # with a file is an answer, too, and no error of this request.
    @api.post("/api/recordings/read")
    def read() -> flask.Response | JsonObject:
        try:
            data = get_input_stream(flask.request.environ, max_content_length=MOST).read()
            recording = Recording.from_bytes(data)
        except RequestEntityTooLarge:
            refuse(f"it is larger than {MOST // 10**6} MB, the most that is read.", 413)
        except ValueError as error:
            return {"error": str(error)}
        return _file(recording, "html" if flask.request.args.get("as") == "html" else "json")

    return api


def _file(recording: Recording, kind: str) -> flask.Response:
    try:
        content = recording.to_html() if kind == "html" else recording.to_bytes()
    except ValueError as error:
        refuse(f"This recording cannot be saved: {error}", 413)
    except NotBuiltError as error:
        refuse(str(error), 501)
    answer = flask.Response(content, mimetype=_MIMETYPES[kind])
    if kind == "html":
        # To be kept: at the panel's address its script would have the panel's own rights.
        answer.headers.set("Content-Disposition", "attachment", filename="recording.html")
    return answer


__all__ = ["create_recordings"]
