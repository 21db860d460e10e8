"""What stands around ``wsgi_app`` is seen as far as it can be told."""

from __future__ import annotations

import typing as t

import pytest
from flask import Flask, url_for
from werkzeug.middleware.proxy_fix import ProxyFix

from flask_lifecycle import Lifecycle
from flask_lifecycle.writers import NOBODY


def closed(app: t.Any) -> t.Any:
    """Return a middleware that keeps what it wraps to itself."""

    def inner(environ: t.Any, start_response: t.Any) -> t.Any:
        return app(environ, start_response)

    return inner


def test_a_layer_is_looked_through_where_it_shows_what_it_wraps() -> None:
    app = Flask(__name__)
    app.config["LIFECYCLE_ENABLED"] = True
    lifecycle = Lifecycle(app)
    app.add_url_rule("/", "view", lambda: "x")
    wrapped: t.Any = app
    wrapped.wsgi_app = ProxyFix(closed(ProxyFix(app.wsgi_app)))
    for _ in range(2):
        assert app.test_client().get("/").text == "x"
        steps = [step for step in lifecycle.traces(app)[0].steps if step.stage == "middleware"]
        assert [step.name for step in steps] == ["ProxyFix", "inner"]
        outer, inner = steps
        assert (outer.parent, inner.parent) == (0, outer.id)
        assert (outer.detail, inner.detail) == ({}, {"untimed": True})


def test_another_middleware_is_seen_once_it_is_there() -> None:
    app = Flask(__name__)
    app.config["LIFECYCLE_ENABLED"] = True
    lifecycle = Lifecycle(app)
    app.add_url_rule("/", "view", lambda: "x")
    wrapped: t.Any = app
    seen = []
    for _ in range(3):
        app.test_client().get("/").close()
        steps = lifecycle.traces(app)[0].steps
        seen.append([step.name for step in steps if step.stage == "middleware"])
        wrapped.wsgi_app = ProxyFix(app.wsgi_app)
    assert seen == [[], ["ProxyFix"], ["ProxyFix", "ProxyFix"]]


def test_a_request_that_is_not_recorded_is_nobodys_all_the_way() -> None:
    app = Flask(__name__)
    app.config.update(LIFECYCLE_ENABLED=True, LIFECYCLE_IGNORE=["/static/*"])
    Lifecycle(app)
    wrapped: t.Any = app
    wrapped.wsgi_app = ProxyFix(app.wsgi_app)
    outer = Flask("outer")
    outer.config["LIFECYCLE_ENABLED"] = True
    lifecycle = Lifecycle(outer)
    outer.add_url_rule("/", "view", lambda: app.test_client().get("/static/x").text)

    outer.test_client().get("/").close()
    assert "middleware" not in [step.stage for step in lifecycle.traces(outer)[0].steps]
    app.test_client().get("/static/x").close()
    assert NOBODY.log == []
    # Each once.
    assert app.extensions["lifecycle"]._store.ignored == 2


@pytest.mark.parametrize("middleware", [False, True])
def test_a_call_of_the_apps_own_is_called(middleware: bool) -> None:
    class Mounted(Flask):
        def __call__(self, environ: t.Any, start_response: t.Any) -> t.Any:
            return super().__call__({**environ, "SCRIPT_NAME": "/at"}, start_response)

    app = Mounted(__name__)
    app.config["LIFECYCLE_ENABLED"] = True
    lifecycle = Lifecycle(app)
    app.add_url_rule("/", "view", lambda: url_for("view"))
    wrapped: t.Any = app
    if middleware:
        wrapped.wsgi_app = ProxyFix(app.wsgi_app)
    assert app.test_client().get("/").text == "/at/"
    [trace] = lifecycle.traces(app)
    stages = [step.stage for step in trace.steps]
    assert stages[:2] == (["wsgi", "middleware"] if middleware else ["wsgi", "request_context"])
    assert stages.count("request_context") == 1


@pytest.mark.parametrize("middleware", [False, True])
def test_a_call_that_is_patched_later_is_called(
    middleware: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where Sentry puts its own around Flask's."""
    app = Flask(__name__)
    app.config["LIFECYCLE_ENABLED"] = True
    lifecycle = Lifecycle(app)
    app.add_url_rule("/", "view", lambda: "x")
    wrapped: t.Any = app
    if middleware:
        wrapped.wsgi_app = ProxyFix(app.wsgi_app)
    own = Flask.__call__
    seen: list[str] = []

    def patched(self: Flask, environ: t.Any, start_response: t.Any) -> t.Any:
        seen.append(environ["PATH_INFO"])
        return own(self, environ, start_response)

    monkeypatch.setattr(Flask, "__call__", patched)
    assert app.test_client().get("/").text == "x"
    assert seen == ["/"]
    assert len(lifecycle.traces(app)) == 1
