"""A copied statement does in a database's own shell what the recorded one did."""

from __future__ import annotations

import sqlite3
import typing as t

import pytest
import sqlalchemy as sa

from flask_lifecycle.redact import MASK
from flask_lifecycle.source.runnable import literal, runnable
from tests.helpers.apps import LOCAL, make_app, steps_of

ODD = ["it's", "back\\slash", "?, :a and %s", "-- /* ", "tab\tline\n", "é ❄", "", " "]


@pytest.mark.parametrize("value", [*ODD, None, True, False, 0, -7, 1.5, 2**40])
def test_sqlite_reads_the_value_back(value: t.Any) -> None:
    connection = sqlite3.connect(":memory:")
    (given,) = connection.execute("SELECT ?", (value,)).fetchone()
    detail = {"statement": "SELECT ?", "dialect": "sqlite", "parameters": [value]}
    (read,) = connection.execute(runnable(detail).sql).fetchone()
    assert (read, type(read)) == (given, type(given))
    connection.close()


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize("database", ["postgresql", "mysql", "mssql"])
def test_other_databases_get_what_sqlalchemy_would_write(database: str, value: str) -> None:
    dialect = sa.make_url(f"{database}://").get_dialect()()
    # SQLAlchemy 2.0 takes backslashes for escapes until PostgreSQL says that they are none.
    if database == "postgresql":
        vars(dialect)["_backslash_escapes"] = False
    kind = sa.String() if value.isascii() else sa.Unicode()
    written = sa.literal(value, kind).compile(
        dialect=dialect, compile_kwargs={"literal_binds": True}
    )
    # SQLAlchemy doubles percent signs for the driver.
    assert literal(value, dialect.name) == str(written).replace("%%", "%")


def test_it_runs_from_the_request_to_the_shell() -> None:
    app, lifecycle = make_app()
    app.debug = True
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    rows: list[t.Any] = []

    @app.get("/")
    def index() -> str:
        with engine.begin() as db:
            db.execute(sa.text("CREATE TABLE note (id INTEGER, text TEXT, password TEXT)"))
            db.execute(
                sa.text("INSERT INTO note VALUES (:id, :text, :password)"),
                [{"id": n, "text": f"it's {n}", "password": "pa55"} for n in range(12)],
            )
            rows.extend(db.execute(sa.text("SELECT id FROM note WHERE text = :t"), {"t": "it's 3"}))
        return ""

    app.test_client().get("/").close()
    (trace,) = lifecycle.traces(app)
    _, insert, select = [
        step for step in steps_of(trace, "sql") if step.detail["kind"] == "statement"
    ]

    def asked(step: t.Any) -> t.Any:
        path = f"/_lifecycle/api/traces/{trace.id}/steps/{step.id}/statement"
        return app.test_client().get(path, environ_base=LOCAL).get_json()

    found = asked(select)
    assert found["missing"] == []
    with engine.connect() as db:
        assert db.exec_driver_sql(found["runnable"]).all() == rows == [(3,)]
    found = asked(insert)
    assert "pa55" not in str(found)
    assert any("2 more sets of parameters" in each for each in found["missing"])
    assert any("redacted" in each for each in found["missing"])
    assert found["runnable"].startswith("-- Not filled in: ")
    engine.dispose()
    lifecycle.undo(app)


@pytest.mark.parametrize(
    ("detail", "sql", "missing"),
    [
        (
            {"statement": "UPDATE t SET p = ? WHERE id = ?", "parameters": [MASK, 3]},
            "-- Not filled in: value 1: redacted\nUPDATE t SET p = ? WHERE id = 3;",
            ("value 1: redacted",),
        ),
        (
            {"statement": "SELECT :blob", "parameters": {"blob": "<9 bytes>"}},
            "-- Not filled in: :blob: not recorded whole\nSELECT :blob;",
            (":blob: not recorded whole",),
        ),
        (
            {"statement": "SELECT %s, '100%%'", "parameters": [{"a": 1}], "dialect": "postgresql"},
            "-- Not filled in: value 1: its type has no literal\nSELECT %s, '100%';",
            ("value 1: its type has no literal",),
        ),
        (
            {"statement": "SELECT %(a)s;", "parameters": {"a": [1, "x"]}, "dialect": "postgresql"},
            "SELECT ARRAY[1, 'x'];",
            (),
        ),
        (
            {"statement": f"SELECT {MASK}", "parameters": []},
            f"-- Not filled in: values in the statement: redacted\nSELECT {MASK};",
            ("values in the statement: redacted",),
        ),
        (
            {"statement": "INSERT INTO t VALUES (?)", "parameters": [[1], [2]], "many": True},
            "INSERT INTO t VALUES (1);\nINSERT INTO t VALUES (2);",
            (),
        ),
    ],
)
def test_it_says_what_it_lacks(detail: t.Any, sql: str, missing: tuple[str, ...]) -> None:
    found = runnable(detail)
    assert found.missing == missing
    assert found.sql == sql
