"""The apps that are measured: each function makes one, and names the request to send to it."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator
from functools import cache

from flask import Blueprint, Flask, Response, jsonify, render_template, session
from jinja2 import DictLoader

Workload = Callable[[], tuple[Flask, str]]

BASE = "<!doctype html><title>{{ title }}</title><main>{% block main %}{% endblock %}</main>"
ROWS = (
    "{% extends 'base.html' %}{% block main %}<table>{% for row in rows %}"
    "<tr><td>{{ row }}</td><td>{{ row * 2 }}</td></tr>{% endfor %}</table>{% endblock %}"
)


def _app() -> Flask:
    app = Flask("workload")
    app.secret_key = "benchmark"
    app.jinja_loader = DictLoader({"base.html": BASE, "rows.html": ROWS})
    return app


def hello() -> tuple[Flask, str]:
    """A view that returns a string."""
    app = _app()
    app.add_url_rule("/", "index", lambda: "hello")
    return app, "/"


def typical() -> tuple[Flask, str]:
    """Three blueprints, six hooks, a session, an inherited template with 50 rows."""
    return _typical(lambda: None)


def sql20() -> tuple[Flask, str]:
    """The typical request with 20 statements on SQLite."""
    return _typical(_statements(20))


def sql500() -> tuple[Flask, str]:
    """The typical request with 500 statements on SQLite."""
    return _typical(_statements(500))


def error() -> tuple[Flask, str]:
    """A view that raises, and a handler for its class."""
    app = _app()

    def raises() -> t.NoReturn:
        raise LookupError("gone")

    app.add_url_rule("/", "index", raises)
    app.register_error_handler(LookupError, lambda error: (str(error), 410))
    return app, "/"


def stream() -> tuple[Flask, str]:
    """A body of 100 chunks."""
    app = _app()

    def chunks() -> Iterator[str]:
        for number in range(100):
            yield f"{number}\n"

    app.add_url_rule("/", "index", lambda: Response(chunks()))
    return app, "/"


def json() -> tuple[Flask, str]:
    """A view that returns 50 small objects as JSON."""
    app = _app()
    app.add_url_rule(
        "/", "index", lambda: jsonify([{"id": i, "name": f"name {i}"} for i in range(50)])
    )
    return app, "/"


def _typical(work: Callable[[], None]) -> tuple[Flask, str]:
    app = _app()
    for level in range(3):
        blueprint = Blueprint(f"level{level}", __name__)
        if level == 0:
            _hooks(app)
        elif level == 1:
            _hooks(blueprint)
        else:

            @blueprint.get("/rows/<int:number>")
            def rows(number: int) -> str:
                session["seen"] = number
                work()
                return render_template("rows.html", title="Rows", rows=range(number))

            _hooks(blueprint)
        app.register_blueprint(blueprint)
    return app, "/rows/50"


def _hooks(scaffold: Flask | Blueprint) -> None:
    scaffold.before_request(lambda: None)
    scaffold.after_request(lambda response: response)


def _statements(number: int) -> Callable[[], None]:
    import sqlalchemy as sa

    table = sa.Table("book", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True))

    @cache
    def engine() -> sa.Engine:
        # At the first request: some peers watch those engines only that are made after them.
        made = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
        table.create(made)
        return made

    def work() -> None:
        with engine().connect() as connection:
            for key in range(number):
                connection.execute(sa.select(table).where(table.c.id == key)).all()

    return work


WORKLOADS: dict[str, Workload] = {
    made.__name__: made for made in (hello, typical, sql20, sql500, error, stream, json)
}
