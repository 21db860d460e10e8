"""What a summary counts."""

from __future__ import annotations

import sqlite3

from flask import flash, g, render_template_string

from flask_lifecycle.summary.flags import REPEATED
from flask_lifecycle.summary.summarize import summarize
from tests.helpers.apps import make_app


def test_it_counts_what_was_collected() -> None:
    app, lifecycle = make_app()

    @app.get("/")
    def index() -> str:
        g.db = sqlite3.connect(":memory:")
        for number in range(REPEATED):
            g.db.execute("select ?", (number,))
        for number in range(REPEATED - 1):
            g.db.execute("select 1, ?", (number,))
        g.db.close()
        flash("one")
        app.logger.warning("warned")
        app.logger.error("failed")
        return render_template_string("text")

    app.add_url_rule("/nothing", "nothing", lambda: "nothing")
    with app.test_client() as client:
        client.get("/").close()
        client.get("/nothing").close()
    nothing, index_trace = app.extensions["lifecycle"]._store.newest()
    assert summarize(nothing)["counts"] == {}
    assert summarize(index_trace)["counts"] == {
        "sql": 2 * REPEATED - 1,
        "template": 1,
        "log": 2,
        "flash": 1,
        "changes": 2,  # the view, and the session's cookie
        "errors": 1,
        "repeated": 1,
    }
    assert summarize(index_trace)["changed"] == {"g": ["db"], "session": ["_flashes"]}
    lifecycle.undo(app)


def test_the_same_statement_from_other_places_is_not_repeated() -> None:
    app, lifecycle = make_app()

    @app.get("/")
    def index() -> str:
        db = sqlite3.connect(":memory:")
        db.execute("select 1")
        db.execute("select 1")
        db.execute("select 1")
        db.execute("select 1")
        db.execute("select 1")
        db.close()
        return "index"

    app.test_client().get("/").close()
    (trace,) = app.extensions["lifecycle"]._store.newest()
    assert summarize(trace)["counts"] == {"sql": REPEATED}
    lifecycle.undo(app)
