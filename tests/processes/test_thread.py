"""The thread that keeps in touch with other processes."""

from __future__ import annotations

import threading
import typing as t

import pytest

from flask_lifecycle.processes.member import Member
from flask_lifecycle.processes.thread import SELDOM, Thread


class Board:
    """A place that nobody else uses."""

    def leave(self) -> None:
        """Forget nothing."""


class Taking(Member):
    """An app that takes part, as far as the thread goes."""

    def __init__(self) -> None:
        self.board = t.cast("t.Any", Board())
        self.turns = threading.Semaphore(0)

    def turn(self) -> float:
        self.turns.release()
        return SELDOM

    def close(self) -> None:
        """End."""


def test_an_app_takes_part_once_a_thread_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    thread, member = Thread(), Taking()
    with monkeypatch.context() as full:
        full.setattr(threading.Thread, "start", start)
        assert not thread.add(member)
        thread.hurry()
    assert thread.add(member)
    assert thread.add(member)
    assert member.turns.acquire(timeout=20)
    assert len(thread._members) == 1
    thread.remove(member)
