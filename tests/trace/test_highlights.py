"""The highlights are true of what ran, and leave out what says nothing."""

from __future__ import annotations

import json
import sqlite3
import time
import typing as t

import pytest
from flask import Response

from flask_lifecycle.trace.explain import explain
from flask_lifecycle.trace.highlights import Highlight, highlights
from flask_lifecycle.trace.model import Hold, Step, Trace, TraceError
from tests.helpers.apps import LOCAL, make_app
from tests.helpers.records import step, trace_of
from tests.helpers.servers import wait_for

MS = 1_000_000


def told(trace: Trace) -> dict[str, str]:
    found = highlights(trace)
    for each in found:
        assert each.mark in each.text
        assert each.step is None or each.step < len(trace.steps)
    return {each.kind: each.text.replace("\N{NO-BREAK SPACE}", " ") for each in found}


def lasted(step: Step) -> int:
    assert step.end is not None
    return step.end - step.begin


def test_a_real_request_says_where_its_time_went() -> None:
    app, lifecycle = make_app()

    @app.before_request
    def wait() -> None:
        time.sleep(0.02)

    @app.get("/")
    def index() -> str:
        with sqlite3.connect(":memory:") as db:
            db.execute("CREATE TABLE t (a)")
            db.execute("INSERT INTO t VALUES (1)")
        db.close()
        return ""

    def is_slowest() -> bool:
        """Send one; a busy machine may let it wait for longer elsewhere."""
        app.test_client().get("/").close()
        steps = lifecycle.traces(app)[0].steps
        waits = next(each for each in steps if each.name == "wait")
        return lasted(waits) > 0.9 * lasted(steps[0])

    wait_for(is_slowest)
    trace = lifecycle.traces(app)[0]
    found = told(trace)
    assert [each for each in found if each != "sent"] == ["app", "sql", "slowest", "unexplained"]
    assert found["sql"].endswith(", 1 commit")
    assert found["slowest"].startswith("slowest: before_request wait ")
    assert found["unexplained"].endswith("ms of it that no step explains")
    # What is sent is the same.
    assert trace.to_dict()["highlights"] == [each.to_dict() for each in highlights(trace)]


def test_sending_is_the_servers_time() -> None:
    app, lifecycle = make_app()
    app.add_url_rule("/", "index", lambda: Response("x" * 10))
    answer = app.test_client().get("/", buffered=False)
    time.sleep(0.03)
    answer.close()
    (trace,) = lifecycle.traces(app)
    found = told(trace)
    assert trace.duration is not None
    assert trace.app_time is not None
    assert trace.duration - trace.app_time >= 25 * MS
    assert found["sent"].startswith("sent in ")


@pytest.mark.parametrize(
    ("more", "kinds"),
    [
        ({}, ["app", "slowest", "unexplained"]),
        # Below a twentieth of the app's time, or a millisecond.
        ({"app_time": 300 * MS, "duration": 300 * MS}, ["app"]),
        ({"app_time": 12 * MS, "duration": 12 * MS + MS - 1}, ["app", "slowest", "unexplained"]),
        ({"app_time": 12 * MS, "duration": 13 * MS}, ["app", "slowest", "unexplained", "sent"]),
        ({"state": "running", "duration": None, "app_time": None}, ["slowest", "unexplained"]),
        # Of an older file.
        ({"app_time": None}, ["app", "slowest", "unexplained"]),
    ],
)
def test_what_says_nothing_is_left_out(more: dict[str, t.Any], kinds: list[str]) -> None:
    steps = [step(0, "wsgi", end=12 * MS), step(1, "view", parent=0, begin=0, end=10 * MS)]
    trace = trace_of(*steps, **{"duration": 12 * MS, "app_time": 12 * MS, **more})
    assert list(told(trace)) == kinds


def test_steps_at_the_same_time_explain_a_moment_once() -> None:
    inside = [
        step(2, "sql", parent=1, begin=MS, end=5 * MS),
        step(3, "sql", parent=1, begin=2 * MS, end=4 * MS),
        step(4, "template", parent=1, begin=4 * MS, end=8 * MS),
        step(5, "sql", parent=4, begin=5 * MS, end=6 * MS),
    ]
    steps = [step(0, "wsgi", end=10 * MS), step(1, "view", parent=0, begin=0, end=10 * MS), *inside]
    trace = trace_of(*steps, duration=10 * MS, app_time=10 * MS)
    assert told(trace)["unexplained"] == "3.00 ms of it that no step explains"


def test_a_trace_without_steps_has_none_of_them() -> None:
    assert highlights(trace_of(duration=None, state="running")) == ()


def test_a_crash_says_who_answered() -> None:
    app, lifecycle = make_app()
    app.config["PROPAGATE_EXCEPTIONS"] = True

    @app.get("/")
    def index() -> str:
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError):
        app.test_client().get("/")
    (trace,) = lifecycle.traces(app)
    (answer,) = [each for each in highlights(trace) if each.kind == "answer"]
    assert answer.text.startswith("answered with 500 by ")
    assert trace.steps[answer.step or 0].outcome == "raised"


def test_the_live_stream_brings_them_with_the_last_steps() -> None:
    app, lifecycle = make_app()
    app.debug = True
    app.add_url_rule("/", "index", lambda: "")
    app.test_client().get("/").close()
    (trace,) = lifecycle.traces(app)
    asked: dict[str, t.Any] = {
        "epoch": None,
        "last": None,
        "running": [],
        "watch": trace.id,
        "have": 0,
    }
    batch = app.test_client().post("/_lifecycle/api/batch", json=asked, environ_base=LOCAL)
    (part,) = batch.get_json()["steps"]
    assert part["highlights"] == json.loads(
        json.dumps([each.to_dict() for each in highlights(trace)])
    )
    assert {each["kind"] for each in part["highlights"]} >= {"app"}
    assert Highlight(**part["highlights"][0]) in highlights(trace)


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"server_error_by": "debugger"}, "answered with 500 by Werkzeug's debugger"),
        ({"server_error_by": "server"}, "answered with 500 by the server"),
        # Of a file of an older version.
        (
            {"status": None, "error": TraceError("KeyError", "'k'", 0)},
            "answered with 500 by the server",
        ),
        (
            {"status": None, "error": TraceError("SystemExit", "", 0)},
            "not answered: it ended the server",
        ),
        ({}, None),
    ],
)
def test_who_answered_is_the_one_that_did(more: dict[str, t.Any], text: str | None) -> None:
    trace = trace_of(step(0, "wsgi", end=MS), **{"duration": MS, "app_time": MS, **more})
    assert told(trace).get("answer") == text


@pytest.mark.parametrize(
    ("kinds", "text"),
    [
        (["statement"], "DB 2.00 ms"),
        (["begin", "statement", "rollback"], "DB 6.00 ms, rolled back"),
        (["commit", "commit", "rollback"], "DB 6.00 ms, 2 commits, 1 rollback"),
    ],
)
def test_what_became_of_the_transactions_is_said(kinds: list[str], text: str) -> None:
    sent = [
        step(1 + index, "sql", parent=0, begin=0, end=2 * MS, detail={"kind": kind})
        for index, kind in enumerate(kinds)
    ]
    trace = trace_of(step(0, "wsgi", end=9 * MS), *sent, duration=9 * MS, app_time=9 * MS)
    assert told(trace)["sql"] == text


def test_the_time_of_a_breakpoint_is_no_functions() -> None:
    trace = trace_of(
        step(0, stage="before_request", begin=0, end=900 * MS),
        step(1, stage="view", begin=900 * MS, end=903 * MS),
        step(2, "sql", parent=0, begin=0, end=899 * MS, detail={"kind": "statement"}),
        holds=(Hold(0, MS, 899 * MS, "go"),),
        duration=903 * MS,
    )
    assert told(trace)["sql"] == "DB 1.00 ms"
    assert told(trace)["slowest"] == "slowest: view x 3.00 ms"
    assert told(trace)["unexplained"] == "3.00 ms of it that no step explains"


class _Catcher:
    """Middleware that answers whatever leaves the app."""

    def __init__(self, app: t.Any) -> None:
        self._app = app

    def __call__(self, environ: t.Any, start_response: t.Any) -> t.Any:
        try:
            return self._app(environ, start_response)
        except LookupError:
            start_response("503 Sorry", [])
            return [b"sorry"]


@pytest.mark.parametrize("handled", [False, True])
def test_middleware_that_answers_an_exception_is_said_to(handled: bool) -> None:
    app: t.Any
    app, lifecycle = make_app()
    app.config["PROPAGATE_EXCEPTIONS"] = True
    app.add_url_rule("/", "index", lambda: str(dict[str, str]()["nothing"]))
    if handled:
        app.register_error_handler(KeyError, lambda _: ("handled", 503))
    app.wsgi_app = _Catcher(app.wsgi_app)
    app.test_client().get("/").close()
    (trace,) = lifecycle.traces(app)
    assert trace.status == 503
    said = [each.text for each in highlights(trace) if each.kind == "answer"]
    assert said == ([] if handled else ["answered with 503 by middleware _Catcher"])
    (sentence,) = (each for each in explain(trace) if each.startswith("Middleware"))
    answers = "which KeyError leaves, and answers in its place" in sentence
    assert answers is not handled
