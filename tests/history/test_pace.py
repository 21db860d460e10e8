from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

from flask_lifecycle.history import pace
from flask_lifecycle.history.pace import Pace


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses, which are not taken."""
    found: list[float] = []
    instead = SimpleNamespace(sleep=found.append, thread_time=time.thread_time)
    monkeypatch.setattr(pace, "time", instead)
    return found


def compute(pausing: Pace, seconds: float) -> float:
    """Compute as the writer does; return for how long, which may be more on a busy machine."""
    begun = time.thread_time()
    while (took := time.thread_time() - begun) < seconds:
        pausing()
    return took


def test_it_pauses_for_as_long_as_it_computed(pauses: list[float]) -> None:
    computed = compute(Pace(), 0.05)
    assert min(pauses) >= pace._STRETCH
    # What it computes between two pauses is a part of a stretch at most.
    assert sum(pauses) == pytest.approx(computed, abs=0.01)


def test_it_takes_no_pause_for_what_it_waited(pauses: list[float]) -> None:
    pausing = Pace()
    for _ in range(20):
        time.sleep(0.001)
        pausing()
    assert len(pauses) < 10
