"""Contexts record in a request, whatever makes them, and access to them is not slowed down."""

from __future__ import annotations

import gc
import types
import typing as t

import flask
import flask.app
import flask.ctx
import pytest
from flask import Flask

from flask_lifecycle import Lifecycle
from flask_lifecycle._compat import REQUEST_CONTEXT, SEPARATE_CONTEXTS
from flask_lifecycle.core import compiled
from flask_lifecycle.instrumentation.contexts import Contexts
from tests.helpers.apps import make_app

OWN: t.Any = vars(flask.ctx).get("RequestContext", flask.ctx.AppContext)
PUSH = "request_context_push" if SEPARATE_CONTEXTS else "app_context_push"


def context_of(app: Flask) -> t.Any:
    """Return the context of a request while it runs, with whether its attributes are in a dict."""
    seen: list[t.Any] = []

    def view() -> str:
        context = vars(flask.globals)[REQUEST_CONTEXT].get()
        in_dict = any(type(each) is dict and "app" in each for each in gc.get_referents(context))
        seen.extend((type(context), in_dict))
        return ""

    app.add_url_rule("/", "index", view)
    assert app.test_client().get("/").status_code == 200
    return seen


def pushes(lifecycle: Lifecycle, app: Flask) -> list[str]:
    return [each.name for each in lifecycle.traces(app)[0].steps if each.stage == PUSH]


def test_no_dict_is_made_of_their_attributes() -> None:
    bare = Flask(__name__)
    app, lifecycle = make_app()
    (_, in_dict), (kind, in_dict_now) = context_of(bare), context_of(app)
    # In Python, the class of a context is assigned when it is made.
    assert in_dict_now == (in_dict or compiled is None)
    assert kind.__mro__[1] is OWN
    assert pushes(lifecycle, app) == [OWN.__name__]


def test_another_class_of_contexts_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    app, lifecycle = make_app()

    class Mine(OWN):  # type: ignore[misc]
        pass

    monkeypatch.setattr(flask.app, OWN.__name__, Mine)
    kind, _ = context_of(app)
    assert kind.__mro__[1] is Mine
    assert pushes(lifecycle, app) == ["Mine"]


def test_another_body_of_the_method_that_makes_them_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    app, lifecycle = make_app()
    ran: list[str] = []
    method = Flask.request_context
    own = types.FunctionType(method.__code__, method.__globals__)

    def request_context(self: t.Any, environ: t.Any) -> t.Any:
        flask.g_ran.append("other")  # type: ignore[attr-defined]
        return flask.g_own(self, environ)  # type: ignore[attr-defined]

    monkeypatch.setattr(flask, "g_ran", ran, raising=False)
    monkeypatch.setattr(flask, "g_own", own, raising=False)
    monkeypatch.setitem(method.__globals__, "flask", flask)
    monkeypatch.setattr(method, "__code__", request_context.__code__)
    kind, _ = context_of(app)
    assert ran == ["other"]
    assert kind.__mro__[1] is OWN
    assert pushes(lifecycle, app) == [OWN.__name__]


def test_contexts_outside_of_requests_are_flasks_own() -> None:
    app, _ = make_app()
    with app.test_request_context() as context:
        assert type(context) is OWN
    with app.app_context() as pushed:
        assert type(pushed) is flask.ctx.AppContext


def test_what_fails_leaves_the_app_its_contexts(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: t.Any) -> t.NoReturn:
        raise ValueError("x")

    monkeypatch.setattr(Contexts, "_class", fail)
    with caplog.at_level("WARNING", "flask_lifecycle"):
        app, lifecycle = make_app()
        kind, _ = context_of(app)
    assert kind is OWN
    assert pushes(lifecycle, app) == []
    said = [each.message for each in caplog.records if each.name == "flask_lifecycle"]
    assert ["_maker" in said[0], "_adopt" in said[1], len(said)] == [True, True, 2]
