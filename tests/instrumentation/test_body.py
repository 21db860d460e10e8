"""The body is recorded while the server iterates it, whatever says how long it is."""

from __future__ import annotations

import array
import contextlib
import gc
import io
import itertools
import operator
import sys
import threading
import types
import typing as t
import weakref
from collections.abc import Generator, Iterator

import pytest
from flask import Flask, Response, request, stream_with_context
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.debug import DebuggedApplication
from werkzeug.test import Client, EnvironBuilder, run_wsgi_app
from werkzeug.wsgi import FileWrapper

from flask_lifecycle.core import compiled
from flask_lifecycle.trace.model import Step
from tests.helpers.apps import is_ours, make_app, steps_of


def call(app: Flask, **environ: t.Any) -> t.Any:
    return run_wsgi_app(app, {**EnvironBuilder("/").get_environ(), **environ})[0]


def inside(steps: t.Sequence[Step], step: Step) -> list[str]:
    """List the stages of the steps that a step lies in, innermost first."""
    found = []
    while step.parent is not None:
        step = steps[step.parent]
        found.append(step.stage)
    return found


def test_a_generator_with_a_content_length_is_a_generator_all_the_same() -> None:
    app, lifecycle = make_app()
    called: list[str] = []
    app.teardown_request(lambda _exc: called.append("teardown"))

    @app.get("/")
    def view() -> Response:
        chunks = (part for part in ("ab", request.path))
        return Response(stream_with_context(chunks), headers={"Content-Length": "3"})

    body = call(app)
    assert list(body) == [b"ab", b"/"]
    body.close()
    steps = lifecycle.traces(app)[0].steps
    torn = [step for step in steps if step.stage == "teardown_request"]
    assert len(torn) == len(called)
    # The last one ran while the generator came to its end.
    assert "body" in inside(steps, torn[-1])


def test_an_exception_in_a_body_with_a_content_length_is_the_bodys() -> None:
    app, lifecycle = make_app()

    def chunks() -> Iterator[str]:
        yield "a"
        raise ValueError("mid")

    app.add_url_rule("/", "view", lambda: Response(chunks(), headers={"Content-Length": "9"}))
    body = call(app)
    with pytest.raises(ValueError, match="mid"):
        list(body)
    body.close()
    (step,) = steps_of(lifecycle.traces(app)[0], "body")
    assert step.outcome == "raised"
    assert step.error is not None
    assert step.error.message == "mid"


def test_a_client_that_leaves_under_werkzeugs_debugger_closes_the_body() -> None:
    app, lifecycle = make_app()
    called: list[str] = []

    def chunks() -> Iterator[str]:
        try:
            yield "a"
            yield "b"
        finally:
            called.append("finally")

    @app.get("/")
    def view() -> Response:
        response = Response(chunks())
        response.call_on_close(lambda: called.append("close"))
        return response

    # It hands the body on by ``yield from``, and calls no ``close`` of it on leaving.
    body = iter(DebuggedApplication(app)(EnvironBuilder("/").get_environ(), lambda *_: len))
    assert next(body) == b"a"
    t.cast("Generator[bytes]", body).close()
    assert called == ["finally", "close"]
    steps = lifecycle.traces(app)[0].steps
    (step,) = (each for each in steps if each.stage == "body")
    assert step.detail["complete"] is False
    assert [each for each in steps if each.stage == "body_close"]


def test_a_body_that_another_thread_iterates_and_closes() -> None:
    app, lifecycle = make_app()
    torn: list[int] = []
    app.teardown_appcontext(lambda _exc: torn.append(threading.get_ident()))

    def work() -> None:
        with app.app_context():
            pass

    def chunks() -> Iterator[str]:
        yield "a"
        work()
        yield "b"

    @app.get("/")
    def view() -> Response:
        response = Response(chunks())
        response.call_on_close(work)
        return response

    body = call(app)

    def serve() -> None:
        assert list(body) == [b"a", b"b"]
        body.close()

    thread = threading.Thread(target=serve)
    thread.start()
    thread.join()
    assert torn == [threading.get_ident(), thread.ident, thread.ident]
    steps = lifecycle.traces(app)[0].steps
    recorded = [step for step in steps if step.stage == "teardown_appcontext"]
    assert [inside(steps, step)[-1] for step in recorded] == ["wsgi", "body", "body_close"]


@pytest.mark.parametrize("is_closed", [True, False])
def test_a_file_dies_when_the_server_lets_go_of_it(is_closed: bool) -> None:
    app, lifecycle = make_app()

    @app.get("/")
    def view() -> Response:
        file = request.environ["wsgi.file_wrapper"](io.BytesIO(b"file"))
        return Response(file, direct_passthrough=True)

    def start_response(*_args: t.Any) -> t.Callable[[bytes], object]:
        return bytes

    environ = {**EnvironBuilder("/").get_environ(), "wsgi.file_wrapper": FileWrapper}
    gc.collect()
    gc.disable()
    try:
        body = app(environ, start_response)
        assert isinstance(body, FileWrapper)
        died = weakref.ref(body)
        if is_closed:
            body.close()
            assert lifecycle.traces(app)[0].state == "done"
        del body
        assert died() is None
    finally:
        gc.enable()


def test_a_large_body_passes_and_is_not_kept() -> None:
    app, lifecycle = make_app()
    large = b"x" * 50_000_000
    app.add_url_rule("/", view_func=lambda: large)
    with app.test_client().get("/") as response:
        assert response.data == large
    (trace,) = lifecycle.traces(app)
    body = steps_of(trace, "body")[0]
    assert body.detail["bytes"] == len(large)
    assert len(repr(trace)) < 20_000


@pytest.mark.parametrize("place", ["body", "body_close"])
def test_what_goes_out_to_the_server_later_is_the_requests_error(place: str) -> None:
    app, lifecycle = make_app()

    def fails() -> t.NoReturn:
        raise ValueError("in the middle")

    def chunks() -> Iterator[str]:
        yield "a"
        if place == "body":
            fails()

    @app.get("/")
    def view() -> Response:
        response = Response(chunks())
        if place == "body_close":
            response.call_on_close(fails)
        return response

    with (
        pytest.raises(ValueError, match="in the middle") as raised,
        contextlib.closing(call(app)) as body,
    ):
        list(body)

    trace = lifecycle.traces(app)[0]
    assert trace.error is not None
    assert trace.error.step is not None
    assert (trace.error.type, trace.error.message) == ("ValueError", "in the middle")
    step = trace.steps[trace.error.step]
    assert (step.stage, step.outcome) == (place, "raised")
    assert step.detail["exception"]["frames"][-1]["function"] == "fails"
    # Python 3.10 puts the frame back from which an exception goes on; what is compiled has none.
    ours = [entry for entry in raised.traceback if is_ours(str(entry.path))]
    assert len(ours) == (sys.version_info < (3, 11) and compiled is None)


class Raw:
    """Answers with a body of its own, inside ``app.wsgi_app``."""

    def __init__(self, make: t.Callable[[t.Any], t.Any]) -> None:
        self.make = make
        self.made: t.Any = None

    def __call__(self, environ: t.Any, start_response: t.Any) -> t.Any:
        start_response("200 OK", [("Content-Type", "text/plain")])
        self.made = self.make(environ)
        return self.made


def answer(make: t.Callable[[t.Any], t.Any], **environ: t.Any) -> tuple[t.Any, t.Any, t.Any]:
    """Return the body that a server gets, that which the app made, and its trace's getter."""
    app, lifecycle = make_app()
    raw = Raw(make)
    app.wsgi_app = raw  # type: ignore[method-assign]
    environ = {**EnvironBuilder("/").get_environ(), **environ}
    body = app(environ, lambda *_: bytes)
    made, raw.made = raw.made, None
    return body, made, lambda: lifecycle.traces(app)[0]


@pytest.mark.parametrize(
    "make",
    [
        lambda _: [b"one", b"two"],
        lambda _: (b"one", b"two"),
        lambda _: [],
        lambda _: (),
        lambda _: type("Own", (list,), {})([b"one"]),
        lambda _: b"bytes",
        lambda _: bytearray(b"bytes"),
        lambda _: memoryview(b"bytes"),
        lambda _: array.array("b", b"bytes"),
        lambda _: "text",
        lambda _: {b"one": 1},
        lambda _: {b"one"},
        lambda _: None,
        lambda _: object(),
    ],
)
def test_what_is_all_there_is_handed_over_as_it_is(make: t.Any) -> None:
    body, made, trace = answer(make)
    assert body is made
    assert trace().state == "done"
    steps = steps_of(trace(), "body")
    if isinstance(made, (list, tuple)):
        (step,) = steps
        assert (step.detail["chunks"], step.detail["bytes"]) == (len(made), sum(map(len, made)))


class Each:
    """Has each special method and attribute that is named."""

    def __new__(cls, *names: str) -> t.Any:
        methods: dict[str, t.Any] = {
            "__iter__": lambda *_: iter([b"one", b"two"]),
            "__next__": lambda *_: b"one",
            "__len__": lambda *_: 2,
            "__getitem__": lambda _, at: [b"one", b"two"][at],
            "__bool__": lambda *_: False,
            "__contains__": lambda *_: True,
            "__reversed__": lambda *_: "reversed",
            "__length_hint__": lambda *_: 7,
            "__enter__": lambda *_: "entered",
            "__exit__": lambda *_: None,
            "__call__": lambda *_: "called",
            "__eq__": lambda _, other: other == "equal",
            "close": lambda *_: "closed",
            "read": lambda *_: b"",
            "fileno": lambda *_: 7,
        }
        return type("Made", (), {name: methods[name] for name in names})()


NAMES = ["__iter__", "__next__", "__len__", "__getitem__", "__bool__", "__contains__"]
NAMES += ["__reversed__", "__length_hint__", "__enter__", "__exit__", "__call__", "__eq__"]
NAMES += ["close", "read", "fileno"]


@given(st.sets(st.sampled_from(NAMES)))
def test_a_body_has_the_traits_that_it_had(names: set[str]) -> None:
    body, made, trace = answer(lambda _: Each(*names))
    for name in NAMES:
        assert hasattr(body, name) == hasattr(made, name)
    assert isinstance(body, type(made))
    assert repr(body) == repr(made)
    assert bool(body) == bool(made)
    assert callable(body) == callable(made)
    assert operator.length_hint(body, -1) == operator.length_hint(made, -1)
    assert (body == "equal") is (made == "equal")
    if {"__iter__", "__getitem__"} & names:
        for _ in range(2):
            read = itertools.islice(body, 2)
            assert list(read) == list(itertools.islice(made, 2))
    if "close" in names:
        assert body.close() == "closed"
        assert trace().state == "done"
        assert body.close() == "closed"
    del body
    assert trace().state == "done"


def test_a_body_that_is_counted_and_then_sent() -> None:
    class Sized:
        def __len__(self) -> int:
            return 2

        def __iter__(self) -> Iterator[bytes]:
            yield b"one"
            yield b"three"

    body, _, trace = answer(lambda _: Sized())
    assert sum(map(len, body)) == 8
    assert list(body) == [b"one", b"three"]
    assert trace().state == "running"
    del body
    (step,) = steps_of(trace(), "body")
    assert (step.detail["chunks"], step.detail["bytes"]) == (2, 8)


def test_an_iterator_without_close_ends_with_its_last_chunk() -> None:
    body, _, trace = answer(lambda _: map(bytes.upper, [b"one"]))
    assert not hasattr(body, "close")
    assert list(body) == [b"ONE"]
    assert trace().state == "done"
    assert "body_close" not in [step.stage for step in trace().steps]


def test_a_generator_is_one() -> None:
    def chunks() -> t.Generator[bytes, bytes]:
        sent = yield b"one"
        yield sent

    body, made, trace = answer(lambda _: chunks())
    assert isinstance(body, types.GeneratorType)
    assert iter(body) is body
    assert next(body) == b"one"
    assert body.send(b"sent") == b"sent"
    assert body.gi_frame is made.gi_frame
    body.close()
    assert trace().state == "done"


def test_attributes_are_set_on_what_the_app_returned() -> None:
    closed: list[str] = []

    class Chunks:
        def __iter__(self) -> Iterator[bytes]:
            return iter([b"one"])

    body, made, trace = answer(lambda _: Chunks())
    body.close = lambda: closed.append("by a middleware")
    assert made.close
    body.close()
    assert closed == ["by a middleware"]
    assert trace().state == "done"


@pytest.mark.parametrize("is_closed", [True, False])
def test_a_function_may_say_what_is_a_file(is_closed: bool) -> None:
    body, made, trace = answer(
        lambda environ: environ["wsgi.file_wrapper"](io.BytesIO(b"file"), 8192),
        **{"wsgi.file_wrapper": lambda file, _size: file},
    )
    assert body is made
    assert trace().state == "running"
    if is_closed:
        body.close()
        body.close()
        assert made.closed
    # It is the last that holds it, but for what made it.
    del body, made
    assert trace().state == "done"


def test_start_response_takes_an_exception_by_name() -> None:
    app, _ = make_app()
    given: list[t.Any] = []

    def answering(environ: t.Any, start_response: t.Any) -> t.Any:
        start_response("500 Oh", [], exc_info=(None, None, None))
        return []

    app.wsgi_app = answering  # type: ignore[method-assign]
    start: t.Any = lambda *_, exc_info=None: given.append(exc_info)  # noqa: E731
    app(EnvironBuilder("/").get_environ(), start)
    assert given == [(None, None, None)]


@pytest.mark.parametrize("is_interactive", [True, False])
def test_a_debugger_that_answers_is_noted(is_interactive: bool) -> None:
    app, lifecycle = make_app()
    app.config["PROPAGATE_EXCEPTIONS"] = True

    @app.get("/")
    def view() -> str:
        raise LookupError

    @app.get("/exit")
    def exit_server() -> str:
        raise SystemExit

    @app.get("/fine")
    def fine() -> str:
        return "fine"

    client = Client(DebuggedApplication(app, evalex=is_interactive))
    assert client.get("/").status_code == 500
    assert client.get("/fine").status_code == 200
    with pytest.raises(SystemExit):  # it passes the debugger
        client.get("/exit")
    said = {each.path: each.server_error_by for each in lifecycle.traces(app)}
    assert said == {"/": "debugger", "/fine": None, "/exit": None}
