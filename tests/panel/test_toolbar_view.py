"""What the toolbar is told of a request."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import typing as t
import weakref
from types import FunctionType

import pytest
from flask import Blueprint, Flask, after_this_request, g, request, session
from flask.typing import ResponseReturnValue
from sqlalchemy import create_engine, text

from flask_lifecycle import Lifecycle
from flask_lifecycle.panel.toolbar_view import ROWS, toolbar_view

SECRET = "swordfish"

pytestmark = pytest.mark.usefixtures("unhurried")


@pytest.fixture
def app() -> Flask:
    app = Flask(__name__)
    app.config.update(SECRET_KEY="x", LIFECYCLE_ENABLED=True)
    engine = create_engine("sqlite://")
    weakref.finalize(app, engine.dispose)  # Python 3.13 warns of connections left open
    outer, inner = Blueprint("outer", __name__), Blueprint("inner", __name__)

    def ask(times: int) -> None:
        with engine.connect() as connection:
            for _ in range(times):
                connection.execute(text("SELECT 'swordfish'"))

    @app.before_request
    def load() -> ResponseReturnValue | None:
        ask(1)
        return ("No.", 403) if "refused" in request.args else None

    @app.after_request
    def headers(response: t.Any) -> t.Any:
        response.set_cookie("own", SECRET)
        return response

    @app.teardown_request
    def close(_error: BaseException | None) -> None: ...

    @outer.before_request
    def guard() -> None:
        session["own"] = SECRET
        g.own = SECRET

    @inner.after_request
    def etag(response: t.Any) -> t.Any:
        return response

    @inner.get("/show/<own>")
    def show(own: str) -> str:
        @after_this_request
        def remember(response: t.Any) -> t.Any:
            return response

        ask(6)
        app.logger.error("It is %s.", own)
        return f"<!doctype html><body>{own}</body>"

    @app.get("/crash")
    def crash() -> str:
        raise RuntimeError("It broke.")

    @app.errorhandler(500)
    def sorry(_error: Exception) -> tuple[str, int]:
        return "Sorry.", 500

    outer.register_blueprint(inner)
    app.register_blueprint(outer)
    return app


def ask(app: Flask, path: str) -> dict[str, t.Any]:
    """Send a request; return what the toolbar would be told of it."""
    Lifecycle(app)
    store = app.extensions["lifecycle"]._store
    app.test_client().get(path, headers={"Cookie": f"own={SECRET}", "X-Own": SECRET})
    return toolbar_view(store.newest()[0])


def rows(said: dict[str, t.Any], side: str) -> dict[str, list[str]]:
    return {layer["label"]: [row["name"] for row in layer[side]] for layer in said["layers"]}


def test_functions_stand_in_their_layers(app: Flask) -> None:
    said = ask(app, "/show/x")
    assert rows(said, "in") == {
        "contexts": [],
        "app": ["load"],
        "outer": ["guard"],
        "outer.inner": [],
    }
    assert rows(said, "out") == {
        "contexts": ["close"],
        "app": ["headers"],
        "outer": [],
        "outer.inner": ["etag", "remember"],
    }
    assert said["view"]["name"] == "show"
    assert said["document"] is True


def test_statements_stand_with_the_function_that_asked(app: Flask) -> None:
    said = ask(app, "/show/x")
    assert said["sql"][0] == 7
    assert said["layers"][1]["in"][0]["sql"] == 1
    assert said["view"]["sql"] == len(said["bars"]["sql"]) == 6
    begin, end = said["view"]["begin"], said["view"]["begin"] + said["view"]["took"]
    assert all(begin <= one <= other <= end for one, other in said["bars"]["sql"])
    assert [text for _, text, _ in said["warnings"]] == ["N+1: 6×", "log! 1"]


def test_what_turned_early_is_told(app: Flask) -> None:
    said = ask(app, "/show/x?refused")
    assert said["view"] is None
    assert said["instead"] == "view skipped"
    assert said["back"]
    assert said["layers"][1]["in"][0]["outcome"] == "short_circuit"
    assert rows(said, "out")["app"] == ["headers"]


def test_what_runs_is_told_as_far_as_it_has_come(app: Flask) -> None:
    seen: list[dict[str, t.Any]] = []

    def look() -> None:
        seen.append(toolbar_view(app.extensions["lifecycle"]._store.newest()[0]))

    @app.get("/looks")
    def looks() -> str:
        look()
        return ""

    app.before_request(look)

    @app.after_request
    def looks_too(response: t.Any) -> t.Any:
        look()
        return response

    ask(app, "/looks")
    on_the_way_in, in_the_view, on_the_way_out = seen
    assert on_the_way_in["instead"] == "not there yet"
    assert [each["back"] for each in seen] == [False, False, True]
    assert [each["state"] for each in seen] == ["running"] * 3
    assert in_the_view["instead"] is None
    assert in_the_view["view"]["outcome"] is None
    assert in_the_view["view"]["took"] > 1
    assert on_the_way_out["view"]["outcome"] == "ok"


def test_an_error_and_its_handler_are_told(app: Flask) -> None:
    said = ask(app, "/crash")
    assert said["error"] == ["RuntimeError", "It broke."]
    assert said["warnings"][0][:2] == ("error", "RuntimeError")
    assert said["view"]["outcome"] == "raised"
    assert said["handler"]["name"] == "sorry"


@pytest.mark.parametrize(("code", "told"), [(500, True), (503, True), (409, False)])
def test_what_a_handler_answered_with_5xx_is_told(app: Flask, code: int, told: bool) -> None:
    @app.errorhandler(RuntimeError)
    def failed(_error: Exception) -> tuple[str, int]:
        return "Sorry.", code

    said = ask(app, "/crash")
    assert said["error"] == (["RuntimeError", "It broke."] if told else None)
    reason = "It broke." if told else "The app answered it with 409."
    assert said["warnings"] == [("error", "RuntimeError", f"RuntimeError: {reason}")]


def test_statements_that_failed_are_told_though_the_app_went_on(app: Flask) -> None:
    @app.get("/goes-on")
    def goes_on() -> str:
        connection = sqlite3.connect(":memory:")
        for _ in range(2):
            with contextlib.suppress(sqlite3.Error):
                connection.execute("SELECT swordfish FROM nowhere")
        connection.close()
        return "It went on."

    said = ask(app, "/goes-on")
    assert (said["status"], said["error"]) == (200, None)
    assert [text for _, text, _ in said["warnings"]] == ["2× same query", "failed SQL: 2"]
    assert SECRET not in json.dumps(said)


def test_many_functions_are_folded(app: Flask) -> None:
    def hook(_response: t.Any) -> t.Any:
        return _response

    for number in range(30):
        app.after_request(FunctionType(hook.__code__, globals(), f"hook_{number}"))
    out = next(layer for layer in ask(app, "/crash")["layers"] if layer["label"] == "app")["out"]
    assert len(out) == ROWS
    assert sum(row["step"] is None for row in out) == 1
    assert next(row["name"] for row in out if row["step"] is None) == f"+{31 - (ROWS - 1)} hooks"


def test_what_was_collected_is_counted(app: Flask) -> None:
    # By the guard, by `headers`, and by the session when it is saved.
    assert ask(app, "/show/x")["about"] == "outer.inner.show · 3 changes · 1 log"


def test_it_holds_nothing_that_only_the_panel_shows(app: Flask) -> None:
    said = ask(app, "/show/x")
    assert SECRET not in json.dumps(said)
    assert "SELECT" not in json.dumps(said)
    assert __file__ not in json.dumps(said)
