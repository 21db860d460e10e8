"""Objects are described by what Python stores of them; no code of their classes runs."""

from __future__ import annotations

import collections
import dataclasses
import enum
import functools
import sqlite3
import typing as t
import uuid
from pathlib import PosixPath

import pytest
import sqlalchemy as sa
from flask import Flask, g
from sqlalchemy import event, orm

from flask_lifecycle import Lifecycle
from flask_lifecycle.redact import MASK, Redactor

HOME = f"{__name__}."
show = Redactor().value


def never(*_: object) -> t.NoReturn:
    raise AssertionError("code of the app ran")


class Base(orm.DeclarativeBase): ...


class User(Base):
    __tablename__ = "user"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]
    __repr__ = __str__ = never


class Session(Base):
    __tablename__ = "session"
    token: orm.Mapped[str] = orm.mapped_column(primary_key=True)
    number: orm.Mapped[uuid.UUID] = orm.mapped_column(primary_key=True)


@pytest.fixture
def session() -> t.Iterator[orm.Session]:
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    Base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        yield session
    engine.dispose()


def test_a_mapped_object_has_its_class_and_identity_and_is_not_loaded(
    session: orm.Session,
) -> None:
    user = User(name="ada")
    assert show(user) == f"<{HOME}User, not stored yet>"
    session.add(user)
    # It is expired by the commit: to read an attribute would load it.
    session.commit()
    asked: list[str] = []
    event.listen(session.get_bind(), "before_cursor_execute", lambda *given: asked.append(given[2]))
    assert show(user) == f"<{HOME}User id=1>"
    assert show({"password": user}) == {"password": MASK}
    session.expunge(user)
    assert show([user]) == [f"<{HOME}User id=1>"]
    assert asked == []


def test_the_identity_is_masked_by_its_columns(session: orm.Session) -> None:
    number = uuid.UUID(int=7)
    made = Session(token="hunter2hunter2", number=number)
    session.add(made)
    session.commit()
    assert show(made) == f"<{HOME}Session token={MASK} number={number}>"


def test_rows_have_their_columns(session: orm.Session) -> None:
    session.add(User(name="ada"))
    session.commit()
    row = session.execute(sa.text("select id, name, 'x' as password from user")).one()
    shown = {"id": 1, "name": "ada", "password": MASK}
    assert show(row) == shown
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    (found,) = connection.execute("select 1 as id, 'ada' as name, 'x' as password").fetchall()
    assert show([found, found]) == [shown, shown]
    connection.close()


class Colour(enum.Enum):
    RED = 1
    __repr__ = __str__ = never


class Point(t.NamedTuple):
    x: int
    token: str


@dataclasses.dataclass(repr=False)
class Cart:
    items: list[int]
    password: str
    hidden: str = dataclasses.field(default="x", repr=False)
    __repr__ = __getattr__ = never


@dataclasses.dataclass
class Slotted:
    __slots__ = ("unset", "x")
    x: int
    unset: int


class Own:
    __repr__ = __getattr__ = never

    locals()["__dict__"] = property(never)

    def method(self) -> None: ...


class Meta(type):
    __repr__ = __getattr__ = never


class OfMeta(metaclass=Meta): ...


class Paths(PosixPath):
    __str__ = __fspath__ = never


def nothing() -> None: ...


def slotted() -> Slotted:
    made = Slotted.__new__(Slotted)
    made.x = 1
    return made


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (nothing, f"<function {HOME}nothing>"),
        (len, "<function builtins.len>"),
        (Own().method, f"<method {HOME}Own.method>"),
        (functools.partial(nothing), f"<partial of <function {HOME}nothing>>"),
        (Own, f"<class {HOME}Own>"),
        (OfMeta, f"<class {HOME}OfMeta>"),
        (int, "<class builtins.int>"),
        (sqlite3, "<module sqlite3>"),
        (Colour.RED, f"<{HOME}Colour.RED>"),
        (PosixPath("/a/b"), "/a/b"),
        (Paths("/a"), f"<{HOME}Paths>"),
        (range(3), "range(0, 3)"),
        (collections.deque([1, None, True]), [1, None, True]),
        (Point(1, "x"), {"__class__": f"{HOME}Point", "x": 1, "token": MASK}),
        (
            Cart([1, 2], "x"),
            {"__class__": f"{HOME}Cart", "items": [1, 2], "password": MASK},
        ),
        (slotted(), {"__class__": f"{HOME}Slotted", "x": 1}),
        (Own(), f"<{HOME}Own>"),
        (object(), "<builtins.object>"),
    ],
    ids=[str(number) for number in range(18)],
)
def test_objects_are_described_without_running_their_code(value: t.Any, shown: t.Any) -> None:
    assert show(value) == shown


def test_circles_and_depths_end() -> None:
    cart = Cart([], "x")
    items: list[t.Any] = cart.items
    items.append(cart)
    assert f"<{HOME}Cart>" in str(show(cart))


def test_what_a_function_sets_says_something() -> None:
    app = Flask(__name__)
    app.config["LIFECYCLE_ENABLED"] = True
    lifecycle = Lifecycle(app)

    @app.get("/")
    def index() -> str:
        g.paint, g.view = Colour.RED, index
        return ""

    app.test_client().get("/").close()
    (step,) = lifecycle.traces(app)[0].find(stage="view")
    added = step.detail["changes"]["g"]["added"]
    assert added["paint"] == f"<{HOME}Colour.RED>"
    assert added["view"].startswith(f"<function {HOME}")
