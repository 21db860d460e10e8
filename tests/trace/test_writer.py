"""A full trace: the request's own steps, the first of those that repeat, and the last of them."""

from __future__ import annotations

import itertools
import logging
import threading
import tracemalloc
import typing as t
from collections import Counter
from contextvars import copy_context

import flask
import pytest
from flask import (
    Flask,
    Response,
    after_this_request,
    copy_current_request_context,
    g,
    stream_with_context,
    url_for,
)

from flask_lifecycle import Lifecycle, Trace
from flask_lifecycle.trace.model import Step
from tests.helpers.apps import make_app

STEPS = 60
TIMES = 500
#: So many may be there beside those that fill a trace: its own, and the last of what repeats.
BESIDE = 120

quiet = logging.Logger("quiet")
quiet.addHandler(logging.NullHandler())


def app_that_repeats(steps: int = STEPS) -> tuple[Flask, Lifecycle]:
    app, lifecycle = make_app(LIFECYCLE_MAX_STEPS=steps)

    @app.before_request
    def before() -> None: ...

    @app.after_request
    def after(response: Response) -> Response:
        return response

    @app.teardown_request
    def torn(_error: BaseException | None) -> None: ...

    @app.teardown_appcontext
    def app_torn(_error: BaseException | None) -> None: ...

    @app.url_defaults
    def defaults(_endpoint: str, _values: dict[str, t.Any]) -> None: ...

    @app.url_value_preprocessor
    def values(_endpoint: str | None, _values: dict[str, t.Any] | None) -> None: ...

    @app.errorhandler(KeyError)
    def handled(_error: KeyError) -> str:
        return "handled"

    return app, lifecycle


def app_contexts(app: Flask, times: int = TIMES) -> t.Iterator[str]:
    for tick in range(times):
        with app.app_context():
            g.tick = tick
            yield "tick"


def request_contexts(app: Flask, times: int = TIMES) -> t.Iterator[str]:
    for tick in range(times):
        with app.test_request_context(f"/other/{tick}"):
            yield "tick"


def whole_requests_by_hand(app: Flask, times: int = TIMES) -> t.Iterator[str]:
    full_dispatch: t.Any = app.full_dispatch_request
    for _ in range(times):
        with app.test_request_context("/other/1") as context:
            try:
                full_dispatch()
            except TypeError:  # Flask 3.2 and later
                full_dispatch(context)
            yield "tick"


def contexts_without_a_push(app: Flask, times: int = TIMES) -> t.Iterator[str]:
    for _ in range(times):
        app.test_request_context("/other/1")
        yield "tick"


def copied_contexts(app: Flask, times: int = TIMES) -> t.Iterator[str]:
    for _ in range(times):
        copy_current_request_context(lambda: "tick")()
        yield "tick"


def urls(app: Flask, times: int = TIMES) -> t.Iterator[str]:
    for _ in range(times):
        yield url_for("other", which=1)


def signals(app: Flask, times: int = TIMES) -> t.Iterator[str]:
    def receiver(*_args: t.Any, **_kwargs: t.Any) -> None: ...

    with flask.request_started.connected_to(receiver, app):
        for _ in range(times):
            flask.request_started.send(app, _async_wrapper=None)
            flask.appcontext_popped.send(app)
            yield "tick"


def responses(app: Flask, times: int = TIMES) -> t.Iterator[str]:
    for _ in range(times):
        app.make_response("inner")
        yield "tick"


def handlers(app: Flask, times: int = TIMES) -> t.Iterator[str]:
    handle: t.Any = app.handle_user_exception
    for tick in range(times):
        try:
            handle(KeyError(tick))
        except TypeError:  # Flask 3.2 and later
            from flask.globals import app_ctx

            handle(app_ctx._get_current_object(), KeyError(tick))  # type: ignore[attr-defined]
        yield "tick"


def sessions(app: Flask, times: int = TIMES) -> t.Iterator[str]:
    from flask import request, session

    for _ in range(times):
        app.session_interface.open_session(app, request)
        app.session_interface.save_session(app, session, Response())
        yield "tick"


Loop = t.Callable[[Flask, int], t.Iterator[str]]
LOOPS: tuple[Loop, ...] = (
    app_contexts,
    request_contexts,
    whole_requests_by_hand,
    contexts_without_a_push,
    copied_contexts,
    urls,
    signals,
    responses,
    handlers,
    sessions,
)
# What needs a request runs where there is one.
IN_A_STREAM = (app_contexts, request_contexts, contexts_without_a_push, signals, responses)


def ran(lifecycle: Lifecycle, app: Flask, path: str) -> Trace:
    answer = app.test_client().get(path)
    assert answer.status_code == 200
    assert answer.data != b""
    answer.close()
    return next(trace for trace in lifecycle.traces(app) if trace.path == path)


def add_loop(app: Flask, loop: Loop, kind: str, times: int = TIMES) -> None:
    @app.get("/other/<which>")
    def other(which: str) -> str:
        return which

    @app.get("/loop")
    def looping() -> t.Any:
        if kind == "stream":
            return Response(itertools.chain(loop(app, times), ["done"]))
        if kind == "stream with context":
            return Response(stream_with_context(itertools.chain(loop(app, times), ["done"])))
        if kind == "view":
            for _ in loop(app, times):
                pass
        return "done"

    if kind == "hook":

        @app.before_request
        def loops() -> None:
            if flask.request.path == "/loop":
                for _ in loop(app, times):
                    pass


CASES = [
    *itertools.product(LOOPS, ("view", "hook", "stream with context")),
    *itertools.product(IN_A_STREAM, ("stream",)),
]


def own(trace: Trace) -> list[tuple[str, str]]:
    """Name the steps that the request has of its own: those that it has without the loop."""
    return [(step.stage, step.name) for step in trace.steps]


@pytest.mark.parametrize(
    ("loop", "kind"), CASES, ids=[f"{loop.__name__}, {kind}" for loop, kind in CASES]
)
def test_what_repeats_is_bounded_and_the_requests_own_steps_are_kept(loop: Loop, kind: str) -> None:
    app, lifecycle = app_that_repeats()
    add_loop(app, loop, kind)
    trace = ran(lifecycle, app, "/loop")
    bare, of_bare = app_that_repeats()
    add_loop(bare, loop, kind, 0)
    # All that the request has without the loop it has with it, in the same order.
    steps = iter(own(trace))
    missed = [each for each in own(ran(of_bare, bare, "/loop")) if each not in steps]
    assert missed == []

    assert len(trace.steps) <= STEPS + BESIDE
    assert trace.dropped_steps >= TIMES - STEPS
    begins = [step.begin for step in trace.steps]
    assert begins == sorted(begins)
    assert all(step.end is not None for step in trace.steps)
    lasts = [step for step in trace.steps if "repeated" in step.detail]
    assert lasts != []
    for step in lasts:
        alike = [
            each for each in trace.steps if each.name == step.name and each.stage == step.stage
        ]
        alike = [each for each in alike if each.parent == step.parent]
        # The request's own context may go after it.
        assert alike.index(step) >= len(alike) - 2
        assert step.detail["repeated"]["first"] == alike.index(step)
        assert step.detail["repeated"]["times"] in range(TIMES - 1, TIMES + 2)


@pytest.mark.parametrize("kind", ["view", "stream", "stream with context"])
def test_all_steps_are_counted(kind: str) -> None:
    counted = []
    for most in (100_000, STEPS):
        app, lifecycle = app_that_repeats(most)
        add_loop(app, app_contexts, kind)
        trace = ran(lifecycle, app, "/loop")
        counted.append(len(trace.steps) + trace.dropped_steps)
    assert counted[0] == counted[1] > TIMES * 6


def test_the_last_is_the_last_and_what_is_inside_it_is_its_own() -> None:
    app, lifecycle = app_that_repeats()

    @app.get("/loop")
    def looping() -> str:
        for tick in range(TIMES):
            with app.test_request_context(f"/tick/{tick}"):
                pass
        return "done"

    trace = ran(lifecycle, app, "/loop")
    assert (trace.path, trace.endpoint) == ("/loop", "looping")

    def inside(step: Step) -> list[str]:
        return [each.stage for each in trace.steps if each.parent == step.id]

    pushes = [step for step in trace.steps if "push" in step.stage and step.parent is not None]
    pushes = [step for step in pushes if trace.steps[step.parent or 0].stage == "view"]
    assert inside(pushes[-1]) == inside(pushes[0])
    assert "repeated" in pushes[-1].detail
    assert all("repeated" not in step.detail for step in pushes[:-1])


def test_many_callbacks_of_one_request_are_its_own() -> None:
    app, lifecycle = app_that_repeats()

    @app.get("/many")
    def many() -> str:
        for _ in app_contexts(app):
            pass
        for _ in range(STEPS):
            after_this_request(lambda response: response)
        return "many"

    trace = ran(lifecycle, app, "/many")
    assert Counter(step.stage for step in trace.steps)["after_this_request"] == STEPS


def test_a_context_that_is_never_popped_takes_nothing_of_the_request() -> None:
    app, lifecycle = app_that_repeats()

    @app.get("/left")
    def left() -> str:
        for _ in range(TIMES):
            # Popped later than what was pushed after it.
            first, second = app.app_context(), app.app_context()
            first.push()
            second.push()
            second.pop()
            first.pop()
        return "left"

    trace = ran(lifecycle, app, "/left")
    assert len(trace.steps) <= STEPS + BESIDE
    stages = [step.stage for step in trace.steps]
    assert stages[-2:] == ["body", "body_close"]
    for stage in ("after_request", "session_save", "start_response", "teardown_request"):
        assert stages.count(stage) == 1


def test_threads_are_bounded_too() -> None:
    app, lifecycle = app_that_repeats()

    @app.get("/threads")
    def threads() -> str:
        def work() -> None:
            for _ in app_contexts(app):
                quiet.warning("tick")

        for _ in range(20):
            context = copy_context()
            thread = threading.Thread(target=context.run, args=(work,))
            thread.start()
            thread.join()
        return "threads"

    trace = ran(lifecycle, app, "/threads")
    assert len(trace.steps) <= STEPS + 20 * BESIDE
    assert trace.dropped_steps > 20 * TIMES
    lasts = [step for step in trace.steps if "repeated" in step.detail]
    assert {trace.steps[step.parent or 0].name for step in lasts} == {"threads"}


def test_a_thread_that_outlives_its_request_keeps_none_of_its_steps() -> None:
    app, lifecycle = app_that_repeats()
    contexts = []

    @app.get("/starts")
    def starts() -> str:
        contexts.append(copy_context())
        return "starts"

    trace = ran(lifecycle, app, "/starts")
    kept = app.extensions["lifecycle"]._store.newest()[0]

    def late() -> None:
        # Its thread may have the very identity that the request's had.
        for _ in app_contexts(app):
            quiet.warning("late")

    contexts[0].run(late)
    assert not kept.log
    assert len(kept.notes.details) == len([each for each in trace.steps if each.detail])
    assert len(lifecycle.traces(app)[0].steps) == len(trace.steps)


def test_memory_of_a_long_stream_is_level() -> None:
    app, _ = app_that_repeats()
    weighed: list[int] = []

    @app.get("/stream")
    def stream() -> Response:
        def ticks() -> t.Iterator[str]:
            for tick in range(6000):
                with app.app_context():
                    g.tick = f"tick {tick}"
                    quiet.warning("tick %d", tick)
                    yield url_for("stream", _external=False) if flask.has_request_context() else "x"
                if tick % 1000 == 999:
                    weighed.append(tracemalloc.get_traced_memory()[0])

        return Response(ticks())

    tracemalloc.start()
    try:
        answer = app.test_client().get("/stream", buffered=False)
        for _ in answer.response:
            pass
        answer.close()
    finally:
        tracemalloc.stop()
    assert weighed[-1] - weighed[1] < 50_000


def test_details_of_what_was_not_kept_weigh_nothing() -> None:
    app, lifecycle = app_that_repeats()

    @app.get("/loop")
    def looping() -> str:
        for tick in range(TIMES):
            with app.test_request_context(f"/tick/{tick}"):
                g.text = "x" * 500
                url_for("looping")
                quiet.warning("x" * 500)
        return "done"

    ran(lifecycle, app, "/loop")
    (trace,) = app.extensions["lifecycle"]._store.newest()
    assert 0 < trace.detail_bytes < STEPS * 2000
