"""What breakpoints take from untrusted JSON, and at which steps they are."""

from __future__ import annotations

import typing as t

import pytest

from flask_lifecycle.holds.breakpoints import MOST, Breakpoint, parse
from flask_lifecycle.panel.running import parse_running
from flask_lifecycle.trace.tracepoint import Tracepoint
from flask_lifecycle.trace.writer import LiveTrace

LOAD = Tracepoint("before_request", "load_user", "shop.hooks:load_user")


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        (None, "breakpoints: a list"),
        ({}, "breakpoints: a list"),
        ("[]", "breakpoints: a list"),
        ([{}] * (MOST + 1), "breakpoints: a list"),
        ([{}, {"stage": "eval"}], "breakpoints[1].stage"),
        ([{"stage": ["view"]}], "breakpoints[0].stage"),
        ([{"stage": "log"}], "cannot be held at log"),
        ([{"when": "now"}], "breakpoints[0].when"),
        ([{"when": None}], "breakpoints[0].when"),
        ([{"once": 1}], "breakpoints[0].once"),
        ([{"on": "yes"}], "breakpoints[0].on"),
        ([{"name": 1}], "breakpoints[0].name"),
        ([{"name": "x" * 501}], "breakpoints[0].name"),
        ([{"filter": "x" * 501}], "breakpoints[0].filter"),
        ([{"filter": "status:nonsense"}], "breakpoints[0].filter: status:nonsense"),
        ([{"filter": "eval:1"}], "breakpoints[0].filter: eval:1"),
    ],
)
def test_what_is_wrong_is_named(given: t.Any, wrong: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse(given, parse_running)
    assert wrong in str(caught.value)
    assert "expected" in str(caught.value)


def test_defaults_are_any_step_of_any_request_before_it() -> None:
    (made, other) = parse([{}, 5], parse_running)
    assert made == other == Breakpoint()
    assert made.to_dict() == {
        "stage": None,
        "name": None,
        "when": "before",
        "filter": None,
        "once": False,
        "on": True,
    }
    assert made.is_at(LOAD, None)


@pytest.mark.parametrize(
    ("stage", "name", "is_there"),
    [
        (None, "load_user", True),
        ("before_request", None, True),
        (None, "shop.hooks:load_user", True),
        (None, "load_*", True),
        (None, "shop.*:*", True),
        ("view", "load_user", False),
        (None, "load", False),
        (None, "LOAD_USER", False),
        (None, "other.*:*", False),
    ],
)
def test_a_step_is_found_by_stage_name_or_glob(
    stage: str | None, name: str | None, is_there: bool
) -> None:
    assert Breakpoint(stage, name).is_at(LOAD, None) is is_there
    assert not Breakpoint(stage, name, on=False).is_at(LOAD, None)


def test_a_dispatch_is_found_by_the_endpoint_that_it_is_shown_by() -> None:
    dispatch = Tracepoint("dispatch", "dispatch_request")
    assert Breakpoint("dispatch", "shop.book").is_at(dispatch, "shop.book")
    assert not Breakpoint("dispatch", "shop.book").is_at(dispatch, "shop.index")
    # The view may have the same name.
    assert not Breakpoint(None, "shop.book").is_at(dispatch, "shop.book")


def test_a_filter_tests_what_is_known_so_far() -> None:
    trace = LiveTrace(None, "POST", "/admin/x")
    for text, takes in (
        ("method:POST path:/admin", True),
        ("method:GET", False),
        ("bp:admin", False),
        ("-bp:admin", True),
        ("is:running -is:done", True),
        ("sql:>0", False),
        ("has:sql", False),
        ("is:flagged", False),
        ("admin", True),
    ):
        (made,) = parse([{"filter": text}], parse_running)
        assert made.takes(trace) is takes, text
