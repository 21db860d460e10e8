"""In short, statements can be told apart, whatever their dialect and however broken they are."""

from __future__ import annotations

import random
import sqlite3
import typing as t

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_lifecycle.redact import MASK
from flask_lifecycle.trace.sql_summary import summary
from tests.helpers.apps import make_app, steps_of


class Base(orm.DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "user"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]


class Post(Base):
    __tablename__ = "post"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    title: orm.Mapped[str]
    user_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("user.id"))
    user: orm.Mapped[User] = orm.relationship()


def test_what_the_orm_sends_is_told_by_its_tables_and_values() -> None:
    app, lifecycle = make_app()
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    Base.metadata.create_all(engine)

    @app.get("/")
    def index() -> str:
        with orm.Session(engine) as session:
            session.add(Post(title="It's here", user=User(name="ada")))
            session.flush()
            session.scalars(
                sa.select(Post).join(Post.user).where(User.id == 1, Post.title.is_not(None))
            ).all()
            session.scalars(sa.select(User.id).where(User.id.in_(range(8)))).all()
        return ""

    app.test_client().get("/").close()
    engine.dispose()
    (trace,) = lifecycle.traces(app)
    details = [step.detail for step in steps_of(trace, "sql") if "summary" in step.detail]
    assert [each["summary"] for each in details] == [
        "INSERT INTO user (name) VALUES ('ada')",
        "INSERT INTO post (title, user_id) VALUES ('It''s here', 1)",
        "SELECT … FROM post JOIN user WHERE user.id = 1 AND post.title IS NOT NULL",
        "SELECT user.id FROM user WHERE user.id IN (0, 1, 2, 3, 4, …)",
    ]
    assert {each["dialect"] for each in details} == {"sqlite"}
    lifecycle.undo(app)


@pytest.mark.parametrize(
    ("text", "values", "dialect", "told"),
    [
        ("SELECT 1", [], None, "SELECT 1"),
        (
            "select a, b, c_of_many_characters from t where id=%(id)s and x like '%%y'",
            {"id": 5},
            "postgresql",
            "select … from t where id=5 and x like '%y'",
        ),
        (
            """SELECT DISTINCT "a"."b", count(*) AS how_many FROM "a" LEFT OUTER JOIN `c`
            ON "a".x = c.x AND (c.y = ? OR c.z) WHERE "a".w = ?""",
            ["left out", True],
            "sqlite",
            "SELECT DISTINCT … FROM a LEFT OUTER JOIN c WHERE a.w = TRUE",
        ),
        (
            "SELECT $1::INTEGER AS one, $2::VARCHAR AS other FROM t WHERE a = $1 AND b ? 'key'",
            [4, "x"],
            "postgresql",
            "SELECT … FROM t WHERE a = 4 AND b ? 'key'",
        ),
        (
            "SELECT aaaaaaaa, bbbbbbbbb, ccccccccc FROM t WHERE x = 'it\\'s ?' AND y = %s",
            ["q"],
            "mysql",
            "SELECT … FROM t WHERE x = 'it\\'s ?' AND y = 'q'",
        ),
        (
            """/* by ? */ WITH c AS (SELECT a, b, c_of_many_characters FROM d WHERE e = :e) -- ?
            SELECT * FROM c;""",
            {"e": None},
            None,
            "WITH c AS (SELECT … FROM d WHERE e = NULL) SELECT * FROM c",
        ),
        (
            "INSERT INTO t (id) VALUES (?) ON CONFLICT (id) DO UPDATE SET id = excluded.id",
            [1],
            None,
            "INSERT INTO t (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET id = excluded.id",
        ),
        ("UPDATE t SET password = ? WHERE id = ?", [MASK, 3], None,
         f"UPDATE t SET password = {MASK} WHERE id = 3"),
        ("SELECT :a, ?2, @b", {"c": 1}, None, "SELECT :a, ?2, @b"),
        ("SELECT ?", [], None, "SELECT ?"),
        ("", [], None, ""),
    ],
)  # fmt: skip
def test_it_reads_any_dialect(text: str, values: t.Any, dialect: str | None, told: str) -> None:
    assert summary(text, values, dialect) == told


def test_of_several_sets_it_shows_the_first() -> None:
    text = "INSERT INTO t (a, b) VALUES (?, ?)"
    assert summary(text, [[1, "x"], [2, "y"]], "sqlite", many=True) == (
        "INSERT INTO t (a, b) VALUES (1, 'x')"
    )


def test_unfolded_it_is_what_sqlite_says_it_ran() -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (a, b)")
    traced: list[str] = []
    connection.set_trace_callback(traced.append)
    cases: list[tuple[str, t.Any]] = [
        ("SELECT a FROM t WHERE a = ? AND b = '?' AND a <> ?", ("it's", 2)),
        ("SELECT a FROM t WHERE a = ?2 AND b = ?1", (1, None)),
        ("SELECT a FROM t WHERE a = :a AND b = @b AND a > $c", {"a": 1, "b": "x:a", "c": -2}),
    ]
    for text, values in cases:
        traced.clear()
        connection.execute(text, values)
        shown = summary(text, list(values) if isinstance(values, tuple) else values, "sqlite")
        assert [shown] == traced
    connection.close()


def test_nothing_breaks_it() -> None:
    made = random.Random(7)
    parts = ["SELECT", " ", "FROM", "(", ")", ",", "'", '"', "`", "[", "ON", "JOIN", "INTO", "%s"]
    parts += [
        "?",
        ":a",
        "$1",
        "$$",
        "/*",
        "*/",
        "--",
        "\n",
        "x",
        "9",
        "é",
        "\0",
        "WHERE",
        "RETURNING",
    ]
    for _ in range(2000):
        text = "".join(made.choices(parts, k=made.randrange(40)))
        values: t.Any = made.choice([[], [1, "x"], {"a": 1}, None, "…", [[1]]])
        shown = summary(text, values, made.choice([None, "mysql"]), many=made.random() < 0.3)
        assert len(shown) <= 301
        assert "\n" not in shown or "\n" in text
