"""What stands around ``wsgi_app`` is seen as far as it can be told."""

from __future__ import annotations

import contextlib
import functools
import sys
import typing as t
from types import SimpleNamespace

import pytest
from flask import Flask, Response, url_for
from werkzeug.local import LocalProxy
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import Client

from flask_lifecycle import Lifecycle
from flask_lifecycle.trace.writer import NOBODY
from tests.helpers.apps import make_app, steps_of


def closed(app: t.Any) -> t.Any:
    """Return a middleware that keeps what it wraps to itself."""

    def inner(environ: t.Any, start_response: t.Any) -> t.Any:
        return app(environ, start_response)

    return inner


def test_a_layer_is_looked_through_where_it_shows_what_it_wraps() -> None:
    app, lifecycle = make_app()
    app.add_url_rule("/", "view", lambda: "x")
    wrapped: t.Any = app
    wrapped.wsgi_app = ProxyFix(closed(ProxyFix(app.wsgi_app)))
    for _ in range(2):
        assert app.test_client().get("/").text == "x"
        steps = steps_of(lifecycle.traces(app)[0], "middleware")
        assert [step.name for step in steps] == ["ProxyFix", "inner", "ProxyFix"]
        outer, inner, innermost = steps
        assert [outer.parent, inner.parent, innermost.parent] == [0, outer.id, inner.id]
        assert (outer.detail, inner.detail) == ({}, {"untimed": True})


@pytest.mark.parametrize("first", [False, True])
def test_a_generator_function_calls_flask_while_its_body_is_sent(first: bool) -> None:
    def generating(app: t.Any) -> t.Any:
        def generator(environ: t.Any, start_response: t.Any) -> t.Any:
            yield from app(environ, start_response)

        return generator

    app: t.Any = Flask(__name__)
    app.debug = True
    lifecycle = Lifecycle()

    def view() -> t.Iterator[str]:
        yield from ("a", "b")
        # Another request, as it is where nothing is around the app.
        yield app.test_client().get("/inner").text

    app.add_url_rule("/", "view", view)
    app.add_url_rule("/inner", "inner", lambda: "c")
    if first:
        lifecycle.init_app(app)
    app.wsgi_app = generating(app.wsgi_app)
    if not first:
        lifecycle.init_app(app)
    assert app.test_client().get("/").text == "abc"
    another, trace = lifecycle.traces(app)
    assert (another.path, another.parent, another.status) == ("/inner", trace.id, 200)
    for each, endpoint in ((another, "inner"), (trace, "view")):
        assert each.endpoint == endpoint
        stages = [step.stage for step in each.steps]
        assert stages[:4] == ["wsgi", "middleware", "body", "request_context"]
        assert steps_of(each, "middleware")[0].name == "generator"
        assert len(steps_of(each, "view")) == len(steps_of(each, "start_response")) == 1


def test_what_the_body_of_a_view_calls_is_another_request() -> None:
    app, lifecycle = make_app()

    def view() -> t.Iterator[str]:
        yield "a"
        yield Client(app.wsgi_app).get("/inner").text

    app.add_url_rule("/", "view", view)
    app.add_url_rule("/inner", "inner", lambda: "b")
    assert app.test_client().get("/").text == "ab"
    inner, outer = lifecycle.traces(app)
    assert (inner.path, inner.parent, outer.path) == ("/inner", outer.id, "/")


def test_another_middleware_is_seen_once_it_is_there() -> None:
    app, lifecycle = make_app()
    app.add_url_rule("/", "view", lambda: "x")
    wrapped: t.Any = app
    seen = []
    for _ in range(3):
        app.test_client().get("/").close()
        steps = lifecycle.traces(app)[0].steps
        seen.append([step.name for step in steps if step.stage == "middleware"])
        wrapped.wsgi_app = ProxyFix(app.wsgi_app)
    assert seen == [[], ["ProxyFix"], ["ProxyFix", "ProxyFix"]]


def test_a_request_that_is_not_recorded_is_nobodys_all_the_way() -> None:
    app, _ = make_app(LIFECYCLE_IGNORE=["/static/*"])
    wrapped: t.Any = app
    wrapped.wsgi_app = ProxyFix(app.wsgi_app)
    outer = Flask("outer")
    outer.config["LIFECYCLE_ENABLED"] = True
    lifecycle = Lifecycle(outer)
    outer.add_url_rule("/", "view", lambda: app.test_client().get("/static/x").text)

    outer.test_client().get("/").close()
    assert "middleware" not in [step.stage for step in lifecycle.traces(outer)[0].steps]
    app.test_client().get("/static/x").close()
    assert not NOBODY.log
    # Each once.
    assert app.extensions["lifecycle"]._store.ignored == 2


@pytest.mark.parametrize("middleware", [False, True])
def test_a_call_of_the_apps_own_is_called(middleware: bool) -> None:
    class Mounted(Flask):
        def __call__(self, environ: t.Any, start_response: t.Any) -> t.Any:
            return super().__call__({**environ, "SCRIPT_NAME": "/at"}, start_response)

    app = Mounted(__name__)
    app.config["LIFECYCLE_ENABLED"] = True
    lifecycle = Lifecycle(app)
    app.add_url_rule("/", "view", lambda: url_for("view"))
    wrapped: t.Any = app
    if middleware:
        wrapped.wsgi_app = ProxyFix(app.wsgi_app)
    assert app.test_client().get("/").text == "/at/"
    [trace] = lifecycle.traces(app)
    stages = [step.stage for step in trace.steps]
    assert stages[:2] == (["wsgi", "middleware"] if middleware else ["wsgi", "request_context"])
    assert stages.count("request_context") == 1


@pytest.mark.parametrize("middleware", [False, True])
def test_a_call_that_is_patched_later_is_called(
    middleware: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where Sentry puts its own around Flask's."""
    app, lifecycle = make_app()
    app.add_url_rule("/", "view", lambda: "x")
    wrapped: t.Any = app
    if middleware:
        wrapped.wsgi_app = ProxyFix(app.wsgi_app)
    own = Flask.__call__
    seen: list[str] = []

    def patched(self: Flask, environ: t.Any, start_response: t.Any) -> t.Any:
        seen.append(environ["PATH_INFO"])
        return own(self, environ, start_response)

    monkeypatch.setattr(Flask, "__call__", patched)
    assert app.test_client().get("/").text == "x"
    assert seen == ["/"]
    assert len(lifecycle.traces(app)) == 1


class Plain:
    def __init__(self, app: t.Any) -> None:
        self.app = app

    def __call__(self, environ: t.Any, start_response: t.Any) -> t.Any:
        return self.app(environ, start_response)


class HoldsFlask(Plain):
    """As many extensions do: the Flask object, and what it had before."""

    def __init__(self, app: t.Any) -> None:
        self.app = app
        self.wsgi_app = app.wsgi_app

    def __call__(self, environ: t.Any, start_response: t.Any) -> t.Any:
        return self.wsgi_app(environ, start_response)


class Slots:
    __slots__ = ("_next",)

    def __init__(self, following: t.Any) -> None:
        self._next = following

    def __call__(self, environ: t.Any, start_response: t.Any) -> t.Any:
        return self._next(environ, start_response)


class Delegates(Plain):
    def __getattr__(self, name: str) -> t.Any:
        return getattr(self.app, name)


class Raises(Plain):
    def __getattr__(self, name: str) -> t.NoReturn:
        raise ZeroDivisionError(name)


class Inherits(ProxyFix):
    def __call__(self, environ: t.Any, start_response: t.Any) -> t.Any:
        return super().__call__(environ, start_response)


class Handles(Plain):
    def handle(self, environ: t.Any, start_response: t.Any) -> t.Any:
        return self.app(environ, start_response)


class Chooses:
    def __init__(self, *apps: t.Any) -> None:
        self.apps = list(apps)

    def __call__(self, environ: t.Any, start_response: t.Any) -> t.Any:
        return self.apps[-1](environ, start_response)


def through(app: t.Any, environ: t.Any, start_response: t.Any) -> t.Any:
    return app(environ, start_response)


def decorated(app: t.Any) -> t.Any:
    def first(environ: t.Any, start_response: t.Any) -> t.Any:
        return app(environ, start_response)

    @functools.wraps(first)
    def second(environ: t.Any, start_response: t.Any) -> t.Any:
        return first(environ, start_response)

    return second


def named_as_flasks(app: t.Any) -> t.Any:
    @functools.wraps(app)
    def own(environ: t.Any, start_response: t.Any) -> t.Any:
        return app(environ, start_response)

    return own


def cyclic(app: t.Any) -> t.Any:
    outer, inner = Plain(None), HoldsFlask.__new__(HoldsFlask)
    outer.app, inner.app, inner.wsgi_app = inner, outer, app
    return outer


def many(app: t.Any) -> t.Any:
    return functools.reduce(lambda inner, _: Plain(inner), range(40), app)


UNKNOWN = "unknown middleware"
KINDS: dict[str, tuple[t.Callable[[t.Any], t.Any], list[str]]] = {
    "a class": (lambda app: Plain(app.wsgi_app), ["Plain"]),
    "the Flask object": (HoldsFlask, ["HoldsFlask"]),
    "the Flask object, twice": (
        lambda app: HoldsFlask(with_layer(app, HoldsFlask(app))),
        ["HoldsFlask", "HoldsFlask"],
    ),
    "a closure": (lambda app: closed(app.wsgi_app), ["inner"]),
    "a decorated closure": (lambda app: decorated(app.wsgi_app), ["first", "first"]),
    "a closure that has Flask's name": (lambda app: named_as_flasks(app.wsgi_app), ["own"]),
    "a partial": (lambda app: functools.partial(through, app.wsgi_app), ["through"]),
    "a bound method": (lambda app: Handles(Slots(app.wsgi_app)).handle, ["handle", "Slots"]),
    "slots": (lambda app: Slots(Plain(Slots(app.wsgi_app))), ["Slots", "Plain", "Slots"]),
    "one that delegates": (lambda app: Delegates(closed(app.wsgi_app)), ["Delegates", "inner"]),
    "one that raises": (lambda app: Raises(Plain(app.wsgi_app)), ["Raises", "Plain"]),
    "one that inherits": (
        lambda app: Inherits(ProxyFix(app.wsgi_app)),
        ["Inherits", "ProxyFix"],
    ),
    "a list": (lambda app: Chooses(Plain(None), Plain(app.wsgi_app)), ["Chooses", "Plain"]),
    "one of two": (
        lambda app: Chooses(Slots(app.wsgi_app), Plain(app.wsgi_app)),
        ["Chooses", "Plain"],
    ),
    "another app too": (lambda app: with_other(Plain(app.wsgi_app)), ["Plain"]),
    "a circle": (lambda app: cyclic(app.wsgi_app), ["Plain", "HoldsFlask"]),
    "a dispatcher": (
        lambda app: DispatcherMiddleware(app.wsgi_app, {"/other": Flask("other")}),
        ["DispatcherMiddleware"],
    ),
    "a mount": (
        lambda app: DispatcherMiddleware(Flask("other"), {"/at": Plain(app.wsgi_app)}),
        ["DispatcherMiddleware", "Plain"],
    ),
    "many": (lambda app: many(app.wsgi_app), ["Plain"] * 40),
    "a proxy": (lambda app: proxied(ProxyFix(app.wsgi_app)), ["LocalProxy", UNKNOWN]),
    "one out of sight": (lambda app: Plain(proxied(ProxyFix(app.wsgi_app))), ["Plain", UNKNOWN]),
}


def with_layer(app: t.Any, layer: t.Any) -> t.Any:
    app.wsgi_app = layer
    return app


def with_other(layer: t.Any) -> t.Any:
    layer.application = Flask("other")
    return layer


def proxied(layer: t.Any) -> t.Any:
    held = SimpleNamespace(layer=layer)
    return LocalProxy(lambda: held.layer)


def called(app: t.Any, client: t.Any) -> set[tuple[str, int]]:
    """Return where all is written that runs when Flask itself is called."""
    running: list[t.Any] = []
    found: set[tuple[str, int]] = set()

    def profile(frame: t.Any, event: str, _arg: t.Any) -> None:
        if event == "call":
            running.append(frame.f_code)
            if frame.f_code is Flask.request_context.__code__:
                found.update((code.co_filename, code.co_firstlineno) for code in running)
        elif event == "return" and running:
            running.pop()

    sys.setprofile(profile)
    try:
        client.get("/at/").close()
    finally:
        sys.setprofile(None)
    return found


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_layers_are_those_that_are_called(
    kind: str, first: bool, caplog: pytest.LogCaptureFixture
) -> None:
    make, expected = KINDS[kind]
    app: t.Any = Flask(__name__)
    app.config["LIFECYCLE_ENABLED"] = True
    app.add_url_rule("/", "view", lambda: "x")
    app.add_url_rule("/at/", "at", lambda: "x")
    app.debug = True
    lifecycle = Lifecycle()
    if first:
        lifecycle.init_app(app)
    app.wsgi_app = make(app)
    if not first:
        lifecycle.init_app(app)
    ran = called(app, app.test_client())
    (trace,) = lifecycle.traces(app)
    steps = steps_of(trace, "middleware")
    assert [step.name for step in steps] == expected
    assert all(step.outcome == "ok" for step in steps)
    for step in steps:
        if step.name not in (UNKNOWN, "LocalProxy"):
            assert step.source is not None
            assert (step.source.file, step.source.line) in ran
    assert not caplog.records
    with app.test_client().get("/_lifecycle/api/app") as answer:
        told = answer.json["middleware"]
    names = [layer["name"] for layer in told]
    if names[-1] == UNKNOWN:
        names.pop()
    assert names == expected[: len(names)]


class Answers(Plain):
    def __call__(self, environ: t.Any, start_response: t.Any) -> t.Any:
        start_response("403 Forbidden", [])
        return [b"no"]


class Responds(Plain):
    def __call__(self, environ: t.Any, start_response: t.Any) -> t.Any:
        return Response("no", 403)(environ, start_response)


class Fails(Plain):
    def __call__(self, environ: t.Any, start_response: t.Any) -> t.Any:
        raise KeyError(self._refuse(environ))

    def _refuse(self, environ: t.Any) -> str:
        return Response(environ["PATH_INFO"]).get_data(as_text=True)


class Stamps(Plain):
    def __call__(self, environ: t.Any, start_response: t.Any) -> t.Any:
        def stamped(*args: t.Any) -> t.Any:
            return start_response(*args)

        return self.app(environ, stamped)


def mounts_another(app: t.Any, refuses: t.Any) -> t.Any:
    other: t.Any = Flask("other")
    other.config["LIFECYCLE_ENABLED"] = True
    other.wsgi_app = (closed if refuses is Fails else Plain)(refuses(other.wsgi_app))
    Lifecycle(other)
    return Slots(DispatcherMiddleware(Plain(app.wsgi_app), {"/at": other}))


Refuses = t.Callable[[t.Any], t.Any]
# Around an app, and around what refuses to call it.
REFUSALS: dict[str, tuple[t.Callable[[t.Any, Refuses], t.Any], list[str]]] = {
    "by itself": (lambda app, refuses: refuses(app.wsgi_app), ["*"]),
    "the outermost": (lambda app, refuses: refuses(Plain(app.wsgi_app)), ["*"]),
    "the innermost": (lambda app, refuses: Slots(refuses(app.wsgi_app)), ["Slots", "*"]),
    "in the middle": (
        lambda app, refuses: ProxyFix(refuses(Plain(app.wsgi_app))),
        ["ProxyFix", "*"],
    ),
    "in a wrapped start": (
        lambda app, refuses: Slots(Stamps(refuses(Plain(app.wsgi_app)))),
        ["Slots", "Stamps", "*"],
    ),
    "one of two": (
        lambda app, refuses: Chooses(Slots(app.wsgi_app), Plain(refuses(app.wsgi_app))),
        ["Chooses", "Plain", "*"],
    ),
    "an inherited one": (
        lambda app, refuses: Inherits(refuses(app.wsgi_app)),
        ["Inherits", "*"],
    ),
    "one out of sight": (
        lambda app, refuses: Plain(proxied(Slots(refuses(app.wsgi_app)))),
        ["Plain"],
    ),
    "another app": (mounts_another, ["Slots", "DispatcherMiddleware"]),
}


@pytest.mark.parametrize("refuses", [Answers, Responds, Fails])
@pytest.mark.parametrize("kind", REFUSALS)
def test_layers_that_answer_or_raise_by_themselves_are_shown(
    kind: str, refuses: Refuses, caplog: pytest.LogCaptureFixture
) -> None:
    make, names = REFUSALS[kind]
    app: t.Any = Flask(__name__)
    app.config["LIFECYCLE_ENABLED"] = True
    lifecycle = Lifecycle(app)
    app.wsgi_app = make(app, refuses)
    fails = refuses is Fails
    ran: list[t.Any] = []

    def profile(frame: t.Any, event: str, _arg: t.Any) -> None:
        if event == "call":
            ran.append(frame.f_code)

    with pytest.raises(KeyError) if fails else contextlib.nullcontext():
        client = app.test_client()
        sys.setprofile(profile)
        try:
            assert client.get("/at/").status_code == 403
        finally:
            sys.setprofile(None)
    trace = lifecycle.traces(app)[0]
    steps = steps_of(trace, "middleware")
    expected = [refuses.__name__ if name == "*" else name for name in names]
    assert [step.name for step in steps] == expected
    places = {(code.co_filename, code.co_firstlineno) for code in ran}
    assert all((step.source.file, step.source.line) in places for step in steps if step.source)
    assert {step.outcome for step in steps} == {"raised" if fails else "ok"}
    answers = steps_of(trace, "start_response")
    assert [step.parent for step in answers] == ([] if fails else [steps[-1].id])
    assert not [each for each in caplog.records if each.name == "flask_lifecycle"]


def test_layers_that_raise_or_call_twice_are_recorded_once() -> None:
    class Again(Plain):
        def __call__(self, environ: t.Any, start_response: t.Any) -> t.Any:
            self.app(dict(environ), start_response).close()
            return self.app(environ, start_response)

    class Fails(Plain):
        def __call__(self, environ: t.Any, start_response: t.Any) -> t.Any:
            self.app(environ, start_response).close()
            raise KeyError

    app: t.Any = Flask(__name__)
    app.config.update(LIFECYCLE_ENABLED=True)
    lifecycle = Lifecycle(app)
    own = app.wsgi_app
    app.wsgi_app = Again(Plain(own))
    app.test_client().get("/").close()
    app.wsgi_app = Fails(Plain(own))
    with pytest.raises(KeyError):
        app.test_client().get("/")
    fails, again = lifecycle.traces(app)
    for trace, name in ((again, "Again"), (fails, "Fails")):
        steps = steps_of(trace, "middleware")
        assert [step.name for step in steps] == [name, "Plain"]
        assert all(step.end is not None for step in steps)
    assert [step.stage for step in again.steps].count("request_context") == 2
