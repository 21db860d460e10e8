"""What stands around ``wsgi_app`` is seen as far as it can be told."""

from __future__ import annotations

import typing as t

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from flask_lifecycle import Lifecycle


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
