"""The steps of a request that ends while its app still works on it, by another thread say."""

from __future__ import annotations

import sqlite3
import threading
import typing as t
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from flask import Flask, Response, render_template_string, request_started
from werkzeug.test import EnvironBuilder

from tests.helpers.apps import make_app

Closes = Callable[[], int]


def sql(_app: Flask, closes: Closes) -> t.Any:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.create_function("closes", 0, closes)
        return connection.execute("SELECT closes()").fetchall()


def failing_sql(_app: Flask, closes: Closes) -> t.Any:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.create_function("closes", 0, lambda: closes() / 0)
        with pytest.raises(sqlite3.OperationalError):
            connection.execute("SELECT closes()").fetchall()
    return None


def template(app: Flask, closes: Closes) -> t.Any:
    source = "{% block a %}{{ closes() }}{% endblock %}{% macro b() %}2{% endmacro %}{{ b() }}"
    with app.app_context():
        return render_template_string(source, closes=closes)


def streamed_template(app: Flask, closes: Closes) -> t.Any:
    source = "{% block a %}{{ closes() }}{% endblock %}"
    return [*app.jinja_env.from_string(source).generate(closes=closes)]


def signal(app: Flask, closes: Closes) -> t.Any:
    def receiver(_sender: t.Any) -> None:
        closes()

    with request_started.connected_to(receiver, app):
        return [each for _receiver, each in request_started.send(app)]


WORKS: list[tuple[Callable[[Flask, Closes], t.Any], t.Any]] = [
    (lambda _app, closes: closes(), 1),
    (sql, [(1,)]),
    (failing_sql, None),
    (template, "12"),
    (streamed_template, ["1"]),
    (signal, [None]),
]


@pytest.mark.parametrize(("work", "expected"), WORKS)
def test_what_runs_when_its_request_ends_is_as_without(
    work: t.Any, expected: t.Any, caplog: pytest.LogCaptureFixture
) -> None:
    app: t.Any = make_app()[0]
    worked: list[t.Any] = []

    def closes() -> int:
        thread = threading.Thread(target=refused)
        thread.start()
        thread.join()
        return 1

    def refused() -> None:
        # Python closes no generator that runs.
        with pytest.raises(ValueError, match="already executing"):
            body.close()

    def chunks() -> Iterator[bytes]:
        yield b"a"
        worked.append(work(app, closes))
        yield b"b"

    app.add_url_rule("/", "view", lambda: Response(chunks()))
    body: t.Any = app(EnvironBuilder().get_environ(), lambda *_: None)
    assert list(body) == [b"a", b"b"]
    assert worked == [expected]
    assert not caplog.records
