"""Whoever is handed an exception finds the frames of a bare app in it, and none of ours."""

from __future__ import annotations

import logging
import sys
import traceback
import typing as t
from types import TracebackType

import pytest
from flask import Flask, Response, got_request_exception, render_template_string, request, url_for
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import create_environ

from flask_lifecycle import Lifecycle, faults
from flask_lifecycle.instrumentation.trace_start import TraceStart
from tests.helpers.apps import is_ours

Frames = list[tuple[str, str]]
WAYS: dict[str, dict[str, t.Any]] = {
    "recorded": {},
    "path": {"LIFECYCLE_IGNORE": ["/*"]},
    "endpoint": {"LIFECYCLE_IGNORE": ["view"]},
    "late": {"LIFECYCLE_ENABLED": None},
    "dropped": {},
    "off": {"LIFECYCLE_ENABLED": False},
}


def frames(error: t.Any, tb: TracebackType | None = None) -> Frames:
    """Return the files and functions of a traceback and of what led to it."""
    found: Frames = []
    while error is not None:
        listed = traceback.extract_tb(tb or error.__traceback__)
        found += [(each.filename, each.name) for each in listed]
        error, tb = error.__cause__ or error.__context__, None
    return found


def app_of(way: str | None, debug: bool, middleware: bool, seen: dict[str, Frames]) -> Flask:
    app = Flask("app")
    if way is not None:
        app.config.update({"LIFECYCLE_ENABLED": True, **WAYS[way]})
        Lifecycle(app)
    app.debug = debug
    app.config["PROPAGATE_EXCEPTIONS"] = debug
    if middleware:
        untyped: t.Any = app
        untyped.wsgi_app = ProxyFix(app.wsgi_app)

    class Log(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.exc_info:
                _, error, tb = record.exc_info
                seen.setdefault(f"log {record.getMessage()}", frames(error, tb))

    app.logger.handlers = [Log()]
    app.logger.propagate = False

    def note(_app: Flask, exception: BaseException) -> None:
        seen["signal"] = frames(exception)

    got_request_exception.connect(note, app)
    app.extensions["note"] = note

    @app.before_request
    def before() -> None:
        if "before" in request.args:
            raise KeyError

    @app.get("/")
    def view() -> t.Any:
        if "caught" in request.args:
            try:
                render_template_string("{{ 1 / 0 }}")
            except ZeroDivisionError:
                app.logger.exception("caught")
        if "chained" in request.args:
            try:
                url_for("nowhere")
            except Exception as error:
                raise RuntimeError from error
        if "stream" in request.args:
            return Response(chunks())
        if "handled" in request.args:
            raise ValueError
        if "fine" in request.args:
            return "x"
        return render_template_string("{{ 1 / 0 }}")

    def chunks() -> t.Any:
        yield "x"
        raise KeyError

    @app.errorhandler(ValueError)
    def handler(error: ValueError) -> str:
        seen["handler"] = frames(error)
        return "handled"

    @app.errorhandler(404)
    def missing(error: Exception) -> str:
        seen["missing"] = frames(error)
        return "missing"

    @app.after_request
    def after(response: Response) -> Response:
        if "after" in request.args:
            raise KeyError
        return response

    @app.teardown_request
    def teardown(error: BaseException | None) -> None:
        if error is not None:
            seen["teardown"] = frames(error)
        if "teardown" in request.args:
            raise KeyError

    return app


def start_response(*_args: t.Any) -> t.Any: ...


def refuse(*_args: t.Any) -> t.NoReturn:
    raise OSError


def run(app: Flask, query: str, start: t.Any, direct: bool, seen: dict[str, Frames]) -> None:
    path = "/none" if query == "missing" else "/"
    environ = create_environ(path, query_string=query)
    try:
        body = (app.wsgi_app if direct else app)(environ, start)
        try:
            for _ in body:
                pass
        finally:
            close = getattr(body, "close", None)
            if close is not None:
                close()
    except Exception as error:
        # The app's own __call__ is ours here, and the server's frame is before it.
        seen["server"] = [each for each in frames(error) if each[1] not in ("run", "__call__")]


@pytest.mark.parametrize("direct", [False, True])
@pytest.mark.parametrize("middleware", [False, True])
@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("way", WAYS)
def test_tracebacks_are_those_of_a_bare_app(
    way: str, debug: bool, middleware: bool, direct: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if way == "dropped":

        def fails(*_args: t.Any) -> t.NoReturn:
            raise LookupError

        monkeypatch.setattr(faults, "_faults", {})
        monkeypatch.setattr(TraceStart, "_line", fails)
    # It is decided by app.debug.
    debug = debug or way == "late"
    queries = ["", "before", "after", "caught", "chained", "stream", "handled", "missing"]
    for query in [*queries, "teardown&fine", "fine"]:
        start = refuse if query == "fine" else start_response
        bare: dict[str, Frames] = {}
        run(app_of(None, debug, middleware, bare), query, start, direct, bare)
        watched: dict[str, Frames] = {}
        run(app_of(way, debug, middleware, watched), query, start, direct, watched)
        assert bare
        if sys.version_info < (3, 11):
            # What is raised again there goes on with the frame in which that is done.
            for name in {"server", "teardown"} & {*watched}:
                watched[name] = [each for each in watched[name] if not is_ours(each[0])]
        assert watched == bare, query
