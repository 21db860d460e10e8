"""Exceptions are told as Python tells them, and nothing of them is kept alive."""

from __future__ import annotations

import builtins
import gc
import sqlite3
import sys
import traceback
import typing as t
import weakref
from pathlib import Path

import pytest
from flask import Blueprint, Flask, abort
from werkzeug.exceptions import HTTPException, NotFound

import flask_lifecycle
from flask_lifecycle import Lifecycle
from flask_lifecycle.trace.model import Trace
from tests.helpers.apps import make_app

SECRET = "hunter" + "2"


def exception(trace: Trace) -> dict[str, t.Any]:
    """Return what the trace tells of its one exception."""
    (found,) = [step.detail["exception"] for step in trace.steps if "exception" in step.detail]
    return t.cast("dict[str, t.Any]", found)


def get(app: Flask, lifecycle: Lifecycle, path: str = "/") -> dict[str, t.Any]:
    app.test_client().get(path).close()
    return exception(lifecycle.traces(app)[0])


def test_frames_are_those_of_the_traceback() -> None:
    app, lifecycle = make_app()
    seen: list[traceback.FrameSummary] = []

    def inner(number: int, password: str) -> None:
        cart = {"items": [number], "api_token": SECRET}
        raise LookupError(f"no {number} in {len(cart)}")

    @app.get("/")
    def index() -> str:
        inner(7, SECRET)
        return "index"

    @app.errorhandler(LookupError)
    def handler(error: LookupError) -> str:
        seen.extend(traceback.extract_tb(error.__traceback__))
        return "handled"

    found = get(app, lifecycle)
    assert (found["type"], found["message"]) == ("LookupError", "no 7 in 2")
    told = [(each["file"], each["line"], each["function"]) for each in found["frames"]]
    assert told == [(each.filename, each.lineno, each.name) for each in seen]
    last = found["frames"][-1]
    assert last["own"]
    assert last["locals"] == {
        "number": 7,
        "password": "••••••",
        "cart": {"items": [7], "api_token": "••••••"},
    }
    assert last["lines"][last["line"] - last["first"]].strip() == (
        'raise LookupError(f"no {number} in {len(cart)}")'
    )
    assert [each["own"] for each in found["frames"]][-2:] == [True, True]
    assert found["frames"][0]["locals"] is None
    assert SECRET not in repr(lifecycle.traces(app))


def test_no_frames_of_ours_are_in_what_led_to_it() -> None:
    app, lifecycle = make_app()
    seen: list[str] = []

    @app.get("/")
    def index() -> str:
        connection = sqlite3.connect(":memory:")
        try:
            connection.execute("select * from nowhere")
        except sqlite3.Error as error:
            raise LookupError("no such book") from error
        finally:
            connection.close()
        return "index"

    @app.errorhandler(LookupError)
    def handler(error: LookupError) -> str:
        seen.extend(traceback.format_exception(error))
        return "handled"

    found = get(app, lifecycle)
    assert "no such table" in "".join(seen)
    assert str(Path(flask_lifecycle.__file__).parent) not in "".join(seen)
    (cause,) = found["others"]
    assert [each["function"] for each in cause["frames"]] == ["index"]


def test_the_handler_that_is_taken_is_the_one_that_ran() -> None:
    app, lifecycle = make_app()
    ran: list[str] = []
    inner, other = Blueprint("inner", __name__), Blueprint("other", __name__)

    def handle(where: t.Any, asked: t.Any, name: str) -> None:
        def handler(_error: Exception) -> tuple[str, int]:
            ran.append(name)
            return name, 400

        handler.__qualname__ = handler.__name__ = name
        where.register_error_handler(asked, handler)

    handle(inner, Exception, "inner_any")
    handle(inner, LookupError, "inner_lookup")
    handle(inner, 404, "inner_404")
    handle(app, KeyError, "app_key")
    handle(app, NotFound, "app_not_found")
    handle(app, HTTPException, "app_http")
    handle(app, 500, "app_500")
    handle(other, KeyError, "other_key")

    errors: dict[str, t.Any] = {
        "key": KeyError("x"),
        "value": ValueError("x"),
        "missing": NotFound(),
    }

    @inner.get("/inner/<name>")
    def raises(name: str) -> str:
        raise errors[name]

    @app.get("/app/<name>")
    def app_raises(name: str) -> str:
        raise errors[name]

    app.register_blueprint(inner)
    app.register_blueprint(other)
    for path in (
        "inner/key",
        "inner/value",
        "inner/missing",
        "app/key",
        "app/value",
        "app/missing",
    ):
        ran.clear()
        handlers = get(app, lifecycle, f"/{path}")["handlers"]
        taken = [each["callable"].rpartition(":")[2] for each in handlers if each["taken"]]
        assert taken == ran, path
        why = {each["callable"].rpartition(":")[2]: each["why"] for each in handlers}
        assert all(why[name] for name in why if name not in ran)
        assert why["other_key"] == "for requests of the blueprint other only"
    get(app, lifecycle, "/nowhere")
    assert ran[-1] == "app_not_found"


def reasons(found: dict[str, t.Any]) -> dict[str, str]:
    """Return why each handler did not take the exception; of the one that did, an empty text."""
    return {each["for"]: each["why"] for each in found["handlers"]}


def test_a_redirect_of_the_router_is_no_exception() -> None:
    app, lifecycle = make_app()
    app.register_error_handler(Exception, lambda _error: "handled")
    app.add_url_rule("/slash/", "slash", lambda: "slash")
    app.test_client().get("/slash?token=x").close()
    (trace,) = lifecycle.traces(app)
    steps = {each.stage: each for each in trace.steps}
    assert not [each for each in trace.steps if "exception" in each.detail or each.error]
    assert not [each for each in trace.steps if each.outcome == "raised"]
    assert steps["dispatch"].outcome == "short_circuit"
    redirect = "http://localhost/slash/?token=••••••"
    assert steps["url_match"].detail == steps["dispatch"].detail == {"redirect": redirect}


def test_a_trapped_redirect_is_one() -> None:
    app, lifecycle = make_app(TRAP_HTTP_EXCEPTIONS=True)
    app.register_error_handler(Exception, lambda _error: "handled")
    app.add_url_rule("/slash/", "slash", lambda: "slash")
    assert reasons(get(app, lifecycle, "/slash")) == {"Exception": ""}


@pytest.mark.parametrize("setting", ["DEBUG", "TESTING", "PROPAGATE_EXCEPTIONS"])
def test_where_flask_re_raises_no_handler_for_500_is_asked(setting: str) -> None:
    app, lifecycle = make_app(**{setting: True})
    for each in (500, HTTPException, 404, KeyError):
        app.register_error_handler(each, lambda _error: "handled")

    @app.get("/")
    def index() -> t.NoReturn:
        raise LookupError("x")

    with pytest.raises(LookupError):
        app.test_client().get("/")
    found = exception(lifecycle.traces(app)[0])
    why = reasons(found)
    named = {"DEBUG": "debug mode"}.get(setting, setting)
    told = f"Flask re-raises the exception, as {named} is on, so no handler for 500 is asked"
    assert why["500"] == why["HTTPException"] == told
    assert (why["404"], why["KeyError"]) == ("for 404 only", "for KeyError only")
    assert not any(each["taken"] for each in found["handlers"])


def test_a_handler_for_500_says_what_it_is_for_while_another_takes_the_exception() -> None:
    app, lifecycle = make_app(DEBUG=True)
    for each in (500, LookupError):
        app.register_error_handler(each, lambda _error: "handled")

    @app.get("/")
    def index() -> t.NoReturn:
        raise LookupError("x")

    told = "only for exceptions that no other handler takes"
    assert reasons(get(app, lifecycle)) == {"LookupError": "", "500": told}


@pytest.mark.parametrize("place", ["after_request", "error_handler", "make_response"])
def test_only_handlers_for_500_are_asked_outside_of_dispatch(place: str) -> None:
    app, lifecycle = make_app()
    for each in (TypeError, 500):
        app.register_error_handler(each, lambda _error: "handled")

    @app.errorhandler(KeyError)
    def handler(_error: KeyError) -> t.NoReturn:
        raise TypeError("x")

    @app.after_request
    def after(response: t.Any) -> t.Any:
        if place == "after_request" and response.status_code == 200:
            app.after_request_funcs.clear()
            raise TypeError("x")
        return response

    @app.get("/")
    def index() -> t.Any:
        if place == "error_handler":
            raise KeyError("x")
        return None if place == "make_response" else "index"

    app.test_client().get("/").close()
    (trace,) = lifecycle.traces(app)
    (step,) = [each for each in trace.steps if each.stage == place and each.error]
    why = reasons(step.detail["exception"])
    told = "only those for 500 are asked where this was raised"
    assert why == {"500": "", "TypeError": told, "KeyError": "for KeyError only"}


def test_a_code_alone_does_not_match_a_handler_for_another_class() -> None:
    class Lost(HTTPException):
        code = 404

    app, lifecycle = make_app()
    app.register_error_handler(404, lambda _error: "handled")
    app.add_url_rule("/", "index", lambda: abort_with(Lost()))
    assert reasons(get(app, lifecycle)) == {"404": "for NotFound only"}


def test_an_exception_with_a_response_of_its_own_passes_all_handlers() -> None:
    app, lifecycle = make_app()
    app.register_error_handler(HTTPException, lambda _error: "handled")
    app.add_url_rule("/", "index", lambda: abort(app.response_class("gone", 410)))
    told = "an HTTP exception without a status code passes all handlers"
    assert reasons(get(app, lifecycle)) == {"HTTPException": told}


def test_a_handler_is_not_said_to_have_taken_what_the_app_itself_answers() -> None:
    app, lifecycle = make_app()
    vars(app)["handle_user_exception"] = lambda *_: ("answered", 418)
    app.register_error_handler(LookupError, lambda _error: "handled")
    app.add_url_rule("/", "index", lambda: abort_with(LookupError("x")))
    told = "a handle_user_exception of the app's own answers instead"
    assert reasons(get(app, lifecycle)) == {"LookupError": told}


def test_no_handler_is_asked_for_what_is_raised_after_dispatch_in_debug_mode() -> None:
    app, lifecycle = make_app(DEBUG=True)
    app.register_error_handler(Exception, lambda _error: "handled")
    app.add_url_rule("/", "index", lambda: t.cast("str", None))
    with pytest.raises(TypeError):
        app.test_client().get("/")
    assert exception(lifecycle.traces(app)[0])["handlers"] is None
    bare, lifecycle = make_app()
    bare.add_url_rule("/", "index", lambda: abort_with(LookupError("x")))
    assert get(bare, lifecycle)["handlers"] == []


def abort_with(error: Exception) -> t.NoReturn:
    raise error


def test_causes_are_told_and_circles_end() -> None:
    app, lifecycle = make_app()

    @app.get("/cause")
    def cause() -> str:
        try:
            int("x")
        except ValueError as error:
            error.add_note("a note") if sys.version_info >= (3, 11) else None
            raise LookupError("second") from error
        return "never"

    @app.get("/context")
    def context() -> str:
        try:
            int("x")
        except ValueError:
            raise LookupError("second")  # noqa: B904
        return "never"

    @app.get("/circle")
    def circle() -> str:
        one, two = LookupError("one"), LookupError("two")
        one.__cause__, two.__cause__ = two, one
        raise one

    app.register_error_handler(LookupError, lambda _error: "handled")
    for path in ("cause", "context"):
        ((how, other),) = [(each["as"], each) for each in get(app, lifecycle, f"/{path}")["others"]]
        assert (how, other["type"]) == (path, "ValueError")
        assert [frame["function"] for frame in other["frames"]] == [path]
    found = get(app, lifecycle, "/circle")
    assert found["others"][0]["message"] == "two"
    assert found["others"][0]["others"] == []


@pytest.mark.skipif(sys.version_info < (3, 11), reason="ExceptionGroup is of Python 3.11")
def test_groups_are_bounded() -> None:
    app, lifecycle = make_app()
    group_of: t.Any = vars(builtins)["ExceptionGroup"]

    @app.get("/")
    def index() -> str:
        group: t.Any = group_of("many", [ValueError(str(each)) for each in range(1000)])
        for _ in range(500):
            group = group_of("more", [group])
        raise group

    app.register_error_handler(Exception, lambda _error: "handled")
    found = get(app, lifecycle)
    assert found["type"] == "ExceptionGroup"
    assert found["message"] == "more (1 sub-exception)"
    assert len(repr(found)) < 100_000


def test_ten_thousand_frames_are_bounded() -> None:
    app, lifecycle = make_app()

    def deep(left: int) -> None:
        large = ["x" * 1000] * 100  # noqa: F841
        if not left:
            raise LookupError("bottom")
        deep(left - 1)

    @app.get("/")
    def index() -> str:
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(20_000)
        try:
            deep(9_990)
        finally:
            sys.setrecursionlimit(limit)
        return "never"

    app.register_error_handler(LookupError, lambda _error: "handled")
    found = get(app, lifecycle)
    assert len(found["frames"]) == 50
    assert found["cut_frames"] > 9_900
    assert found["frames"][-1]["locals"]["left"] == 0
    assert len(repr(found)) < 300_000


class Hostile(Exception):
    """Fails, whatever is asked of it."""

    def __str__(self) -> str:
        raise SystemExit("asked")

    __repr__ = __str__


def test_hostile_locals_are_not_asked() -> None:
    app, lifecycle = make_app()
    asked: list[str] = []

    class Local:
        def __repr__(self) -> str:
            asked.append("repr")
            raise LookupError("asked")

        __str__ = __len__ = __eq__ = __hash__ = __repr__  # type: ignore[assignment]

    @app.get("/")
    def index() -> str:
        one, many = Local(), [Local()]
        raise Hostile(one, many)

    app.register_error_handler(Hostile, lambda _error: "handled")
    found = get(app, lifecycle)
    assert not asked
    assert found["frames"][-1]["locals"]["one"].endswith("Local>")


def test_nothing_is_kept_alive() -> None:
    app, lifecycle = make_app()
    died: list[str] = []

    class Thing: ...

    class Failure(Exception): ...

    @app.get("/")
    def index() -> str:
        thing = Thing()
        weakref.finalize(thing, died.append, "thing")
        error = Failure("raised")
        weakref.finalize(error, died.append, "error")
        try:
            raise error
        finally:
            del error

    @app.errorhandler(Failure)
    def handler(_error: Failure) -> str:
        return "handled"

    app.test_client().get("/").close()
    died.clear()
    gc.collect()
    gc.disable()
    try:
        app.test_client().get("/").close()
        assert sorted(died) == ["error", "thing"]
    finally:
        gc.enable()
    assert exception(lifecycle.traces(app)[0])["frames"][-1]["locals"]["thing"].endswith("Thing>")


def test_one_that_nobody_handles_is_told_as_well() -> None:
    app, lifecycle = make_app(PROPAGATE_EXCEPTIONS=True)

    @app.get("/")
    def index() -> str:
        raise LookupError("nobody")

    with pytest.raises(LookupError):
        app.test_client().get("/")
    found = exception(lifecycle.traces(app)[0])
    assert found["message"] == "nobody"
    assert found["frames"][-1]["function"] == "index"


def test_it_can_be_switched_off() -> None:
    app, lifecycle = make_app(LIFECYCLE_COLLECTORS=())

    @app.get("/")
    def index() -> str:
        abort(404)

    app.test_client().get("/").close()
    assert not any("exception" in step.detail for step in lifecycle.traces(app)[0].steps)
