"""The numbers that stand for what can run as a step."""

from __future__ import annotations

import pytest

from flask_lifecycle.trace import tracepoint
from flask_lifecycle.trace.tracepoint import SITES, Site, number


def test_a_site_keeps_its_number() -> None:
    first, second = number(Site("view", "a page")), number(Site("view", "another page"))
    assert first != second
    assert number(Site("view", "a page")) == first
    assert SITES[first] == Site("view", "a page")


def test_names_made_up_without_end_share_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    known = number(Site("signal", "known before"))
    monkeypatch.setattr(tracepoint, "_SITES_KEPT", len(SITES))
    made_up = {number(Site("signal", f"made up {each}")) for each in range(100)}
    assert [SITES[each].name for each in made_up] == ["signal"]
    assert number(Site("signal", "known before")) == known
