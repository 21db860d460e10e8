"""What a viewer is sent of the requests of another process; here of another app of this one."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from flask_lifecycle.panel.live.of_others import OfOthers
from flask_lifecycle.panel.others import Others
from flask_lifecycle.processes import running
from flask_lifecycle.processes.member import Member
from flask_lifecycle.recorder.steps import begin, end
from flask_lifecycle.trace.model import JsonObject
from flask_lifecycle.trace.tracepoint import Tracepoint, number
from flask_lifecycle.trace.writer import LiveTrace
from tests.helpers.history import make

VIEW = number(Tracepoint("view", "slow"))


def test_the_steps_of_a_request_are_read_again_only_if_they_have_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = (make(name, history=tmp_path / "shared.sqlite") for name in ("shop", "cart"))
    here: Member = one.extensions["lifecycle"]._member
    there: Member = two.extensions["lifecycle"]._member
    trace = LiveTrace(None, "GET", "/slow")
    trace.origin -= 1
    two.extensions["lifecycle"]._store.add(trace)
    step = begin(trace, VIEW)

    others = Others(here)
    reads: list[str] = []
    steps = others.steps

    def read(trace_id: str) -> t.Any:
        reads.append(trace_id)
        return steps(trace_id)

    monkeypatch.setattr(others, "steps", read)
    monkeypatch.setattr(running, "REFRESHED", 60.0)
    viewer = OfOthers(others, None)

    def sent() -> list[t.Any]:
        """Let both processes do what is due, and return the steps that come."""
        for member in (here, there):
            member._watched_at = member._others_at = 0.0
            there._running._steps_after = 0.0
            member.turn()
        news: JsonObject = viewer.news(set, trace.id)._asdict()
        return [each["end"] for found in news["steps"] for each in found["steps"]]

    here.wanted = lambda: [trace.id]
    try:
        assert sent() == [None]
        assert [sent(), sent()] == [[], []]
        assert len(reads) == 1
        end(trace, step)
        assert [each is not None for each in sent()] == [True]
        assert len(reads) == 2
    finally:
        for member in (here, there):
            member.board.leave()
