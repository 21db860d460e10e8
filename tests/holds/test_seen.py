"""What there is to see of a held request."""

from __future__ import annotations

import sys
import typing as t
from itertools import count

from flask import Flask

from flask_lifecycle.holds import seen
from flask_lifecycle.holds.seen import _named, _stack
from flask_lifecycle.redact import Redactor
from flask_lifecycle.trace.tracepoint import Tracepoint
from tests.helpers.apps import make_app
from tests.helpers.meanwhile import meanwhile


class Middleware:
    def __init__(self, app: t.Any) -> None:
        self.app = app

    def __call__(self, environ: dict[str, t.Any], start_response: t.Any) -> t.Any:
        return self.app(environ, start_response)


def functions_in(app: Flask, entry: t.Any) -> list[str]:
    """Return the functions that are on the stack of a request, as its server makes it."""
    found: list[str] = []

    def index() -> str:
        found.extend(each["function"] for each in _stack(Tracepoint("view", "index"), None))
        return ""

    app.add_url_rule("/", "index", index)
    environ = app.test_request_context("/").request.environ
    b"".join(entry(environ, lambda *_: None))
    return found


def test_the_stack_ends_where_the_server_calls_the_app() -> None:
    here = sys._getframe().f_code.co_name
    whole, _ = make_app()
    t.cast("t.Any", whole).wsgi_app = Middleware(whole.wsgi_app)
    found = functions_in(whole, whole)
    assert (found[0], found[-1]) == ("index", "__call__")
    assert here not in found
    inner, _ = make_app()
    # As by a dispatcher that has the method.
    found = functions_in(inner, inner.wsgi_app)
    assert (found[0], found[-1]) == ("index", "wsgi_app")
    assert here not in found


def test_a_session_is_changed_while_it_is_read() -> None:
    held, numbers = {"user": "ada"}, count()

    def change() -> None:
        held[f"other{next(numbers)}"] = ""

    with meanwhile(change, seen):
        assert _named(Redactor(), held, "session")["user"] == "ada"
