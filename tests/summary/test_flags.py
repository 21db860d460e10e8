"""What is flagged in a request, and what is not."""

from __future__ import annotations

import logging
import sqlite3
import typing as t
from collections.abc import Callable, Iterator
from contextlib import closing, suppress

import pytest
from flask import Flask, Response, abort, redirect

from flask_lifecycle.summary import flags
from flask_lifecycle.summary.summarize import summarize
from tests.helpers.apps import make_app

View = Callable[[Flask], t.Any]


pytestmark = pytest.mark.usefixtures("unhurried")


class OutOfStock(Exception):
    """An error of the app's own."""


def labels(view: View) -> list[tuple[str, str]]:
    """Return the kinds and labels of a request for this view."""
    app, lifecycle = make_app()
    app.logger.propagate = False
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.add_url_rule("/", "view", lambda: view(app) or "")
    app.register_error_handler(OutOfStock, lambda _error: ("Sold out.", 409))
    app.test_client().get("/").close()
    found = summarize(app.extensions["lifecycle"]._store.newest()[0])["flags"]
    lifecycle.undo(app)
    return [(kind, label) for kind, label, reason in found if reason]


def raises(error: type[Exception]) -> View:
    def view(_app: Flask) -> t.Any:
        raise error("secret")

    return view


def sends(*statements: tuple[str, tuple[object, ...]]) -> View:
    def view(_app: Flask) -> t.Any:
        with closing(sqlite3.connect(":memory:")) as database, suppress(sqlite3.Error):
            for statement, parameters in statements:
                database.execute(statement, parameters)

    return view


def logs(*levels: int) -> View:
    def view(app: Flask) -> t.Any:
        for level in levels:
            app.logger.log(level, "said")

    return view


ONE = ("select 1, ?", (1,))
TWO = ("select 1, ?", (2,))
CASES: dict[str, tuple[View, list[tuple[str, str]]]] = {
    "nothing": (lambda _app: "text", []),
    "a redirect": (lambda _app: redirect("/elsewhere"), []),
    "an HTTP exception": (lambda _app: abort(404), []),
    "an HTTP exception with its own text": (lambda _app: abort(409, "1 left"), []),
    "a response that is raised": (lambda _app: abort(Response("no", 418)), []),
    "a server error that is raised": (
        lambda _app: abort(503),
        [("error", "ServiceUnavailable")],
    ),
    "an exception": (raises(KeyError), [("error", "KeyError"), ("ink", "log! 1")]),
    "an exception that a handler answered": (raises(OutOfStock), [("error", "OutOfStock")]),
    "N+1": (sends(*[("select ?", (n,)) for n in range(24)]), [("sql", "N+1: 24×")]),
    "N+1 with the same parameters": (sends(*[ONE] * 7), [("sql", "N+1: 7×")]),
    "four": (sends(*[("select ?", (n,)) for n in range(4)]), []),
    "the same twice": (sends(ONE, TWO, ONE), [("sql", "2× same query")]),
    "other parameters": (sends(ONE, TWO), []),
    "failed": (sends(("select nothing", ())), [("sql", "failed SQL: 1")]),
    "logs": (logs(logging.WARNING, logging.ERROR, logging.INFO), [("ink", "log! 2")]),
    "quiet logs": (logs(logging.INFO, logging.DEBUG), []),
}


@pytest.mark.parametrize(("view", "expected"), CASES.values(), ids=CASES)
def test_what_is_flagged(view: View, expected: list[tuple[str, str]]) -> None:
    assert labels(view) == expected


def test_a_slow_request_is_flagged_and_an_event_stream_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(flags, "SLOW_REQUEST", 0)
    assert labels(lambda _app: "text") == [("ink", "slow")]
    assert labels(lambda _app: Response("data: 1\n\n", mimetype="text/event-stream")) == []


def test_a_request_that_runs_for_too_long_hangs_unless_it_streams(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(flags, "HUNG", 0)
    app, lifecycle = make_app()
    seen: list[list[str]] = []

    def look() -> None:
        trace = app.extensions["lifecycle"]._store.newest()[0]
        seen.append([label for _, label, _ in summarize(trace)["flags"]])

    @app.get("/")
    def stream() -> Iterator[str]:
        look()

        def chunks() -> Iterator[str]:
            look()
            yield "chunk"

        return chunks()

    app.test_client().get("/").close()
    look()
    assert seen == [["hung"], [], []]
    lifecycle.undo(app)


def test_the_text_of_an_answered_exception_is_not_in_its_flag() -> None:
    app, lifecycle = make_app()
    app.add_url_rule("/", "view", lambda: raises(OutOfStock)(app))
    app.register_error_handler(OutOfStock, lambda _error: ("Sold out.", 409))
    app.test_client().get("/").close()
    (flag,) = summarize(app.extensions["lifecycle"]._store.newest()[0])["flags"]
    assert flag == ("error", "OutOfStock", "OutOfStock: The app answered it with 409.")
    lifecycle.undo(app)
