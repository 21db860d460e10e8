"""What can be done in place of a function, by its stage."""

from __future__ import annotations

import typing as t

import pytest
from flask import Flask
from werkzeug.exceptions import Forbidden, MethodNotAllowed

from flask_lifecycle.holds.instead import CannotError, can, instead_of
from flask_lifecycle.recorder.holding import Call
from flask_lifecycle.trace.model import FUNCTION_STAGES, STAGES

CALL = Call(print, (), {})
APP = Flask("app")


@pytest.mark.parametrize("stage", STAGES)
def test_each_stage_can_do_something_or_has_a_reason(stage: str) -> None:
    possible, why = can(stage, CALL)
    assert bool(possible) is (stage in FUNCTION_STAGES)
    assert (why is None) is (len(possible) == 3)
    assert can(stage, None)[0] == ()
    for do in {"answer", "skip", "raise"} - set(possible):
        with pytest.raises(CannotError):
            instead_of(do, stage, CALL, APP)


def test_an_answer_is_what_the_function_might_return() -> None:
    assert instead_of("answer", "view", CALL, APP)() == ("", 200)
    assert instead_of("answer", "before_request", CALL, APP, status=503, text="no")() == ("no", 503)
    response = instead_of("answer", "after_request", CALL, APP, status=404, text="x")()
    assert (response.status_code, response.data) == (404, b"x")
    assert type(response) is APP.response_class


def test_a_skipped_function_does_nothing() -> None:
    given = object()
    for stage in ("before_request", "view", "error_handler", "teardown_request"):
        assert instead_of("skip", stage, CALL, APP)() is None
    assert instead_of("skip", "after_request", Call(print, (given,), {}), APP)() is given
    assert instead_of("skip", "context_processor", CALL, APP)() == {}


def test_it_raises_by_code_or_a_runtime_error() -> None:
    with pytest.raises(Forbidden) as forbidden:
        instead_of("raise", "view", CALL, APP, status=403, text="no")()
    assert forbidden.value.description == "no"
    with pytest.raises(MethodNotAllowed) as not_allowed:
        instead_of("raise", "view", CALL, APP, status=405)()
    assert not_allowed.value.description == MethodNotAllowed.description
    with pytest.raises(RuntimeError, match="broken"):
        instead_of("raise", "view", CALL, APP, text="broken")()


@pytest.mark.parametrize("status", [True, 200.0, "200", 100, 199, 600, -1, 10**30, [], {}])
def test_a_wrong_status_is_named(status: t.Any) -> None:
    for do in ("answer", "raise"):
        with pytest.raises(ValueError, match="status"):
            instead_of(do, "view", CALL, APP, status=status)


@pytest.mark.parametrize("text", [1, [], "x" * 10_001, "\ud800"])
def test_a_wrong_text_is_named(text: t.Any) -> None:
    for do in ("answer", "raise", "skip"):
        with pytest.raises(ValueError, match="text"):
            instead_of(do, "view", CALL, APP, text=text)
