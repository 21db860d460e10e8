"""The body is recorded while the server iterates it, whatever says how long it is."""

from __future__ import annotations

import contextlib
import gc
import io
import sys
import threading
import typing as t
import weakref
from collections.abc import Generator, Iterator

import pytest
from flask import Flask, Response, request, stream_with_context
from werkzeug.debug import DebuggedApplication
from werkzeug.test import EnvironBuilder, run_wsgi_app
from werkzeug.wsgi import FileWrapper

from flask_lifecycle import Lifecycle
from flask_lifecycle.trace import Step


def make_app() -> tuple[Flask, Lifecycle]:
    app = Flask(__name__)
    app.config["LIFECYCLE_ENABLED"] = True
    return app, Lifecycle(app)


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
    (step,) = (each for each in lifecycle.traces(app)[0].steps if each.stage == "body")
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
    app = Flask(__name__)
    app.config["LIFECYCLE_ENABLED"] = True
    lifecycle = Lifecycle(app)
    large = b"x" * 50_000_000
    app.add_url_rule("/", view_func=lambda: large)
    with app.test_client().get("/") as response:
        assert response.data == large
    (trace,) = lifecycle.traces(app)
    body = next(step for step in trace.steps if step.stage == "body")
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
    # Python 3.10 puts the frame back from which an exception goes on.
    ours = [entry for entry in raised.traceback if "flask_lifecycle" in str(entry.path)]
    assert len(ours) == (sys.version_info < (3, 11))
