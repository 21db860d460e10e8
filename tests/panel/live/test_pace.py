"""How often the pump looks for what is new, where many requests come."""

from __future__ import annotations

import time

import pytest

from flask_lifecycle.panel.live import pace


def compute(seconds: float) -> None:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


@pytest.mark.parametrize("sent", [0, 1, 3])
def test_a_few_requests_are_sent_as_soon_as_a_page_can_draw_them(sent: int) -> None:
    pump = pace.Pace()
    compute(0.02)
    assert pump.pause(sent) == pace.TICK


def test_of_many_what_they_take_is_a_small_part_of_the_time() -> None:
    pump = pace.Pace()
    compute(0.003)
    assert pace.TICK < pump.pause(1000) <= 0.15
    compute(0.02)
    # However long it takes, what has begun is seen soon.
    assert pump.pause(100_000) == 0.15
    # They take nearly nothing, or are over.
    assert pump.pause(1000) == pump.pause(0) == pace.TICK
