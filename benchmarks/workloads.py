"""The apps that are measured: each function makes one, and names the requests to send to it.

No two requests are the same: what remembers a whole request would always hit. The apps are in debug
mode, as those are that the extension records.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator
from functools import cache

from flask import Blueprint, Flask, Response, g, jsonify, render_template, request, session
from jinja2 import DictLoader
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder

#: An app, and the path of its requests with ``{}`` for the number of each.
Workload = Callable[[], tuple[Flask, str]]

BASE = "<!doctype html><title>{{ title }}</title><main>{% block main %}{% endblock %}</main>"
ROWS = (
    "{% extends 'base.html' %}{% block main %}<table>{% for row in rows %}"
    "<tr><td>{{ row }}</td><td>{{ row * 2 }}</td></tr>{% endfor %}</table>{% endblock %}"
)


PAGE = (
    "{% extends 'base.html' %}{% block main %}{% include 'heading.html' %}{% for row in rows %}"
    "<p>{{ row }} {{ greeting }}</p>{% endfor %}{% endblock %}"
)


def _app() -> Flask:
    app = Flask("workload")
    app.debug = True
    app.secret_key = "benchmark"
    app.jinja_loader = DictLoader(
        {
            "base.html": BASE,
            "rows.html": ROWS,
            "page.html": PAGE,
            "heading.html": "<h1>{{ title }}</h1>",
        }
    )
    return app


def hello() -> tuple[Flask, str]:
    """A view that returns a string."""
    app = _app()
    app.add_url_rule("/", "index", lambda: "hello")
    return app, "/?n={}"


def typical() -> tuple[Flask, str]:
    """Three blueprints, six hooks, a session, an inherited template with 50 rows."""
    return _typical(lambda: None)


def page() -> tuple[Flask, str]:
    """A page as apps have them: hooks that do something, a session that is written, an include."""
    return _page(lambda: None)


def page20() -> tuple[Flask, str]:
    """The page with 20 statements on SQLite."""
    return _page(_statements(20))


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
    return app, "/?n={}"


def stream() -> tuple[Flask, str]:
    """A body of 100 chunks."""
    app = _app()

    def chunks() -> Iterator[str]:
        for number in range(100):
            yield f"{number}\n"

    app.add_url_rule("/", "index", lambda: Response(chunks()))
    return app, "/?n={}"


def json() -> tuple[Flask, str]:
    """A view that returns 50 small objects as JSON."""
    app = _app()
    app.add_url_rule(
        "/", "index", lambda: jsonify([{"id": i, "name": f"name {i}"} for i in range(50)])
    )
    return app, "/?n={}"


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
    return app, "/rows/50?n={}"


def _page(work: Callable[[], None]) -> tuple[Flask, str]:
    app = _app()
    blueprints = [
        Blueprint(f"level{level}", __name__, url_prefix=f"/{level}") for level in range(3)
    ]
    shop = blueprints[0]
    app.before_request(lambda: setattr(g, "user", "ada"))
    app.before_request(lambda: setattr(g, "query", request.args.get("n")))
    shop.before_request(lambda: setattr(g, "level", 3))
    shop.before_request(lambda: setattr(g, "seen", session.get("seen")))
    app.after_request(_with_header)
    shop.after_request(lambda response: response)
    app.teardown_request(lambda _error: None)
    app.teardown_appcontext(lambda _error: None)
    app.context_processor(lambda: {"greeting": "hi"})

    @shop.get("/page/<int:number>")
    def view(number: int) -> str:
        session["seen"] = number
        work()
        return render_template("page.html", title=str(number), rows=range(50))

    for each in blueprints:
        app.register_blueprint(each)
    return app, "/0/page/{}?n={}&q=word"


def _with_header(response: Response) -> Response:
    response.headers["X-Level"] = "1"
    return response


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


def environ(path: str, number: int) -> dict[str, t.Any]:
    """Return a browser's request for a page, which differs from all others."""
    headers = Headers(
        {
            "Cookie": f"visit={number}; theme=dark",
            "User-Agent": "Mozilla/5.0 (X11; Linux x86_64)",
            "Accept": "text/html,application/xhtml+xml",
            "Sec-Fetch-Dest": "document",
        }
    )
    return EnvironBuilder(path.replace("{}", str(number)), headers=headers).get_environ()


WORKLOADS: dict[str, Workload] = {
    made.__name__: made for made in (hello, typical, page, page20, sql500, error, stream, json)
}
