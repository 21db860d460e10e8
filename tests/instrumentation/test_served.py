from __future__ import annotations

import typing as t
from wsgiref.util import setup_testing_defaults

import httpx
import pytest
from werkzeug.test import Client, EnvironBuilder

from flask_lifecycle.instrumentation.served import is_served


class Recorded:
    environ: dict[str, t.Any]

    def __call__(self, environ: dict[str, t.Any], start_response: t.Any) -> list[bytes]:
        self.environ = environ
        start_response("200 OK", [])
        return []


def of_flask() -> dict[str, t.Any]:
    from flask import Flask, request

    app = Flask("tested")
    app.add_url_rule("/", "index", lambda: "")
    with app.test_client() as client:
        client.get("/")
        return dict(request.environ)


def of_werkzeug() -> dict[str, t.Any]:
    app = Recorded()
    Client(app).get("/")
    return app.environ


def of_httpx() -> dict[str, t.Any]:
    app = Recorded()
    with httpx.Client(transport=httpx.WSGITransport(app=app)) as client:
        client.get("http://localhost/")
    return app.environ


def of_wsgiref() -> dict[str, t.Any]:
    environ: dict[str, t.Any] = {}
    setup_testing_defaults(environ)
    return environ


@pytest.mark.parametrize(
    "made",
    [of_flask, of_werkzeug, of_httpx, of_wsgiref, EnvironBuilder().get_environ],
    ids=["flask", "werkzeug", "httpx", "wsgiref", "builder"],
)
def test_no_test_client_is_a_server(made: t.Callable[[], dict[str, t.Any]]) -> None:
    assert not is_served(made())
