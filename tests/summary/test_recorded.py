"""What a recording says of its requests, whatever file they are from."""

from __future__ import annotations

import sqlite3
import typing as t
from contextlib import closing
from dataclasses import replace

import pytest
from flask import Flask, Response, g, session

from flask_lifecycle import Lifecycle, Trace
from flask_lifecycle.recording import Recording
from flask_lifecycle.recording.schema import schema
from flask_lifecycle.summary.recorded import digest
from flask_lifecycle.trace.model import Hold
from tests.helpers.recordings import faults


@pytest.fixture(scope="module")
def trace() -> Trace:
    app = Flask(__name__)
    app.secret_key = "key"
    app.config["LIFECYCLE_ENABLED"] = True
    lifecycle = Lifecycle(app)

    @app.get("/")
    def index() -> Response:
        g.user = session["user"] = "ada"
        with closing(sqlite3.connect(":memory:")) as connection:
            for _ in range(2):
                connection.execute("select 1")
        app.logger.warning("twice")
        return Response("data: 1\n\n", mimetype="text/event-stream")

    app.test_client().get("/").close()
    return hurried(lifecycle.traces(app)[0])


def hurried(trace: Trace) -> Trace:
    """Return a request as of a machine that is a thousand times as fast: nothing of it is slow."""
    assert trace.app_time is not None
    assert trace.duration is not None
    return replace(
        trace,
        app_time=trace.app_time // 1000,
        duration=trace.duration // 1000,
        steps=tuple(
            replace(
                each, begin=each.begin // 1000, end=None if each.end is None else each.end // 1000
            )
            for each in trace.steps
        ),
    )


def flagged(trace: Trace) -> list[str]:
    return [label for _, label, _ in digest(trace)["flags"]]


def test_a_file_keeps_what_makes_a_request_worth_a_look(trace: Trace) -> None:
    (read,) = Recording.from_bytes(Recording.of([trace]).to_bytes()).traces
    assert digest(read) == digest(trace)
    assert flagged(read) == ["2× same query", "log! 1"]
    assert digest(read)["changed"] == {"g": ["user"], "session": ["user"]}
    assert {kind for kind, _, _ in digest(read)["strip"]} >= {"view", "after"}


def test_what_was_slow_is_slow_unless_it_streams_or_was_held(trace: Trace) -> None:
    slow = replace(trace, app_time=600_000_000, duration=700_000_000)
    assert "slow" not in flagged(slow)
    plain = replace(
        slow,
        steps=tuple(
            replace(step, detail={}) if step.stage == "start_response" else step
            for step in slow.steps
        ),
    )
    assert "slow" in flagged(plain)
    held = (Hold(0, 0, 500_000_000, "answer"),)
    assert flagged(replace(plain, holds=held))[0] == "by hand: 1"
    assert "slow" not in flagged(replace(plain, holds=held))


def test_a_statement_is_not_slow_by_the_time_of_a_breakpoint(trace: Trace) -> None:
    statement = next(each for each in trace.steps if each.stage == "sql")
    begin, end = statement.begin, statement.begin + 200_000_000
    steps = tuple(replace(each, end=end) if each is statement else each for each in trace.steps)
    slow = replace(trace, steps=steps, duration=end * 2)
    assert "slow SQL: 1" in flagged(slow)
    held = (Hold(statement.id, begin, begin + 150_000_000, "go"),)
    assert "slow SQL: 1" not in flagged(replace(slow, holds=held))
    elsewhere = (Hold(0, end, end + 150_000_000, "go"),)
    assert "slow SQL: 1" in flagged(replace(slow, holds=elsewhere))


def test_the_strip_of_a_request_that_was_held_has_what_it_has_of_any_other(trace: Trace) -> None:
    (view,) = (step for step in trace.steps if step.stage == "view")
    held = 60_000_000_000

    def later(moment: int | None) -> t.Any:
        return moment + held if moment is not None and moment > view.begin else moment

    steps = (replace(each, begin=later(each.begin), end=later(each.end)) for each in trace.steps)
    waited = replace(
        trace,
        steps=tuple(steps),
        app_time=later(trace.app_time),
        duration=later(trace.duration),
        holds=(Hold(view.id, view.begin, view.begin + held, "go"),),
    )
    kinds = [kind for kind, _, _ in digest(trace)["strip"]]
    assert [kind for kind, _, _ in digest(waited)["strip"]] == kinds


def test_a_request_saved_while_it_ran_is_not_running_any_more(trace: Trace) -> None:
    steps = tuple(replace(step, end=None) for step in trace.steps)
    held = (Hold(0, 1, None, None),)
    cut = replace(trace, state="running", duration=None, app_time=None, steps=steps, holds=held)
    assert not {"held", "hung", "slow"} & set(flagged(cut))


ODD: tuple[t.Any, ...] = (
    {"headers": [["content-type"]]},
    None,
    7,
    "text",
    [],
    [[]],
    [["content-type"]],
    {},
    {"g": 1},
    {"g": [[]]},
)


def test_no_details_of_a_file_can_break_its_row(trace: Trace) -> None:
    names = {name for step in trace.steps for name in step.detail} | {"level", "kind", "macros"}
    for odd in ODD:
        detail = dict.fromkeys(names, odd)
        whole = replace(trace, steps=tuple(replace(step, detail=detail) for step in trace.steps))
        document = {
            **Recording.of([trace]).to_dict(),
            "traces": [{**trace.to_dict(), **digest(whole)}],
        }
        assert faults(document) == []


def test_older_files_have_no_row_and_are_recordings_too(trace: Trace) -> None:
    required = schema()["$defs"]["Trace"]["required"]
    assert not {"strip", "counts", "flags", "changed"} & set(required)
