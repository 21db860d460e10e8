"""What any place that processes share has to do for viewers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from flask_lifecycle.processes import identity
from flask_lifecycle.processes.protocol import Board
from tests.helpers.servers import wait_for


def viewers_come_and_go(one: Board, two: Board, three: Board, seconds: float) -> None:
    """Let two processes have viewers for some seconds, and a third one know of them."""
    two.watch(frozenset({"x", "y"}), seconds)
    three.watch(frozenset({"z"}), seconds)
    assert one.watched() == frozenset({"x", "y", "z"})
    # What its own viewers want, it sends itself.
    assert two.watched() == frozenset({"z"})
    two.unwatch()
    assert one.watched() == frozenset({"z"})
    # It runs, though it did not come to say in time that it still has viewers.
    three.watch(frozenset({"z"}), -20)
    assert one.watched() == frozenset({"z"})
    three.watch(frozenset({"z"}), -29.9)
    wait_for(lambda: one.watched() is None)


def viewers_die(one: Board, run: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a process that has viewers die, and another one know of it.

    :param run: runs code with a ``board`` of its own in a process that ends without a word.
    """
    run("board.watch(frozenset(), 0.0)")
    assert one.watched() is None
    # Where it is not known whether it runs, it may be busy for some seconds.
    monkeypatch.setattr(identity, "is_alive", lambda _other: None)
    assert one.watched() == frozenset()
    monkeypatch.setattr(f"{type(one).__module__}._SILENT", 0.0)
    assert one.watched() is None
