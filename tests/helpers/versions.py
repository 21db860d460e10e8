"""An app of which a second version is served after a restart: ``create_app(folder)``."""

from __future__ import annotations

import secrets
import sqlite3
import time
from pathlib import Path

from flask import Blueprint, Flask, Response, abort, g, redirect, render_template_string, session
from flask.typing import ResponseReturnValue

from flask_lifecycle import Lifecycle

#: The file of its folder in which its version stands: 1, or 2.
VERSION = "version"


def create_app(folder: str) -> Flask:
    """Make the version that the folder says."""
    is_new = (Path(folder) / VERSION).read_text() == "2"
    app = Flask("books", instance_path=folder)
    app.config["SECRET_KEY"] = "not a secret"
    Lifecycle(app)
    _hooks(app, is_new=is_new)
    books = Blueprint("books", __name__, url_prefix="/books")
    _views(books, is_new=is_new)
    app.register_blueprint(books)
    app.add_url_rule("/", "index", lambda: "hello")
    app.add_url_rule("/changed", "changed", lambda: "done", methods=["POST"])
    return app


def _hooks(app: Flask, *, is_new: bool) -> None:
    @app.before_request
    def connect() -> None:
        g.db = sqlite3.connect(":memory:")
        g.db.execute("CREATE TABLE author (id, name)")

    def load_cart() -> None:
        g.db.execute("SELECT name FROM author WHERE name = 'cart'").fetchall()
        g.cart = []

    def load_flags() -> None:
        session["flags"] = g.flags = 1

    app.before_request(load_flags if is_new else load_cart)

    @app.after_request
    def name(response: Response) -> Response:
        response.headers["X-Request-Id"] = secrets.token_hex(8)
        return response

    @app.teardown_request
    def close(_error: BaseException | None) -> None:
        g.db.close()


def _views(books: Blueprint, *, is_new: bool) -> None:
    @books.get("/<int:number>")
    def show(number: int) -> ResponseReturnValue:
        if is_new:
            g.db.execute("SELECT id, name FROM author WHERE id IN (?, ?)", (1, 2)).fetchall()
        else:
            # A time that no busy machine makes up for.
            time.sleep(0.4)
            for each in range(10):
                g.db.execute("SELECT id, name FROM author WHERE id = ?", (each,)).fetchall()
        page = render_template_string("<p>{{ number }}</p>", number=number)
        return Response(page, headers={"ETag": '"new"' if is_new else '"old"'})

    @books.get("/sold")
    def sold() -> str:
        if not is_new:
            abort(409)
        return "found again"

    @books.get("/lent")
    def lent() -> ResponseReturnValue:
        return redirect("/") if is_new else "here"

    @books.get("/lost")
    def lost() -> str:
        if is_new:
            raise LookupError("It is not where it was.")
        return "here"
