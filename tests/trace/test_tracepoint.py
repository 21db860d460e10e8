"""The numbers that stand for what can run as a step."""

from __future__ import annotations

import pytest

from flask_lifecycle.trace import tracepoint
from flask_lifecycle.trace.tracepoint import TRACEPOINTS, Tracepoint, number


def test_a_site_keeps_its_number() -> None:
    first, second = number(Tracepoint("view", "a page")), number(Tracepoint("view", "another page"))
    assert first != second
    assert number(Tracepoint("view", "a page")) == first
    assert TRACEPOINTS[first] == Tracepoint("view", "a page")


def test_names_made_up_without_end_share_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    known = number(Tracepoint("signal", "known before"))
    monkeypatch.setattr(tracepoint, "_CAPACITY", len(TRACEPOINTS))
    made_up = {number(Tracepoint("signal", f"made up {each}")) for each in range(100)}
    assert [TRACEPOINTS[each].name for each in made_up] == ["signal"]
    assert number(Tracepoint("signal", "known before")) == known
