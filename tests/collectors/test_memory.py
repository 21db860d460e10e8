"""The memory of a step: what the test itself measures around the same lines."""

from __future__ import annotations

import threading
import tracemalloc
import typing as t
from collections.abc import Iterator

import pytest
from flask import Flask

from flask_lifecycle import Lifecycle
from flask_lifecycle.settings import COLLECTORS
from tests.helpers.apps import make_app, steps_of

MB = 1_000_000
#: What Flask and the lifecycle allocate in a step, at most.
LITTLE = 100_000

kept: list[bytearray] = []


def weighed_app(*collectors: str) -> tuple[Flask, Lifecycle, dict[str, int]]:
    app, lifecycle = make_app(LIFECYCLE_COLLECTORS=(*COLLECTORS, *collectors))
    measured: dict[str, int] = {}

    @app.before_request
    def needs_for_a_while() -> None:
        assert len(bytearray(8 * MB)) == 8 * MB

    @app.get("/")
    def keeps() -> str:
        before = tracemalloc.get_traced_memory()[0]
        kept.append(bytearray(5 * MB))
        measured["keeps"] = tracemalloc.get_traced_memory()[0] - before
        return "kept"

    @app.get("/raises")
    def raises() -> t.NoReturn:
        kept.append(bytearray(5 * MB))
        raise LookupError

    @app.after_request
    def frees(response: t.Any) -> t.Any:
        before = tracemalloc.get_traced_memory()[0]
        kept.clear()
        measured["frees"] = tracemalloc.get_traced_memory()[0] - before
        return response

    return app, lifecycle, measured


@pytest.fixture
def weighed() -> Iterator[tuple[Flask, Lifecycle, dict[str, int]]]:
    app, lifecycle, measured = weighed_app("memory")
    yield app, lifecycle, measured
    lifecycle.undo(app)
    assert not tracemalloc.is_tracing()


def memory(app: Flask, lifecycle: Lifecycle) -> dict[str, t.Any]:
    steps = lifecycle.traces(app)[0].steps
    return {
        name: step.detail["memory"]
        for step in steps
        if "memory" in step.detail
        for name in (step.name, step.stage)
    }


def test_each_step_says_what_it_left_and_the_most_that_it_held(
    weighed: tuple[Flask, Lifecycle, dict[str, int]],
) -> None:
    app, lifecycle, measured = weighed
    app.test_client().get("/").close()
    found = memory(app, lifecycle)
    assert measured["keeps"] >= 5 * MB
    assert measured["frees"] <= -5 * MB
    for name in ("keeps", "frees"):
        assert found[name]["net"] == pytest.approx(measured[name], abs=LITTLE)
    assert found["keeps"]["peak"] == pytest.approx(5 * MB, abs=LITTLE)
    assert found["frees"]["peak"] < LITTLE
    assert abs(found["needs_for_a_while"]["net"]) < LITTLE
    assert found["needs_for_a_while"]["peak"] == pytest.approx(8 * MB, abs=LITTLE)
    # The peak of what is around a step is not lost when one in it begins.
    assert found["wsgi"]["peak"] == pytest.approx(8 * MB, abs=3 * LITTLE)
    assert abs(found["wsgi"]["net"]) < 3 * LITTLE
    assert found["dispatch"]["net"] == pytest.approx(5 * MB, abs=LITTLE)
    steps = lifecycle.traces(app)[0].steps
    without = {step.stage for step in steps if "memory" not in step.detail}
    assert without <= {"signal", "start_response", "body", "body_close"}


def test_a_step_that_raises_says_so_too(
    weighed: tuple[Flask, Lifecycle, dict[str, int]],
) -> None:
    app, lifecycle, _ = weighed
    app.testing = True
    with pytest.raises(LookupError):
        app.test_client().get("/raises")
    kept.clear()
    found = memory(app, lifecycle)
    for name in ("raises", "dispatch", "wsgi"):
        assert found[name]["net"] == pytest.approx(5 * MB, abs=3 * LITTLE)


def test_steps_of_several_threads_lose_no_peak(
    weighed: tuple[Flask, Lifecycle, dict[str, int]],
) -> None:
    app, lifecycle, _ = weighed
    begun, done = threading.Event(), threading.Event()

    @app.get("/waits")
    def waits() -> str:
        begun.set()
        done.wait(600)
        return "waited"

    waiting = threading.Thread(target=lambda: app.test_client().get("/waits").close())
    waiting.start()
    assert begun.wait(600)
    app.test_client().get("/").close()
    done.set()
    waiting.join(600)
    view = next(
        step
        for trace in lifecycle.traces(app)
        for step in trace.steps
        if (trace.path, step.name) == ("/waits", "waits")
    )
    # Of the whole process: what the other request held meanwhile is in it.
    assert view.detail["memory"]["peak"] >= 8 * MB


def test_it_is_off_unless_it_is_asked_for(
    weighed: tuple[Flask, Lifecycle, dict[str, int]],
) -> None:
    app, lifecycle, _ = weighed_app()
    weighed[0].test_client().get("/").close()
    app.test_client().get("/").close()
    # The session interface serves both.
    assert memory(app, lifecycle) == {}


def test_what_traces_already_goes_on_tracing() -> None:
    tracemalloc.start()
    app, lifecycle, _ = weighed_app("memory", "cpu")
    app.test_client().get("/").close()
    view = steps_of(lifecycle.traces(app)[0], "view")[0]
    assert view.detail["cpu"] > 0
    assert view.detail["memory"]["net"] >= 5 * MB
    tracemalloc.stop()
    # An app may stop it in the middle: nothing of it breaks.
    assert app.test_client().get("/").text == "kept"
    lifecycle.undo(app)


def test_what_cannot_be_measured_is_the_apps_own_business(
    weighed: tuple[Flask, Lifecycle, dict[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, lifecycle, _ = weighed

    def fails() -> t.NoReturn:
        raise RuntimeError("no memory")

    monkeypatch.setattr(tracemalloc, "reset_peak", fails)
    answer = app.test_client().get("/")
    kept.clear()
    assert answer.text == "kept"
    assert memory(app, lifecycle) == {}
