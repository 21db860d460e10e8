"""The class that stands in for an app's looks as that does, and no app is refused its start."""

from __future__ import annotations

import abc
import inspect
import logging
import sys
import typing as t
import warnings

import flask
import pytest
from flask import Flask

from flask_lifecycle import Lifecycle

METHODS = [
    "__call__",
    "wsgi_app",
    "app_context",
    "request_context",
    "dispatch_request",
    "ensure_sync",
    "handle_user_exception",
    "handle_exception",
    "log_exception",
    "make_response",
    "process_response",
]


class Registers(type):
    """A metaclass that knows all of its classes, and refuses some."""

    known: t.ClassVar[list[str]] = []

    def __new__(cls, name: str, bases: t.Any, namespace: t.Any) -> t.Any:
        if name in cls.known:
            raise TypeError("there is one already")
        cls.known.append(name)
        return super().__new__(cls, name, bases, namespace)

    def __init__(cls, name: str, bases: t.Any, namespace: t.Any) -> None:
        super().__init__(name, bases, namespace)
        cls.made = [*getattr(cls, "made", []), name]

    def __setattr__(cls, name: str, value: t.Any) -> None:
        if name != "made":
            raise TypeError("it is final")
        super().__setattr__(name, value)


class Registered(Flask, metaclass=Registers):
    pass


class Abstract(Flask, metaclass=abc.ABCMeta):
    pass


class Slots(Flask):
    __slots__ = ("more",)


class Final(Flask):
    """Has no subclasses."""

    def __init_subclass__(cls) -> None:
        raise TypeError("final")

    def make_response(self, rv: t.Any) -> t.Any:
        """Make it as Flask does."""
        return super().make_response(rv)


class Refuses(Flask):
    def __setattr__(self, name: str, value: t.Any) -> None:
        if name == "__class__":
            raise TypeError("no other class")
        super().__setattr__(name, value)


class Ignores(Flask):
    def __setattr__(self, name: str, value: t.Any) -> None:
        if name != "__class__":
            super().__setattr__(name, value)


class Pretends(Flask):
    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return Flask


class Frozen(Flask):
    frozen = False

    def __setattr__(self, name: str, value: t.Any) -> None:
        if self.frozen and name != "__class__" and name[0] != "_":
            raise AttributeError(name)
        super().__setattr__(name, value)


class Freezes(Flask):
    """Takes another class once."""

    def __setattr__(self, name: str, value: t.Any) -> None:
        if name == "__class__" and type(self) is not Freezes:
            raise TypeError("no more")
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> t.NoReturn:
        raise TypeError("never")


@pytest.mark.parametrize("kind", [Registered, Abstract, Slots, Final, Freezes])
@pytest.mark.parametrize("enabled", [True, None])
def test_an_app_of_an_odd_class_is_recorded(
    kind: t.Any, enabled: bool | None, caplog: pytest.LogCaptureFixture
) -> None:
    app = kind(__name__)
    app.config["LIFECYCLE_ENABLED"] = enabled
    app.add_url_rule("/", "view", lambda: "x")
    lifecycle = Lifecycle(app)
    app.debug = True
    assert app.test_client().get("/").text == "x"
    assert len(lifecycle.traces(app)) == 1
    lifecycle.undo(app)
    assert type(app) is kind
    assert not caplog.records
    assert Registers.known == ["Registered"]


@pytest.mark.parametrize("kind", [Refuses, Ignores, Pretends, Frozen])
@pytest.mark.parametrize("enabled", [True, None])
def test_an_app_that_refuses_is_not_recorded_and_the_log_says_why(
    kind: t.Any, enabled: bool | None, caplog: pytest.LogCaptureFixture
) -> None:
    app = kind(__name__)
    app.config["LIFECYCLE_ENABLED"] = enabled
    app.add_url_rule("/", "view", lambda: "x")
    before = {name: value for name, value in vars(app).items() if name[0] != "_"}
    vars(app)["frozen"] = True
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lifecycle = Lifecycle(app)
    app.config["DEBUG"] = True
    assert app.test_client().get("/").text == "x"
    assert type(app) is kind
    assert lifecycle.traces(app) == []
    (record,) = caplog.records
    assert (record.levelno, record.name) == (logging.WARNING, "flask_lifecycle")
    assert f"{kind.__module__}.{kind.__qualname__}" in record.getMessage()
    lifecycle.undo(app)
    assert type(app) is kind
    assert {name: vars(app)[name] for name in before} == before


@pytest.mark.parametrize("base", [Flask, Final])
def test_methods_look_as_flasks_own(base: t.Any) -> None:
    app = base(__name__)
    plain = base(__name__)
    app.config["LIFECYCLE_ENABLED"] = True
    Lifecycle(app)
    kind = type(app)
    assert kind is not base
    for name in ("__name__", "__qualname__", "__module__", "__doc__", "__abstractmethods__"):
        assert getattr(kind, name, None) == getattr(base, name, None)
    assert inspect.getsource(kind) == inspect.getsource(base)
    assert inspect.signature(kind) == inspect.signature(base)
    for name in METHODS:
        ours, theirs = getattr(kind, name), getattr(base, name)
        assert ours is not theirs
        assert inspect.signature(ours) == inspect.signature(theirs)
        assert inspect.signature(getattr(app, name)) == inspect.signature(getattr(plain, name))
        assert inspect.getsource(ours) == inspect.getsource(theirs)
        assert inspect.getdoc(ours) == inspect.getdoc(theirs)
        for each in ("__name__", "__qualname__", "__module__", "__annotations__"):
            assert getattr(ours, each) == getattr(theirs, each)


def test_annotations_are_the_apps_own_whenever_they_are_evaluated() -> None:
    # From Python 3.14 on, only when somebody asks.
    code = """
class Annotated(flask.Flask):
    number: int
    def make_response(self, rv: "Unknown") -> int:
        return super().make_response(rv)
"""
    names: dict[str, t.Any] = {"flask": flask, "__name__": __name__}
    exec(compile(code, "annotated.py", "exec", dont_inherit=True), names)
    base = names["Annotated"]
    app = base(__name__)
    app.config["LIFECYCLE_ENABLED"] = True
    Lifecycle(app)
    assert type(app) is not base
    assert inspect.get_annotations(type(app)) == {"number": int}
    method = app.make_response.__func__
    assert method.__annotations__ == {"rv": "Unknown", "return": int}
    method.__annotations__ = {"rv": str}
    assert method.__annotations__ == {"rv": str}
    del method.__annotations__
    assert app.make_response("x").status_code == 200


def test_annotations_may_name_what_is_nowhere() -> None:
    # As what is imported for a type checker alone. Until Python 3.13, they are evaluated at once.
    nowhere = "Nowhere" if sys.version_info >= (3, 14) else "'Nowhere'"
    code = f"""
class Annotated(flask.Flask):
    def make_response(self, rv: {nowhere}) -> {nowhere}:
        return super().make_response(rv)

class Middleware:
    def __init__(self, app: {nowhere}):
        self.app = app
    def __call__(self, environ: {nowhere}, start_response: {nowhere}) -> {nowhere}:
        return self.app(environ, start_response)

app = Annotated(__name__)
app.wsgi_app = Middleware(app.wsgi_app)

@app.before_request
def before(*, flag: {nowhere} = None) -> {nowhere}: ...

@app.get("/")
def view() -> {nowhere}:
    return "view"

@app.after_request
def after(response: {nowhere}) -> {nowhere}:
    return response

@app.teardown_request
def teardown(error: {nowhere}) -> {nowhere}: ...
"""
    names: dict[str, t.Any] = {"flask": flask, "__name__": __name__}
    exec(compile(code, "annotated.py", "exec", dont_inherit=True), names)
    app = names["app"]
    app.config["LIFECYCLE_ENABLED"] = True
    lifecycle = Lifecycle(app)
    assert app.test_client().get("/").text == "view"
    (trace,) = lifecycle.traces(app)
    for stage in ("before_request", "view", "make_response", "after_request", "teardown_request"):
        assert len(trace.find(stage=stage)) == 1, stage
    assert trace.find(stage="middleware")[0].name == "Middleware"


@pytest.mark.parametrize("enabled", [True, None])
def test_a_subclass_of_a_recorded_apps_class_is_one_of_flasks(enabled: bool | None) -> None:
    app = Flask(__name__)
    app.config["LIFECYCLE_ENABLED"] = enabled
    lifecycle = Lifecycle(app)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kind: t.Any = type("Own", (type(app),), {})
    own = kind(__name__)
    own.add_url_rule("/", "view", lambda: "x")
    assert own.test_client().get("/").text == "x"
    assert not enabled or lifecycle.traces(app) == []
