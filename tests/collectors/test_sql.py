"""Statements are those that SQLite itself saw, from where the user's code sent them."""

from __future__ import annotations

import contextlib
import inspect
import sqlite3
import subprocess
import sys
import traceback
import typing as t
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask, g, render_template_string
from sqlalchemy import orm
from sqlalchemy.ext.asyncio import create_async_engine

from flask_lifecycle import Lifecycle
from flask_lifecycle.collectors import sql
from flask_lifecycle.panel.toolbar_view import toolbar_view
from flask_lifecycle.trace.model import Step, Trace
from tests.helpers.apps import make_app, steps_of

_made: list[tuple[Flask, Lifecycle]] = []


def made_app(**config: t.Any) -> tuple[Flask, Lifecycle]:
    _made.append(make_app(**config))
    return _made[-1]


@pytest.fixture(autouse=True)
def nothing_stays_wrapped() -> Iterator[None]:
    yield
    while _made:
        app, lifecycle = _made.pop()
        lifecycle.undo(app)


def recorded(app: Flask, lifecycle: Lifecycle, view: t.Callable[[], t.Any]) -> list[Step]:
    """Return all that was sent: connects and transactions, too."""
    app.add_url_rule("/", "index", view)
    app.test_client().get("/").close()
    return steps_of(lifecycle.traces(app)[0], "sql")


def statements(app: Flask, lifecycle: Lifecycle, view: t.Callable[[], t.Any]) -> list[Step]:
    return [step for step in recorded(app, lifecycle, view) if step.detail["kind"] == "statement"]


def test_plain_sqlite_is_recorded_as_sqlite_traces_it(tmp_path: Path) -> None:
    app, lifecycle = made_app()
    traced: list[str] = []

    def view() -> str:
        connection = g.db = sqlite3.connect(tmp_path / "db", detect_types=sqlite3.PARSE_DECLTYPES)
        connection.row_factory = sqlite3.Row
        connection.set_trace_callback(traced.append)
        connection.executescript("create table book (id integer primary key, title text)")
        with connection:
            connection.execute("insert into book (title) values ('one')")
            connection.executemany("insert into book (title) values (?)", [("two",), ("three",)])
        assert isinstance(connection, sqlite3.Connection)
        assert type(connection).__name__ == "Connection"
        row = connection.execute("select * from book where id = ?", (1,)).fetchone()
        assert type(row) is sqlite3.Row
        assert row["title"] == "one"
        cursor = connection.cursor()
        assert isinstance(cursor, sqlite3.Cursor)
        assert [each["id"] for each in cursor.execute("select id from book")] == [1, 2, 3]
        connection.close()
        return "view"

    found = statements(app, lifecycle, view)
    own = [each for each in traced if each not in ("BEGIN ", "COMMIT")]
    assert [step.name for step in found] == [
        "create table book (id integer primary key, title text)",
        "insert into book (title) values ('one')",
        "insert into book (title) values (?)",
        "select * from book where id = ?",
        "select id from book",
    ]
    # SQLite tells the two executions of the one statement apart, and puts the parameters in.
    assert len(own) == 6
    for step, expanded in zip(found, [own[0], own[1], own[2], own[4], own[5]], strict=True):
        many = step.detail["many"]
        values = step.detail["parameters"][0] if many else step.detail["parameters"]
        text = step.detail["statement"]
        for value in values:
            text = text.replace("?", repr(value), 1)
        assert text == expanded
    assert [step.detail["rows"] for step in found] == [None, 1, 2, None, None]
    assert found[2].detail["parameters"] == [["two"], ["three"]]


def test_each_is_placed_where_the_users_code_sent_it() -> None:
    app, lifecycle = made_app()
    line = 0

    def query() -> int:
        nonlocal line
        frame = inspect.currentframe()
        assert frame is not None
        line = frame.f_lineno + 1
        return int(g.db.execute("select 1").fetchone()[0])

    def view() -> str:
        g.db = sqlite3.connect(":memory:")
        text = render_template_string(
            "\n\n{{ query() }}\n{{ direct(\n 'select 2') }}", query=query, direct=g.db.execute
        )
        g.db.close()
        return text

    own, template = statements(app, lifecycle, view)
    assert own.detail["place"] == {"file": __file__, "line": line}
    assert template.detail["place"]["file"] == "<template>"
    assert template.detail["place"]["line"] == 4


def test_code_that_a_library_generates_is_not_the_users() -> None:
    app, lifecycle = made_app()
    # As SQLAlchemy 2.1 makes Session.flush.
    name = "<sqlalchemy generated warned() wrapper for sqlalchemy.orm.session.Session.flush>"
    made: dict[str, t.Any] = {}
    exec(compile("def generated(send):\n    return send('select 1')", name, "exec"), made)
    line = 0

    def view() -> str:
        nonlocal line
        connection = sqlite3.connect(":memory:")
        frame = inspect.currentframe()
        assert frame is not None
        line = frame.f_lineno + 1
        made["generated"](connection.execute)
        connection.close()
        return "view"

    (step,) = statements(app, lifecycle, view)
    assert step.detail["place"] == {"file": __file__, "line": line}


def test_each_is_placed_by_whatever_way_it_is_sent() -> None:
    """The nearest line of this file on the stack, when SQLAlchemy tells of each statement."""
    app, lifecycle = made_app()
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    one = sa.text("select 1")
    seen: list[int | None] = []

    @sa.event.listens_for(engine, "before_cursor_execute")
    def see(*_told: t.Any) -> None:
        frames = traceback.extract_stack()[:-1]
        seen.append([frame.lineno for frame in frames if frame.filename == __file__][-1])

    @sa.event.listens_for(orm.Session, "do_orm_execute")
    def asks_itself(state: t.Any) -> None:
        state.session.connection().execute(sa.text("select 'of the listener'"))

    class Own(sa.Executable, sa.ClauseElement):
        def _execute_on_connection(self, connection: t.Any, *args: t.Any) -> t.Any:
            return connection.exec_driver_sql("select 'of its own'")

    def view() -> str:
        with engine.connect() as connection, orm.Session(connection) as session:
            connection.execute(one)
            connection.execute(one)
            connection.scalar(one)
            connection.exec_driver_sql("select 2")
            connection.execute(Own())
            session.execute(one)
            [connection.execute(one) for _ in range(2)]
        return ""

    try:
        found = statements(app, lifecycle, view)
    finally:
        sa.event.remove(orm.Session, "do_orm_execute", asks_itself)
        engine.dispose()
    assert len(found) == 9
    assert [step.detail["place"] for step in found] == [
        {"file": __file__, "line": line} for line in seen
    ]


def test_what_the_orm_flushes_is_placed_in_the_users_code() -> None:
    app, lifecycle = made_app()
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)

    class Base(orm.DeclarativeBase): ...

    class Book(Base):
        __tablename__ = "book"
        id: orm.Mapped[int] = orm.mapped_column(primary_key=True)

    Base.metadata.create_all(engine)
    line = 0

    def view() -> str:
        nonlocal line
        with orm.Session(engine) as session:
            session.add(Book(id=1))
            frame = inspect.currentframe()
            assert frame is not None
            line = frame.f_lineno + 1
            session.commit()
        return "view"

    (step,) = statements(app, lifecycle, view)
    engine.dispose()
    assert step.detail["place"] == {"file": __file__, "line": line}


def test_what_it_opens_is_as_without(tmp_path: Path) -> None:
    app, lifecycle = made_app()

    class Connection(sqlite3.Connection):
        def execute(self, *args: t.Any) -> sqlite3.Cursor:
            return super().execute(*args)

    class Cursor(sqlite3.Cursor):
        own = True

    def view() -> str:
        mine = sqlite3.connect(":memory:", factory=Connection)
        assert isinstance(mine, Connection)
        assert mine.execute("select 1").fetchone() == (1,)
        cursor = mine.cursor(Cursor)
        assert cursor.own
        assert cursor.execute("select 2").fetchone() == (2,)
        with pytest.raises(sqlite3.ProgrammingError):
            cursor.execute("select ?", ())
        with pytest.raises(TypeError):
            mine.cursor(lambda _connection: 1)  # type: ignore[type-var]
        mine.close()
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            mine.execute("select 3")
        with pytest.raises(TypeError):
            sqlite3.connect()  # type: ignore[call-overload]
        with pytest.raises(sqlite3.OperationalError):
            sqlite3.connect(tmp_path / "no" / "such")
        connect: t.Any = sqlite3.connect
        made = connect(":memory:", 5.0, 0, None, True, lambda *_args, **_more: 7)
        assert made == 7
        return "view"

    found = statements(app, lifecycle, view)
    assert "select 2" in [step.name for step in found]
    failed = [step for step in found if step.error]
    assert [step.error.type for step in failed if step.error][:1] == ["ProgrammingError"]


def test_a_cursor_is_asked_once_for_its_rows() -> None:
    app, lifecycle = made_app()
    asked: list[str] = []

    def broken(_cursor: t.Any) -> t.NoReturn:
        asked.append("broken")
        raise RuntimeError("rowcount")

    def large(_cursor: t.Any) -> int:
        asked.append("large")
        return 1 << 70

    def view() -> str:
        mine = sqlite3.connect(":memory:")
        for rows in (broken, large):
            kind = type("Cursor", (sqlite3.Cursor,), {"rowcount": property(rows)})
            mine.cursor(kind).execute("SELECT 1")
        mine.close()
        return "view"

    found = [step for step in statements(app, lifecycle, view) if step.name == "SELECT 1"]
    assert [step.detail["rows"] for step in found] == [None, 1 << 70]
    assert asked == ["broken", "large"]


def test_parameters_of_the_apps_own_are_asked_by_the_database_alone() -> None:
    app, lifecycle = made_app()
    asked: list[str] = []

    class Own(Sequence[int]):
        def __len__(self) -> int:
            asked.append("len")
            return 1

        def __getitem__(self, index: t.Any) -> t.Any:
            asked.append(f"{index}")
            return 5

    def view() -> str:
        with contextlib.closing(sqlite3.connect(":memory:")) as mine:
            # The second time, the statement is known.
            for _ in range(2):
                assert mine.execute("SELECT ?", Own()).fetchone() == (5,)
        return "view"

    view()
    alone = asked[:]
    asked.clear()
    assert [step.name for step in statements(app, lifecycle, view)] == ["SELECT ?", "SELECT ?"]
    assert asked == alone


def test_an_error_is_the_databases() -> None:
    app, lifecycle = made_app()

    def view() -> str:
        connection = sqlite3.connect(":memory:")
        with pytest.raises(sqlite3.OperationalError, match="no such table: missing"):
            connection.execute("select * from missing")
        connection.close()
        return "view"

    (step,) = statements(app, lifecycle, view)
    assert step.outcome == "raised"
    assert step.error is not None
    assert (step.error.type, step.error.message) == ("OperationalError", "no such table: missing")


def test_a_connection_made_for_sqlalchemy_is_recorded_once() -> None:
    app, lifecycle = made_app()

    def view() -> str:
        engine = sa.create_engine("sqlite://", creator=lambda: sqlite3.connect(":memory:"))
        with engine.connect() as connection:
            connection.execute(sa.text("select :one"), {"one": 1})
        engine.dispose()
        return "view"

    names = [step.name for step in statements(app, lifecycle, view)]
    assert names.count("select ?") == 1


def test_sqlalchemys_parameters_are_masked_by_their_columns() -> None:
    app, lifecycle = made_app()
    meta = sa.MetaData()
    table = sa.Table("user", meta, sa.Column("name", sa.Text), sa.Column("password", sa.Text))

    def view() -> str:
        engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
        with engine.begin() as connection:
            meta.create_all(connection)
            connection.execute(table.insert(), {"name": "ann", "password": "hunter2"})
            connection.execute(
                table.insert(), [{"name": str(each), "password": "hunter3"} for each in range(30)]
            )
            connection.execute(table.select().where(table.c.password == "hunter4"))
        engine.dispose()
        return "view"

    found = statements(app, lifecycle, view)
    inserts = [step.detail["parameters"] for step in found if step.name.startswith("INSERT")]
    assert inserts[0] == ["ann", "••••••"]
    assert inserts[1][0] == ["0", "••••••"]
    assert inserts[1][10:] == ["… 20 more"]
    assert "hunter" not in repr(found)


def test_sqlalchemys_parameters_are_masked_by_the_names_that_the_app_gave_them() -> None:
    app, lifecycle = made_app()

    def view() -> str:
        engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
        with engine.connect() as connection:
            connection.execute(sa.text("SELECT :name, :password"), {"name": "a", "password": "b"})
            connection.execute(sa.text("SELECT :token"), {"token": None})
            connection.execute(sa.text("SELECT :pin, :name"), {"pin": "b", "name": "c"})
        engine.dispose()
        return "view"

    found = statements(app, lifecycle, view)
    shown = [step.detail["parameters"] for step in found if step.name.startswith("SELECT")]
    assert shown == [["a", "••••••"], [None], ["••••••", "c"]]


class Base(orm.DeclarativeBase): ...


class Author(Base):
    __tablename__ = "author"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    books: orm.Mapped[list[Book]] = orm.relationship()


class Book(Base):
    __tablename__ = "book"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    author_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("author.id"))


def test_looking_at_an_orm_object_queries_nothing() -> None:
    app, lifecycle = made_app()
    sent: list[str] = []
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    Base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        session.add(Author(id=1, books=[Book(id=1), Book(id=2)]))
        session.commit()
    sa.event.listen(
        engine, "before_cursor_execute", lambda _c, _cursor, text, *_more: sent.append(text)
    )

    def view() -> str:
        with orm.Session(engine) as session:
            g.author = author = session.get(Author, 1)
            assert author is not None
            session.expire(author)
            g.same = author
            return render_template_string("text", author=author)

    found = statements(app, lifecycle, view)
    assert [step.name for step in found] == [" ".join(text.split()) for text in sent]
    assert len(sent) == 1
    engine.dispose()


def test_undo_gives_all_back() -> None:
    code = """if True:
        import sqlite3
        from flask import Flask
        from sqlalchemy.engine.default import DefaultDialect
        from flask_lifecycle import Lifecycle

        connect = sqlite3.connect
        own = dict(vars(DefaultDialect))
        app = Flask("app")
        app.config["LIFECYCLE_ENABLED"] = True
        lifecycle = Lifecycle(app)
        app.test_client().get("/").close()
        assert sqlite3.connect is not connect
        assert dict(vars(DefaultDialect)) != own
        left = sqlite3.connect(":memory:")
        lifecycle.undo(app)
        assert sqlite3.connect is connect
        assert dict(vars(DefaultDialect)) == own
        assert left.execute("select 1").fetchone() == (1,)
    """
    subprocess.run([sys.executable, "-c", code], check=True)


def test_nothing_is_imported_for_the_app() -> None:
    code = """if True:
        import sys
        from flask import Flask
        from flask_lifecycle import Lifecycle

        app = Flask("app")
        app.config.update(LIFECYCLE_ENABLED=True, LIFECYCLE_HISTORY=None)
        Lifecycle(app)
        app.test_client().get("/").close()
        assert not {"sqlite3", "sqlalchemy", "greenlet"} & set(sys.modules)
    """
    subprocess.run([sys.executable, "-c", code], check=True)


def test_it_can_be_switched_off_for_one_app_alone() -> None:
    quiet, quiet_lifecycle = made_app(LIFECYCLE_COLLECTORS=("changes",))
    app, lifecycle = made_app()

    def view() -> str:
        connection = sqlite3.connect(":memory:")
        connection.execute("select 1")
        connection.close()
        return "view"

    assert statements(quiet, quiet_lifecycle, view) == []
    assert len(statements(app, lifecycle, view)) == 1


def test_odd_parameters_are_the_drivers_to_judge() -> None:
    app, lifecycle = made_app()

    class Hostile:
        def __repr__(self) -> str:
            raise LookupError("asked")

        __str__ = __eq__ = __hash__ = __len__ = __repr__  # type: ignore[assignment]

    odd: list[t.Any] = [
        Hostile(),
        [[]],
        10**5000,
        float("nan"),
        "\ud800",
        b"x" * 10**7,
        "x" * 10**7,
    ]

    def view() -> str:
        connection = sqlite3.connect(":memory:")
        for each in odd:
            try:
                connection.execute("select ?", (each,))
            except (sqlite3.Error, OverflowError, UnicodeEncodeError, ValueError):
                continue
        rows = iter([(1,), (2,)])
        connection.execute("create table one (id)")
        connection.executemany("insert into one values (?)", rows)
        assert connection.execute("select count(*) from one").fetchone() == (2,)
        connection.close()
        return "view"

    found = statements(app, lifecycle, view)
    assert len(found) == len(odd) + 3
    assert len(repr(found)) < 40_000


def test_async_engines_are_recorded_where_the_user_awaited_them() -> None:
    app, lifecycle = made_app()
    line = 0

    async def view() -> str:
        nonlocal line
        engine = create_async_engine("sqlite+aiosqlite://", poolclass=sa.StaticPool)
        async with engine.connect() as connection:
            line = view.__code__.co_firstlineno + 5
            await connection.execute(sa.text("select :one"), {"one": 1})
        await engine.dispose()
        return "view"

    (step,) = statements(app, lifecycle, view)
    assert (step.name, step.detail["parameters"]) == ("select ?", [1])
    assert step.detail["place"] == {"file": __file__, "line": line}
    trace = lifecycle.traces(app)[0]
    assert step.parent is not None
    assert trace.steps[step.parent].stage == "view"


def test_engines_of_flask_sqlalchemy_lite_are_recorded_as_sqlite_traces_them(
    tmp_path: Path,
) -> None:
    from flask_sqlalchemy_lite import SQLAlchemy

    app, lifecycle = made_app(
        SQLALCHEMY_ENGINES={"default": f"sqlite:///{tmp_path}/one.sqlite"},
        SQLALCHEMY_ASYNC_ENGINES={"default": f"sqlite+aiosqlite:///{tmp_path}/two.sqlite"},
    )
    db = SQLAlchemy(app)
    traced: list[str] = []

    def trace(connection: t.Any, _record: t.Any) -> None:
        connection.set_trace_callback(traced.append)

    def trace_async(connection: t.Any, _record: t.Any) -> None:
        connection.run_async(lambda driver: driver.set_trace_callback(traced.append))

    with app.app_context():
        sa.event.listen(db.engine, "connect", trace)
        sa.event.listen(db.async_engine.sync_engine, "connect", trace_async)

    async def view() -> str:
        db.session.execute(sa.text("create table book (title text)"))
        db.session.execute(sa.text("insert into book (title) values (:own)"), {"own": "Solaris"})
        db.session.commit()
        found = await db.async_session.execute(sa.text("select :number"), {"number": 7})
        title = db.session.scalar(sa.text("select title from book"))
        await db.async_session.close()
        await db.async_engine.dispose()
        return f"{found.scalar()} {title}"

    found = statements(app, lifecycle, view)
    with app.app_context():
        db.engine.dispose()
    own = [each for each in traced if not each.startswith(("BEGIN", "COMMIT", "ROLLBACK"))]
    written = [
        step.detail["statement"].replace("?", repr(step.detail["parameters"][0]), 1)
        if step.detail["parameters"]
        else step.detail["statement"]
        for step in found
    ]
    assert written == own
    assert len(own) == 4
    [view_step] = steps_of(lifecycle.traces(app)[0], "view")
    for step in found:
        assert step.parent == view_step.id
        assert step.detail["place"]["file"] == __file__


def test_odd_statements_are_the_drivers_to_judge() -> None:
    app, lifecycle = made_app()

    class Text(str):
        __slots__ = ()

        def __str__(self) -> str:
            raise LookupError("asked")

        __repr__ = __getitem__ = __len__ = __str__  # type: ignore[assignment]

    odd: list[t.Any] = [b"select 1", None, 7, "select 1\0", "select '\ud800'", "", ";", Text("x")]

    def view() -> str:
        connection = sqlite3.connect(":memory:")
        for each in odd:
            with contextlib.suppress(sqlite3.Error, sqlite3.Warning, TypeError, ValueError):
                connection.execute(each)
        connection.execute(f"select '{'x' * 10_000_000}'")
        connection.close()
        return "view"

    found = statements(app, lifecycle, view)
    assert len(found) == len(odd) - 3 + 1
    assert len(found[-1].detail["statement"]) <= 4096
    assert all(type(step.name) is str for step in found)


def test_a_statement_is_a_step_with_its_text_from_the_first_moment() -> None:
    shots: list[Trace] = []

    def look(_path: t.Any, value: t.Any) -> t.Any:
        shots.extend(lifecycle.traces(app))
        return value

    app, lifecycle = made_app(LIFECYCLE_REDACT_WITH=look)

    @app.get("/")
    def view() -> str:
        with contextlib.closing(sqlite3.connect(":memory:")) as db:
            db.execute("select ?", ("one",))
        return ""

    app.test_client().get("/").close()
    assert steps_of(lifecycle.traces(app)[0], "sql")
    assert shots
    assert all(step.name for shot in shots for step in shot.steps)


def kinds(found: list[Step]) -> list[str]:
    return [step.detail["kind"] for step in found]


def as_traced(found: list[Step]) -> list[str]:
    """Return what SQLite has to have seen of the steps, by its first word."""
    texts = [step.name for step in found if step.detail["kind"] != "connect"]
    return [text.split()[0].upper() for text in texts]


def first_words(traced: list[str]) -> list[str]:
    return [text.split()[0].upper() for text in traced]


def test_transactions_of_plain_sqlite_are_those_that_sqlite_traces() -> None:
    app, lifecycle = made_app()
    traced: list[str] = []

    def view() -> str:
        db = sqlite3.connect(":memory:")
        db.set_trace_callback(traced.append)
        db.commit()  # of nothing
        db.execute("create table book (title unique)")
        with db:
            db.execute("insert into book values (1)")
            db.executemany("insert into book values (?)", [(2,)])
        with contextlib.suppress(sqlite3.IntegrityError), db:
            db.execute("insert into book values (1)")
        db.execute("insert into book values (3)")
        db.executescript("select 1")
        db.execute("BEGIN IMMEDIATE")
        db.execute("savepoint one")
        db.execute("update book set title = 4 where title = 3")
        db.execute("rollback to one")
        db.execute("release one")
        db.rollback()
        with contextlib.suppress(sqlite3.OperationalError):
            db.execute("insert into nowhere values (1)")
        db.execute("delete from book where title = 2")
        db.isolation_level = None
        db.execute("insert into book values (5)")
        db.isolation_level = "DEFERRED"
        db.execute("insert into book values (6)")
        with contextlib.suppress(sqlite3.IntegrityError):
            db.execute("insert or rollback into book values (6)")
        db.execute("insert into book values (7)")
        db.close()
        return ""

    found = recorded(app, lifecycle, view)
    failed = next(step for step in found if "nowhere" in step.name)
    implied = [step for step in found if step.detail.get("implied_by") in ("error", "close")]
    # SQLite does not trace what it could not compile, nor what it does itself.
    seen = [step for step in found if step is not failed and step not in implied]
    assert as_traced(seen) == first_words(traced)
    assert kinds(implied) == ["rollback", "rollback"]
    assert [
        (step.detail["kind"], step.detail["implied_by"]) for step in found if step.end == step.begin
    ] == [
        *[("begin", "execute")] * 3,
        ("commit", "executescript"),
        ("begin", "execute"),
        ("commit", "isolation_level"),
        ("begin", "execute"),
        ("rollback", "error"),
        ("begin", "execute"),
    ]
    assert {step.detail["connection"] for step in found if "connection" in step.detail} == {1}


def test_transactions_of_sqlalchemy_are_those_that_sqlite_traces() -> None:
    app, lifecycle = made_app()
    traced: list[str] = []
    engine = sa.create_engine("sqlite://", poolclass=sa.QueuePool)
    sa.event.listen(engine, "connect", lambda db, _record: db.set_trace_callback(traced.append))
    insert = sa.text("insert into book values (1)")

    def view() -> str:
        with engine.begin() as db:
            db.execute(sa.text("create table book (title)"))
            db.execute(insert)
        with engine.connect() as db:
            db.execute(sa.text("select 1"))
            db.commit()
        with engine.connect() as db:
            db.execute(insert)
        with engine.connect() as db:
            db.execute(insert)
            with db.begin_nested():
                db.execute(insert)
            db.begin_nested().rollback()
            db.rollback()
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
            db.execute(insert)
            db.commit()
        return ""

    found = recorded(app, lifecycle, view)
    engine.dispose()
    own = [text for text in traced if not text.startswith("PRAGMA")]
    assert as_traced(found) == first_words(own)
    assert kinds(found)[0] == "connect"
    ends = [step for step in found if step.detail["kind"] in ("commit", "rollback")]
    assert [step.detail["implied_by"] for step in ends] == [None, "close", None]
    assert all(step.detail["place"]["file"] == __file__ for step in found)


def test_a_rollback_on_return_to_the_pool_says_so() -> None:
    app, lifecycle = made_app()
    engine = sa.create_engine("sqlite://", poolclass=sa.QueuePool)

    def view() -> str:
        raw = engine.raw_connection()
        raw.cursor().execute("create table book (title)")
        raw.cursor().execute("insert into book values (1)")
        raw.close()
        return ""

    *_before, last = recorded(app, lifecycle, view)
    engine.dispose()
    assert (last.detail["kind"], last.detail["implied_by"]) == ("rollback", "reset")


@pytest.mark.parametrize("by", ["sqlite3", "sqlalchemy"])
def test_a_commit_that_fails_is_a_step_with_what_it_raised(by: str) -> None:
    app, lifecycle = made_app()
    script = (
        "pragma foreign_keys = on",
        "create table author (id integer primary key)",
        "create table book (author references author deferrable initially deferred)",
        "insert into book values (7)",
    )

    def plain() -> str:
        with contextlib.closing(sqlite3.connect(":memory:")) as db:
            for each in script:
                db.execute(each)
            with pytest.raises(sqlite3.IntegrityError):
                db.commit()
        return ""

    def alchemy() -> str:
        engine = sa.create_engine("sqlite://", creator=lambda: sqlite3.connect(":memory:"))
        with engine.connect() as db:
            for each in script:
                db.exec_driver_sql(each)
            with pytest.raises(sa.exc.IntegrityError):
                db.commit()
        engine.dispose()
        return ""

    found = recorded(app, lifecycle, plain if by == "sqlite3" else alchemy)
    (commit,) = [step for step in found if step.detail["kind"] == "commit"]
    assert commit.outcome == "raised"
    assert commit.error is not None
    assert commit.error.type == "IntegrityError"
    assert kinds(found).count("connect") == 1
    # Plain SQLite's is ended as it is closed; SQLAlchemy leaves it to whoever connects next.
    assert (kinds(found)[-1] == "rollback") is (by == "sqlite3")


def test_a_begin_that_waits_for_a_lock_is_the_one_that_raised(tmp_path: Path) -> None:
    app, lifecycle = made_app()

    def view() -> str:
        with (
            contextlib.closing(sqlite3.connect(tmp_path / "db")) as one,
            contextlib.closing(
                sqlite3.connect(tmp_path / "db", timeout=0, isolation_level="IMMEDIATE")
            ) as two,
        ):
            one.execute("create table book (title)")
            one.execute("insert into book values (1)")
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                two.execute("insert into book values (2)")
            one.commit()
        return ""

    found = recorded(app, lifecycle, view)
    raised = [step for step in found if step.outcome == "raised"]
    assert kinds(raised) == ["begin", "statement"]
    assert [step.detail["connection"] for step in found if "connection" in step.detail] == [
        1,
        2,
        1,
        2,
        1,
    ]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="The attribute is of Python 3.12.")
def test_without_autocommit_there_always_is_a_transaction() -> None:
    app, lifecycle = made_app()

    def view() -> str:
        db: t.Any = sqlite3.connect(":memory:", autocommit=False)  # type: ignore[call-overload,unused-ignore]
        db.execute("create table book (title)")
        db.commit()
        db.execute("insert into book values (1)")
        db.autocommit = True
        db.execute("insert into book values (2)")
        db.autocommit = False
        db.close()
        return ""

    assert kinds(recorded(app, lifecycle, view)) == [
        *("connect", "begin", "statement", "commit", "begin", "statement", "commit"),
        *("statement", "begin", "rollback"),
    ]


def test_a_dialects_own_begin_is_recorded_where_it_sends_something() -> None:
    app, lifecycle = made_app()
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    dialect: t.Any = type(engine.dialect)
    sent = False

    class Own(dialect):  # type: ignore[misc]
        supports_statement_cache = True

        def do_begin(self, connection: t.Any) -> None:
            super().do_begin(connection)
            if sent:
                connection.cursor().execute("BEGIN")

    engine.dialect.__class__ = Own

    def view() -> str:
        nonlocal sent
        with engine.connect() as db:
            db.execute(sa.text("select 1"))
        sent = True
        with engine.begin() as db:
            db.execute(sa.text("select 2"))
        return ""

    assert kinds(recorded(app, lifecycle, view)) == [
        *("connect", "statement", "begin", "statement", "commit")
    ]
    engine.dispose()


def test_commits_are_counted_apart_from_statements() -> None:
    app, lifecycle = made_app()

    def view() -> str:
        with contextlib.closing(sqlite3.connect(":memory:")) as db:
            db.execute("create table book (title)")
            for _ in range(6):
                with db:
                    db.execute("insert into book values (1)")
            db.execute("insert into book values (1)")
            db.rollback()
        return ""

    recorded(app, lifecycle, view)
    (trace,) = app.extensions["lifecycle"]._store.newest()
    shown = toolbar_view(trace)
    assert shown["sql"][0] == 8
    assert shown["ends"] == [6, 1]


def test_a_class_that_is_part_of_a_dialect_may_be_used_alone() -> None:
    class Sending:
        """Sends statements, for a dialect or for something else."""

        def do_execute(self, cursor: t.Any, statement: str, parameters: t.Any) -> str:
            return statement

    app, _ = made_app()
    sql._wrap(Sending)
    sending: t.Any = Sending()
    app.add_url_rule("/", "index", lambda: sending.do_execute(None, "SELECT 1", ()))
    sending.name = "odd"
    assert app.test_client().get("/").text == "SELECT 1"
