from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from flask_lifecycle.history import pace
from flask_lifecycle.history.pace import Pace


@pytest.fixture
def app() -> Iterator[None]:
    """An app that computes all the time."""
    over = threading.Event()

    def compute() -> None:
        while not over.is_set():
            sum(range(1000))

    thread = threading.Thread(target=compute)
    thread.start()
    yield
    over.set()
    thread.join()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the writer pauses, as parts of the time for which it computed."""
    found: list[float] = []
    last = time.perf_counter()

    def sleep(seconds: float) -> None:
        nonlocal last
        now = time.perf_counter()
        found.append(seconds / (now - last))
        last = now

    clocks = {name: getattr(time, name) for name in ("perf_counter", "thread_time", "process_time")}
    monkeypatch.setattr(pace, "time", SimpleNamespace(sleep=sleep, **clocks))
    return found


def written(waiting: int) -> None:
    """Compute as the writer does, for longer than it takes to look around twice."""
    pausing = Pace(lambda: waiting)
    until = time.perf_counter() + 0.3
    while time.perf_counter() < until:
        time.sleep(0.001)
        pausing()


def busy(monkeypatch: pytest.MonkeyPatch, *, idle: int) -> None:
    monkeypatch.setattr(pace, "_machine", lambda: (idle * time.monotonic_ns(), time.monotonic_ns()))


@pytest.mark.usefixtures("app")
def test_it_lets_the_app_go_first_where_no_processor_is_to_spare(
    pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    busy(monkeypatch, idle=0)
    written(1000)
    assert max(pauses) > 2


@pytest.mark.usefixtures("app")
def test_it_keeps_up_as_long_as_few_wait(
    pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    busy(monkeypatch, idle=0)
    written(100)
    assert max(pauses) < 2


@pytest.mark.usefixtures("app")
def test_it_takes_a_processor_that_is_idle(
    pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    busy(monkeypatch, idle=1)
    written(1000)
    assert max(pauses) < 2


def test_it_catches_up_where_the_app_does_nothing(
    pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    busy(monkeypatch, idle=0)
    written(1000)
    assert max(pauses) < 2


def test_the_time_of_the_machine_goes_on() -> None:
    idle, total = pace._machine()
    assert 0 <= idle <= total
