"""``api/compare``: two requests, or several runs of each, aligned step by step."""

from __future__ import annotations

import typing as t

import flask
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wsgi import get_input_stream

from ...recording.document import Recording
from ...recording.file import MOST, parse
from ...trace.alike import last_like
from ...trace.compare import compare
from ...trace.model import JsonObject, Trace
from ...trace.runs import Side, compare_runs, side_of
from ..traces import Traces
from .lookup import get_or_404, refuse

_MOST = 20
_NEWEST = "g"


def create_compare(traces: Traces) -> flask.Blueprint:
    """Return the blueprint."""
    api = flask.Blueprint("compare", __name__)

    def summaries() -> list[JsonObject]:
        return list(traces.summaries(traces.store.newest(), None))

    def stored(ids: list[str]) -> Side:
        return Side(ids, lambda each: get_or_404(traces, each), summaries)

    def side(given: t.Any, name: str) -> Side:
        """Return what one side of a body names: ids, or a recording and ids in it."""
        if not isinstance(given, dict):
            return stored(_checked(given, name))
        return side_of(*_in_file(given, name))

    @api.get("/api/compare")
    def compared() -> JsonObject:
        a, b = (stored(_checked(flask.request.args.getlist(each), each)) for each in "ab")
        if flask.request.args.get("runs") == "alike":
            return compare_runs(a, b).to_dict()
        return compare(a.named(), b.named()).to_dict()

    # Those in files have no id here: the body has the files.
    @api.post("/api/compare")
    def compared_with_files() -> JsonObject:
        asked = _body()
        a, b = (side(asked.get(each), each) for each in "ab")
        try:
            return compare_runs(a, b).to_dict()
        except (TypeError, ValueError, LookupError, AttributeError, RecursionError):
            # In a file, details may be of any shape.
            refuse("These requests cannot be compared: details in the file are damaged.", 400)

    @api.get("/api/compare/last")
    def last() -> JsonObject:
        request = get_or_404(traces, flask.request.args.get("like", "")).header()
        return {"id": last_like(request, summaries())}

    @api.post("/api/compare/last")
    def last_of_file() -> JsonObject:
        """Return the last request like one in a file: of the file, or else the app's newest."""
        recorded, ids = _in_file(_body(), "the body")
        header = side_of(recorded, ids).get(ids[0]).header()
        recorded_ids = {trace.id for trace in recorded}
        found = last_like(header, [trace.header() for trace in recorded])
        if found is not None:
            return {"id": found, "in_file": True}
        # The file may be of requests that are here.
        others = (each for each in summaries() if each["id"] not in recorded_ids)
        return {"id": last_like({**header, "id": _NEWEST}, others), "in_file": False}

    return api


def _checked(ids: t.Any, name: str) -> list[str]:
    is_list = isinstance(ids, list) and all(isinstance(each, str) for each in ids)
    if not is_list or not 0 < len(ids) <= _MOST:
        refuse(f"{name} takes the id of a request; of several runs, up to {_MOST} ids.", 400)
    return t.cast("list[str]", ids)


def _in_file(given: JsonObject, name: str) -> tuple[tuple[Trace, ...], list[str]]:
    """Return the requests of a recording in a body, and the ids that are named of them."""
    ids = _checked(given.get("ids"), name)
    try:
        recorded = Recording.from_json(given.get("recording")).traces
    except ValueError as error:
        refuse(f"The recording of {name} cannot be read: {error}", 400)
    if not {trace.id for trace in recorded} >= set(ids):
        refuse(f"{name} names a request that is not in its recording.", 400)
    return recorded, ids


def _body() -> JsonObject:
    try:
        data = get_input_stream(flask.request.environ, max_content_length=MOST).read()
        asked = parse(data)
    except RequestEntityTooLarge:
        refuse(f"It is larger than {MOST // 10**6} MB, the most that is read.", 413)
    except ValueError as error:
        refuse(f"The body cannot be read: {error}", 400)
    if not isinstance(asked, dict):
        refuse("The body must be a JSON object.", 400)
    return asked


__all__ = ["create_compare"]
