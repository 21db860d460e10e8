from __future__ import annotations

import threading

import pytest

from flask_lifecycle.store import MemoryStore
from flask_lifecycle.trace.writer import LiveTrace, Route


def make(path: str = "/") -> LiveTrace:
    return LiveTrace(None, "GET", path)


def test_the_oldest_goes_first() -> None:
    store = MemoryStore(3)
    for number in range(5):
        store.add(make(f"/{number}"))

    assert [trace.path for trace in store.newest()] == ["/4", "/3", "/2"]
    assert store.evicted == 2


def test_bytes_are_bounded_too() -> None:
    store = MemoryStore(100, max_bytes=10_000)
    for _ in range(5):
        trace = make()
        trace.detail_bytes = 4000
        store.add(trace)
        trace.finish()

    assert len(store.newest()) == 2
    assert store.evicted == store.too_large == 3


def test_one_that_is_too_large_by_itself_is_kept_alone() -> None:
    store = MemoryStore(100, max_bytes=1)
    for _ in range(3):
        trace = make()
        store.add(trace)
        trace.finish()

    assert store.newest() == [trace]
    assert store.too_large == 2


@pytest.mark.parametrize("kept", [1, 5])
def test_what_nobody_is_to_see_is_counted_exactly(kept: int) -> None:
    store = MemoryStore(kept)
    gone = set[int]()
    for number in range(1, 12_001):
        trace = make()
        store.add(trace)
        if number % 3:
            trace.route = Route("/static/<path:filename>", 0, "static", (), ignored=True)
            gone.add(number)
            trace.finish()
    for after, before in (
        (0, 12_000),
        (0, 1),
        (4095, 4097),
        (4096, 8192),
        (11_997, 12_000),
        (5, 5),
    ):
        assert store.unseen(after, before) == sum(after < each < before for each in gone)
    assert store.ignored == len(gone)


def test_hidden_traces_are_not_kept() -> None:
    store = MemoryStore(3)
    trace = make()
    store.add(trace)
    trace.route = Route("/static/<path:filename>", 0, "static", (), ignored=True)
    assert store.newest() == []
    assert store.get(trace.id) is None
    trace.finish()
    for number in range(3):
        store.add(make(f"/{number}"))
    assert len(store.newest()) == 3
    assert store.evicted == 0


def test_ids_sort_by_creation() -> None:
    ids = [make().id for _ in range(1000)]
    assert sorted(ids) == ids
    assert len(set(ids)) == 1000


def test_nothing_is_lost_when_many_threads_add() -> None:
    store = MemoryStore(10_000)

    def add() -> None:
        for _ in range(500):
            store.add(make())

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    kept = store.newest()
    assert len(kept) == 4000
    assert [trace.seq for trace in kept] == list(range(4000, 0, -1))
