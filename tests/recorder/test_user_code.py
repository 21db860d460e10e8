"""A frame is told by its file: nothing depends on how many frames are in between."""

from __future__ import annotations

import sqlite3
import typing as t
from pathlib import Path

import flask
import pytest
import sqlalchemy
from flask import Flask, stream_template_string
from werkzeug.middleware.dispatcher import DispatcherMiddleware

import flask_lifecycle
from flask_lifecycle import Lifecycle, recorder
from flask_lifecycle.collectors import signals, sql, sqlite, statements, templates
from flask_lifecycle.faults import fail_open
from flask_lifecycle.instrumentation.middleware import Middleware
from flask_lifecycle.instrumentation.views import Views
from flask_lifecycle.mount import Mount
from flask_lifecycle.recorder.user_code import caller, is_library, is_ours, user_location

PACKAGE = Path(flask_lifecycle.__file__).parent


def called_through(file: str, depth: int, func: t.Callable[[], t.Any]) -> t.Any:
    """Call a function through others that are written in a file."""
    made: dict[str, t.Any] = {}
    text = "def call(depth, func):\n    return call(depth - 1, func) if depth else func()\n"
    exec(compile(text, file, "exec"), made)
    return made["call"](depth, func)


# A module without statements: coverage reads the file, and counts these lines as run in it.
@pytest.mark.parametrize("file", [recorder.__file__, "<flask_lifecycle>"])
@pytest.mark.parametrize("depth", [0, 1, 7])
def test_a_caller_is_found_through_any_number_of_our_frames(file: str, depth: int) -> None:
    found = called_through(file, depth, caller)
    assert found.f_code is called_through.__code__


@pytest.mark.parametrize("depth", [0, 1, 7])
def test_a_location_is_found_through_any_number_of_frames_of_libraries(depth: int) -> None:
    last = called_through.__code__.co_firstlineno + 5
    assert called_through("<made>", depth, user_location) == (__file__, last)


@pytest.mark.parametrize(
    ("file", "library", "ours"),
    [
        (str(PACKAGE / "store.py"), True, True),
        (str(PACKAGE / "panel" / "filter.py"), True, True),
        ("<flask_lifecycle probe 3>", True, True),
        # An app that lies beside the package, or beside the standard library.
        (f"{PACKAGE}_shop/app.py", False, False),
        (f"{Path(typing_file := str(t.__file__)).parent}-shop/app.py", False, False),
        (typing_file, True, False),
        (str(flask.__file__), True, False),
        ("/srv/shop/app.py", False, False),
        ("<template>", False, False),
        ("<string>", True, False),
    ],
)
def test_whose_a_file_is(file: str, library: bool, ours: bool) -> None:
    assert (is_library(file), is_ours(file)) == (library, ours)


class Dispatching(Flask):
    """Looks the view up itself."""

    def dispatch_request(self, ctx: t.Any = None) -> t.Any:
        rule: t.Any = flask.request.url_rule
        return self.ensure_sync(self.view_functions[rule.endpoint])(
            **(flask.request.view_args or {})
        )


def app_of_many_steps() -> Flask:
    app = Dispatching(__name__)
    app.debug = True
    engine = sqlalchemy.create_engine("sqlite://")
    inner = app.wsgi_app

    def innermost(environ: t.Any, start_response: t.Any) -> t.Any:
        return inner(environ, start_response)

    def outermost(environ: t.Any, start_response: t.Any) -> t.Any:
        return innermost(environ, start_response)

    app.wsgi_app = outermost  # type: ignore[method-assign]
    Lifecycle(app)

    @app.get("/")
    def page() -> t.Any:
        with sqlite3.connect(":memory:") as connection:
            connection.execute("SELECT 1")
        connection.close()
        with engine.connect() as opened:
            opened.execute(sqlalchemy.text("SELECT 2"))
        engine.dispose()
        return stream_template_string("{% macro row() %}1{% endmacro %}{{ row() }}")

    return app


def recorded() -> list[tuple[str, str, str, t.Any]]:
    """Record a request that meets all places where a frame is looked at."""
    app = app_of_many_steps()
    try:
        assert app.test_client().get("/").data.startswith(b"1")
        trace = Lifecycle().traces(app)[0]
    finally:
        Lifecycle().undo(app)
    return [
        (step.stage, step.name, str(step.outcome), step.detail.get("place")) for step in trace.steps
    ]


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (Views, "found"),
        (Middleware, "reached"),
        (Middleware, "_inner"),
        (templates, "announce"),
        (templates.classes, "_note"),
        (signals, "_template"),
        (statements, "begin"),
        (sql, "begin"),
        (sql, "begin_transaction"),
        (sqlite, "begin"),
        (sqlite, "_is_sqlalchemy"),
        (sqlite, "begin_transaction"),
    ],
)
def test_another_frame_of_ours_changes_nothing(
    owner: t.Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_ever = recorded()
    assert {"middleware", "view", "template", "sql"} <= {stage for stage, *_ in as_ever}
    places = [place for _, _, _, place in as_ever if place is not None]
    assert {place["file"] for place in places} == {__file__}
    monkeypatch.setattr(owner, name, fail_open(fail_open(getattr(owner, name))))
    assert recorded() == as_ever


def test_the_panel_is_found_through_another_frame_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Mount, "reach", fail_open(fail_open(Mount.reach)))
    app = Flask(__name__)
    app.debug = True
    app.wsgi_app = DispatcherMiddleware(  # type: ignore[method-assign]
        lambda _environ, _start: [b""], {"/app": app.wsgi_app}
    )
    Lifecycle(app)
    try:
        client = app.test_client()
        assert client.get("/app/_lifecycle/api/traces").status_code == 200
        # Whoever makes a context by himself is to have it.
        with app.test_request_context("/_lifecycle/"):
            assert flask.request.path == "/_lifecycle/"
    finally:
        Lifecycle().undo(app)
