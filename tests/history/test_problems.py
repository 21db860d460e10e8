from __future__ import annotations

import sys
import threading

import pytest

from flask_lifecycle.history import problems
from flask_lifecycle.history.problems import Problems


def test_a_problem_is_read_while_others_come_and_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(problems._log, "disabled", True)
    read = Problems("for now")
    over = threading.Event()

    def come_and_go() -> None:
        while not over.is_set():
            read.add("it is full", is_writing=False)
            read.solve(is_writing=False)

    others = threading.Thread(target=come_and_go)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    others.start()
    found: list[str | None] = []
    try:
        while len(found) < 50_000 or len({*found}) < 2:
            found.append(read.current)
    finally:
        over.set()
        sys.setswitchinterval(interval)
        others.join()
    told = "The history is not kept: it is full. Requests are in memory only, for now."
    assert {*found} == {None, told}
