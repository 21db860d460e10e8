"""What is noted of steps: told apart by what it is, and shown with its step alone."""

from __future__ import annotations

import typing as t

from flask_lifecycle.recorder.steps import begin, end, fail
from flask_lifecycle.trace.log import WIDTH
from flask_lifecycle.trace.model import Error
from flask_lifecycle.trace.notes import SHORT_CIRCUIT, Facts, Notes, joined
from flask_lifecycle.trace.snapshot import snapshot
from flask_lifecycle.trace.statement import Control, Statement
from flask_lifecycle.trace.tracepoint import Tracepoint, number
from flask_lifecycle.trace.writer import LiveTrace

TRACEPOINT = number(Tracepoint("before_request", "hook"))


class Late:
    """Known when somebody looks."""

    def __init__(self, shown: t.Any) -> None:
        self.shown = shown

    def detail(self, trace: LiveTrace) -> t.Any:
        return self.shown and f"{self.shown} of {trace.path}"


def test_each_step_shows_what_is_noted_of_it_alone() -> None:
    trace = LiveTrace(None, "GET", "/path")
    for _ in range(3):
        end(trace, begin(trace, TRACEPOINT, Facts(own=1)))
    fail(trace, begin(trace, Tracepoint("template", "named")), KeyError("key"))
    notes = trace.notes
    notes.outcomes[0] = SHORT_CIRCUIT
    notes.add(WIDTH, "late", Late("more"))
    notes.add(WIDTH, "nothing", Late(None))
    steps = snapshot(trace).steps
    assert [step.detail for step in steps] == [
        {"own": 1},
        {"own": 1, "late": "more of /path"},
        {"own": 1},
        {},
    ]
    assert [step.outcome for step in steps] == ["short_circuit", "ok", "ok", "raised"]
    assert [step.name for step in steps] == ["hook", "hook", "hook", "named"]
    assert [step.error for step in steps] == [None, None, None, Error("KeyError", "'key'")]
    assert notes.raised() == [3 * WIDTH]
    # Three facts, an outcome beside that of the raised step, what was added once, and a tracepoint.
    assert len(notes) == 3 + 2 + 1 + 1


def test_a_step_may_be_added_to_while_it_is_shown() -> None:
    class Adds:
        def detail(self, shown: LiveTrace) -> str:
            shown.notes.add(0, "later", Late("more"))
            return "first"

    trace = LiveTrace(None, "GET", "/path")
    begin(trace, TRACEPOINT)
    trace.notes.add(0, "first", Adds())
    assert snapshot(trace).steps[0].detail == {"first": "first"}
    assert snapshot(trace).steps[0].detail == {"first": "first", "later": "more of /path"}


def test_what_is_shown_is_a_copy() -> None:
    trace = LiveTrace(None, "GET", "/")
    noted = Facts(own=1)
    begin(trace, TRACEPOINT, noted)
    snapshot(trace).steps[0].detail["other"] = 2
    assert noted == {"own": 1}


def test_what_is_noted_goes_with_its_step() -> None:
    own, other = Notes(), Notes()
    whole, inner = Facts(of="whole"), Facts(of="inner")
    tracepoint, error = Tracepoint("log", "other"), Error("KeyError", "key")
    own.details[0] = whole
    own.outcomes[2 * WIDTH] = error
    other.details[WIDTH] = inner
    other.add(WIDTH, "more", inner)
    other.outcomes[0] = SHORT_CIRCUIT
    other.tracepoints[0] = tracepoint
    # Begun since the places were taken.
    other.details[9 * WIDTH] = inner
    places = {(0, 0): 0, (0, 2 * WIDTH): 4 * WIDTH, (1, 0): 2 * WIDTH, (1, WIDTH): 3 * WIDTH}
    found = joined([own, other], places)
    assert found.details == {0: whole, 3 * WIDTH: inner}
    assert found.extras == {3 * WIDTH: {"more": inner}}
    assert found.outcomes == {4 * WIDTH: error, 2 * WIDTH: SHORT_CIRCUIT}
    assert found.tracepoints == {2 * WIDTH: tracepoint}


def test_statements_are_found_among_other_details() -> None:
    notes = Notes()
    statement = Statement("SELECT ?", ("app.py", 3), False, ("a",), "sqlite")
    statement.rows = 1
    notes.details[0] = statement
    notes.details[WIDTH] = Facts(level="ERROR")
    assert notes.statement(0) is statement
    assert notes.statement(WIDTH) is notes.statement(2 * WIDTH) is None
    assert notes.fact(WIDTH, "level") == "ERROR"
    assert notes.fact(0, "level") is notes.fact(WIDTH, "other") is None
    assert statement.detail(LiveTrace(None, "GET", "/")) == {
        "kind": "statement",
        "statement": "SELECT ?",
        "summary": "SELECT 'a'",
        "dialect": "sqlite",
        "rows": 1,
        "many": False,
        "parameters": ["a"],
        "place": {"file": "app.py", "line": 3},
    }


def test_what_controls_a_transaction_says_on_which_connection() -> None:
    ended = Control("commit", "COMMIT", None, 2, "with")
    assert ended.detail(LiveTrace(None, "GET", "/")) == {
        "kind": "commit",
        "statement": "COMMIT",
        "place": None,
        "connection": 2,
        "implied_by": "with",
    }
