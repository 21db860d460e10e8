"""The page and the HTTP calls."""

from __future__ import annotations

import hmac
import html
import typing as t
from collections.abc import Callable
from itertools import islice
from operator import attrgetter
from pathlib import Path
from weakref import WeakSet

import flask
from werkzeug.exceptions import HTTPException

from ...recording.har import to_har
from ...store import Store
from ...toolbar.inject import CARRIED, SHOWN
from ...trace.model import Step, Trace
from ...trace.snapshot import snapshot
from ...trace.writer import LiveTrace
from ..access.gate import Gate
from ..filter import FilterError, parse
from ..live.hub import Hub
from ..source.callers import caller
from ..source.excerpt import excerpt
from ..source.statement import statement
from ..summary import summarized
from ..toolbar_view import caused, redirects, told

_LIMIT = 500
_TOLD = 20
_NOT_BUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>flask-lifecycle</title>
<h1>The panel has not been built</h1>
<p>This copy of flask-lifecycle was installed without its browser side. In a checkout, run
<code>make demo</code> or <code>pip install .</code>; both build it. The recorded requests are at
<a href="api/traces">api/traces</a>.</p></html>
"""


def create_api(
    store: Store, hub: Hub, gate: Gate, app_map: Callable[[], dict[str, t.Any]], dist: Path
) -> flask.Blueprint:
    """Make the routes; each stands behind the gate."""
    api = flask.Blueprint("lifecycle", __name__)
    # What pages were told of as it ended.
    known: WeakSet[LiveTrace] = WeakSet()

    @api.get("/")
    def page() -> flask.Response:
        try:
            text = (dist / "index.html").read_text("utf-8")
        except FileNotFoundError:
            return flask.Response(_NOT_BUILT, mimetype="text/html")
        return flask.Response(
            text.replace("__LIFECYCLE_KEY__", html.escape(gate.key)), mimetype="text/html"
        )

    @api.get("/assets/<path:name>")
    def asset(name: str) -> flask.Response:
        return flask.send_from_directory(dist / "assets", name)

    @api.get("/toolbar.js")
    def toolbar() -> flask.Response:
        return flask.send_from_directory(dist, "toolbar.js", mimetype="text/javascript")

    def named() -> tuple[dict[str, LiveTrace], list[LiveTrace]]:
        """Return what is kept, by id, and what of it the page names with its keys."""
        kept = {trace.id: trace for trace in hub.kept()}
        names = (name.partition(".") for name in flask.request.args.getlist("of")[:_TOLD])
        asked = [
            kept[each]
            for each, _, key in names
            if each in kept and hmac.compare_digest(key.encode(), gate.request_key(each).encode())
        ]
        if not asked:
            flask.abort(404, "None of these is kept, or their keys are of an older run.")
        return kept, asked

    @api.get("/toolbar/requests")
    def requests() -> dict[str, t.Any]:
        kept, asked = named()
        for trace in asked:
            if trace.toolbar == CARRIED:
                trace.toolbar = SHOWN

        def whole(trace: LiveTrace) -> dict[str, t.Any]:
            led = redirects(trace, kept)
            known.update(each for each in (trace, *led) if not each.running)
            return {**told(trace), "redirects": [told(each) for each in led]}

        def with_name(trace: LiveTrace) -> dict[str, t.Any]:
            return {**whole(trace), "name": f"{trace.id}.{gate.request_key(trace.id)}"}

        def news(trace: LiveTrace) -> list[dict[str, t.Any]]:
            """Return what a page caused and was not told of as it ended."""
            unknown = [each for each in caused(trace, kept) if each not in known]
            return [with_name(each) for each in unknown[:_TOLD]]

        # Those that were asked for by their own names come first.
        answers = [whole(trace) for trace in asked]
        return {
            "requests": [
                {**answer, "caused": news(trace)}
                for trace, answer in zip(asked, answers, strict=True)
            ]
        }

    @api.post("/toolbar/requests")
    def shown() -> tuple[str, int]:
        for trace in named()[1]:
            hub.shown(trace, flask.request.args.get("shown") == "1")
        return "", 204

    @api.get("/api/traces")
    def traces() -> dict[str, t.Any]:
        limit = _whole(flask.request.args.get("limit"), _LIMIT)
        before = flask.request.args.get("before") or None
        matches = _filter(flask.request.args.get("q") or "")
        # By id, as pages are: of two that come at once, the later one may be kept first.
        kept = sorted(hub.kept(), key=attrgetter("id"), reverse=True)
        older = (trace for trace in kept if before is None or trace.id < before)
        # One more than is asked for tells whether there are more.
        found = [*islice(filter(matches, filter(None, map(summarized, older))), limit + 1)]
        return {
            "traces": found[:limit],
            "next": found[limit - 1]["id"] if len(found) > limit else None,
            "evicted": store.evicted,
            "too_large": store.too_large,
            "ignored": store.ignored,
        }

    @api.delete("/api/traces")
    def clear() -> tuple[str, int]:
        # Of several processes, only the one that the page shows.
        if flask.request.args.get("epoch") not in (None, "", store.epoch):
            flask.abort(409, "This is another process of the server.")
        store.clear()
        return "", 204

    @api.get("/api/traces/<trace_id>")
    def one(trace_id: str) -> dict[str, t.Any] | tuple[dict[str, t.Any], int]:
        trace = store.get(trace_id)
        if trace is None:
            return {"error": "This request is not kept: it is unknown or was evicted."}, 404
        return snapshot(trace).to_dict()

    @api.get("/api/traces/<trace_id>.har")
    def har(trace_id: str) -> dict[str, t.Any] | tuple[dict[str, t.Any], int]:
        trace = store.get(trace_id)
        if trace is None:
            return {"error": "This request is not kept: it is unknown or was evicted."}, 404
        return to_har([snapshot(trace)])

    # Changes nothing: the ids of a long list are more than an address may hold.
    @api.post("/api/traces.har")
    def several() -> dict[str, t.Any]:
        ids = _given().get("ids")
        if not isinstance(ids, list) or not all(isinstance(each, str) for each in ids):
            flask.abort(400, 'The body takes JSON such as {"ids": ["…"]}: a list of traces.')
        kept = [store.get(each) for each in dict.fromkeys(ids)]
        return to_har([snapshot(trace) for trace in kept if trace is not None])

    @api.get("/api/traces/<trace_id>/steps/<int:index>/source")
    def source(trace_id: str, index: int) -> dict[str, t.Any] | tuple[dict[str, t.Any], int]:
        kept = store.get(trace_id)
        _, step = _step(trace_id, index)
        found = None
        if kept is not None and step is not None and step.source is not None:
            found = excerpt(step.source, kept.started_at, kept.redactor.lines)
        if found is None:
            return {"error": "The source of this step cannot be had: its file is gone."}, 404
        return found

    @api.get("/api/traces/<trace_id>/steps/<int:index>/caller")
    def calls(trace_id: str, index: int) -> dict[str, t.Any] | tuple[dict[str, t.Any], int]:
        trace, step = _step(trace_id, index)
        place = None
        if trace is not None and step is not None:
            place = caller(step, unhandled=trace.error is not None)
        found = None if place is None else excerpt(place[0], 0.0)
        if place is None or found is None:
            return {"error": "It is not Flask that calls this step."}, 404
        return {**found, "at": place[1]}

    @api.get("/api/traces/<trace_id>/steps/<int:index>/statement")
    def laid_out(trace_id: str, index: int) -> dict[str, t.Any] | tuple[dict[str, t.Any], int]:
        _, step = _step(trace_id, index)
        if step is None or step.stage != "sql":
            return {"error": "This step is no statement."}, 404
        return statement(step.detail["statement"])

    def _step(trace_id: str, index: int) -> tuple[Trace | None, Step | None]:
        kept = store.get(trace_id)
        trace = None if kept is None else snapshot(kept)
        found = trace is not None and index < len(trace.steps)
        return trace, trace.steps[index] if trace is not None and found else None

    @api.get("/api/app")
    def app() -> dict[str, t.Any]:
        return app_map()

    @api.post("/api/ticket")
    def ticket() -> dict[str, str | None]:
        # None: no websocket is to be had here, ask for batches.
        return {"ticket": gate.ticket() if flask.request.environ["lifecycle.room"] else None}

    @api.post("/api/batch")
    def batch() -> dict[str, t.Any]:
        return hub.poll(_given(), several=_several())

    @api.app_errorhandler(HTTPException)
    def failed(error: HTTPException) -> tuple[dict[str, t.Any], int]:
        return {"error": f"{error.name}: {error.description}"}, error.code or 500

    return api


def _given() -> dict[str, t.Any]:
    """Return the JSON object that was sent; an empty one, where it is none."""
    try:
        given = flask.request.get_json(silent=True)
    except RecursionError:
        given = None
    return given if isinstance(given, dict) else {}


def _several() -> bool:
    """Tell whether the server has other processes, with requests of their own (PEP 3333)."""
    return bool(flask.request.environ.get("wsgi.multiprocess"))


def _whole(text: str | None, most: int) -> int:
    if text is None:
        return most
    few = text.isascii() and text.isdigit() and len(text) <= len(str(most))
    if not few or not 0 < int(text) <= most:
        flask.abort(400, f"limit got {text[:40]!r}; it takes a whole number from 1 to {most}.")
    return int(text)


def _filter(text: str) -> Callable[[dict[str, t.Any]], bool]:
    try:
        return parse(text)
    except FilterError as error:
        flask.abort(400, f"q got {error}.")


__all__ = ["create_api"]
