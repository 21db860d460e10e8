"""How many requests may be held, and who counts as a viewer."""

from __future__ import annotations

import os

import pytest

from flask_lifecycle.holds import bounds
from flask_lifecycle.holds.bounds import MOST, Server, Viewers


class Clock:
    """A clock that stands still unless it is set."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(bounds, "monotonic", clock)
    return clock


@pytest.mark.parametrize(
    ("threads", "used", "room"),
    [
        (None, 8, MOST),
        (1, 0, 0),
        (2, 0, 1),
        (2, 1, 0),
        (4, 0, 2),
        (4, 2, 1),
        (4, 3, 0),
        (200, 0, 32),
    ],
)
def test_half_of_the_threads_are_held_and_one_is_left(
    threads: int | None, used: int, room: int
) -> None:
    server = Server(threads, lambda: used, lambda: False)
    assert server.room() == room
    assert (server.why_none() is None) is (room > 0)
    assert (server.why_never() is None) is (threads != 1)


def test_somebody_watches_while_connected_and_for_a_while_after_a_call(
    clock: Clock,
) -> None:
    viewers = Viewers()
    assert not viewers.present
    viewers.called()
    clock.now += bounds.POLL_SECONDS - 1
    assert viewers.present
    clock.now += 2
    assert not viewers.present

    viewers.entered()
    viewers.entered()
    viewers.called()
    viewers.left()
    assert viewers.present
    viewers.left()
    # A page that is loaded again has not left; what it called before does not count.
    assert viewers.present
    clock.now += 2.5
    assert not viewers.present
    # A tool stays when a page leaves.
    viewers.called_by_tool(1000)
    viewers.entered()
    viewers.left()
    clock.now += 999
    assert viewers.present


def test_viewers_of_other_processes_stay_until_they_are_known_to_have_left(
    clock: Clock,
) -> None:
    viewers = Viewers()
    viewers.looked(elsewhere=False)
    assert not viewers.present
    viewers.looked(elsewhere=True)
    # The machine stalls.
    clock.now += 20
    assert viewers.present
    viewers.looked(elsewhere=False)
    assert viewers.present
    # Looking again and again, as nobody comes.
    clock.now += 0.9
    viewers.looked(elsewhere=False)
    clock.now += 0.2
    assert not viewers.present
    viewers.looked(elsewhere=True)
    clock.now += 31
    assert not viewers.present


def test_viewers_of_the_parent_process_are_not_those_of_a_fork(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    viewers = Viewers()
    viewers.entered()
    viewers.called_by_tool(1000)
    forked = os.getpid() + 1
    monkeypatch.setattr(os, "getpid", lambda: forked)
    assert not viewers.here
    # Its own first one stays, whatever else notices the fork afterwards.
    viewers.entered()
    assert viewers.present
    viewers.left()
    monkeypatch.setattr(bounds, "_AGAIN_SECONDS", 0.0)
    viewers.entered()
    viewers.left()
    assert not viewers.here
