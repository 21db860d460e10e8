from __future__ import annotations

import pytest

from flask_lifecycle.history import problems
from flask_lifecycle.history.problems import Problems
from tests.helpers.meanwhile import in_turns


def test_a_problem_is_read_while_others_come_and_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(problems._log, "disabled", True)
    read = Problems("for now")

    def come_and_go() -> None:
        read.add("it is full", is_writing=False)
        read.solve(is_writing=False)

    found: list[str | None] = []
    with in_turns(come_and_go):
        while len(found) < 50_000 or len({*found}) < 2:
            found.append(read.current)
    told = "The history is not kept: it is full. Requests are in memory only, for now."
    assert {*found} == {None, told}
