"""What is read of other processes, which may have any version of this package."""

from __future__ import annotations

import typing as t

import pytest

from flask_lifecycle.processes.protocol import Published
from flask_lifecycle.processes.published import held_in

HELD: dict[str, t.Any] = {
    "trace": "a",
    "stage": "view",
    "name": "b",
    "when": "before",
    "step": 1,
    "since": 2,
    "held": 3,
    "left": 4.0,
    "can": ["go"],
    "seen": {},
    "why": None,
}


def published(held: t.Any, *, is_gone: bool = False) -> Published:
    return Published({"holds": {"held": held}}, 100.0, [], is_gone)


def test_a_request_is_held_for_longer_each_time_that_this_is_read() -> None:
    [found] = held_in(published([HELD]), 103.0)
    assert found == {**HELD, "held": 3_000_000_003, "left": 1.0}
    # The clock was set back.
    assert held_in(published([HELD]), 90.0) == [HELD]
    assert held_in(published([HELD]), 200.0)[0]["left"] == 0


def test_nothing_is_held_in_a_process_that_ended() -> None:
    assert held_in(published([HELD], is_gone=True), 100.0) == []


NO_ROWS: list[t.Any] = [None, [], "held", {}, *({**HELD, name: object()} for name in HELD)]
NO_LISTS: list[t.Any] = [None, 5, "held", {}]


@pytest.mark.parametrize("held", [*([each] for each in NO_ROWS), *NO_LISTS])
def test_what_is_no_held_request_is_left_out(held: t.Any) -> None:
    assert held_in(published(held), 100.0) == []
