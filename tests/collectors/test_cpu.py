"""The CPU time of a step: between what its function measured and what the request took."""

from __future__ import annotations

import time
import typing as t

import pytest
from flask import Flask

from flask_lifecycle import Lifecycle
from flask_lifecycle.settings import COLLECTORS
from tests.helpers.apps import make_app


def timed_app(*collectors: str) -> tuple[Flask, Lifecycle, dict[str, int]]:
    app, lifecycle = make_app(LIFECYCLE_COLLECTORS=(*COLLECTORS, *collectors))
    measured: dict[str, int] = {}

    @app.before_request
    def waits() -> None:
        begun = time.thread_time_ns()
        time.sleep(0.05)  # what is measured: a function that does nothing for a time
        measured["waits"] = time.thread_time_ns() - begun

    @app.get("/")
    def computes() -> str:
        begun = time.thread_time_ns()
        while time.thread_time_ns() - begun < 20_000_000:
            pass
        measured["computes"] = time.thread_time_ns() - begun
        return "computed"

    @app.get("/raises")
    def raises() -> t.NoReturn:
        raise LookupError

    return app, lifecycle, measured


def test_each_step_says_what_it_took_of_the_cpu() -> None:
    app, lifecycle, measured = timed_app("cpu")
    begun = time.thread_time_ns()
    app.test_client().get("/").close()
    whole = time.thread_time_ns() - begun
    steps = lifecycle.traces(app)[0].steps
    took = {step.name: step.detail.get("cpu", 0) for step in steps}
    assert measured["computes"] <= took["computes"] <= took["wsgi"] <= whole
    assert measured["waits"] <= took["waits"] <= took["wsgi"] - took["computes"]
    waits = next(step for step in steps if step.name == "waits")
    assert waits.end is not None
    assert took["waits"] < (waits.end - waits.begin) / 2
    without = {step.stage for step in steps if "cpu" not in step.detail}
    assert without <= {"signal", "start_response", "body", "body_close"}


def test_a_step_that_raises_says_so_too() -> None:
    app, lifecycle, _ = timed_app("cpu")
    app.testing = True
    with pytest.raises(LookupError):
        app.test_client().get("/raises")
    steps = lifecycle.traces(app)[0].steps
    for stage in ("wsgi", "dispatch", "view"):
        (step,) = (step for step in steps if step.stage == stage)
        assert step.outcome == "raised"
        assert step.detail["cpu"] > 0


def test_it_is_off_unless_it_is_asked_for() -> None:
    clocked, _, _ = timed_app("cpu")
    app, lifecycle, _ = timed_app()
    clocked.test_client().get("/").close()
    app.test_client().get("/").close()
    # The session interface serves both.
    assert not [step for step in lifecycle.traces(app)[0].steps if "cpu" in step.detail]
