"""Hundreds of finished traces are kept, and the garbage collector does not visit them."""

from __future__ import annotations

import gc
import typing as t
import weakref

from flask import Flask, Response, g, render_template_string, session

from flask_lifecycle.core import compiled
from tests.helpers.apps import make_app


def app_with_details() -> Flask:
    app, _ = make_app()

    @app.before_request
    def load() -> None:
        g.user = {"name": "ada"}

    @app.after_request
    def mark(response: Response) -> Response:
        response.headers["X-Mark"] = "1"
        return response

    @app.get("/page")
    def page() -> str:
        session["seen"] = [1, 2]
        return render_template_string("<body>{{ g.user.name }}</body>")

    @app.get("/stream")
    def stream() -> t.Iterator[str]:
        yield "one"
        yield "two"

    return app


def kept_by(app: Flask) -> list[t.Any]:
    return t.cast("list[t.Any]", app.extensions["lifecycle"]._store.newest())


def test_finished_traces_are_not_visited() -> None:
    app = app_with_details()
    for path in ("/page", "/stream"):
        app.test_client().get(path, headers={"Cookie": "a=b"})
    for trace in kept_by(app):
        notes = [getattr(trace.notes, name) for name in trace.notes.__slots__]
        visited = [trace, trace.kept, trace.notes, *notes]
        assert not (compiled and any(map(gc.is_tracked, visited))), trace.path


def test_one_that_runs_is() -> None:
    app = app_with_details()
    response = app.test_client().get("/stream")
    [trace] = kept_by(app)
    assert trace.running
    assert gc.is_tracked(trace)
    response.close()
    assert not (compiled and gc.is_tracked(trace))


def test_they_die_with_their_app() -> None:
    app = app_with_details()
    client = app.test_client()
    for path in ("/page", "/nowhere", "/stream"):
        client.get(path).close()
    traces = [weakref.ref(trace) for trace in kept_by(app)]
    assert len(traces) == 3
    del app, client
    gc.collect()
    assert [each() for each in traces] == [None] * 3
