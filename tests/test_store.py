from __future__ import annotations

import random
import threading
import typing as t
import weakref

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


def test_those_that_run_are_found_without_the_others() -> None:
    store = MemoryStore(5)
    assert store.running() == ([], 0)
    cleared, hidden, first, second = (make(f"/{each}") for each in range(4))
    store.add(cleared)
    store.clear(restorable=True)
    store.add(hidden)
    hidden.route = Route("/static/<path:filename>", 0, "static", (), ignored=True)
    finish(store, make("/done"))
    store.add(first)
    finish(store, file())
    store.add(second)
    assert store.running() == ([second, first], 6)
    # Nobody has listed them.
    assert second.seq == 0
    store.restore()
    assert store.running() == ([second, first, cleared], 6)
    second.finish()
    cleared.finish()
    assert store.running() == ([first], 6)


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


FILE = Route("/static/<path:filename>", 0, "static", (), ignored=False)


def file(path: str = "/static/app.css") -> LiveTrace:
    trace = make(path)
    trace.route = FILE
    return trace


def paths(store: MemoryStore) -> list[str]:
    return [trace.path for trace in store.newest()]


def finish(store: MemoryStore, *traces: LiveTrace) -> None:
    for trace in traces:
        store.add(trace)
    for trace in traces:
        trace.finish()


def test_static_files_leave_the_others_their_room() -> None:
    store = MemoryStore(3)
    for number in range(3):
        finish(store, make(f"/{number}"))
        for each in range(10):
            finish(store, file(f"/static/{number}/{each}"))
    finish(store, make("/favicon.ico"))
    assert paths(store) == ["/favicon.ico", "/static/2/9", "/static/2/8", "/2", "/1", "/0"]
    assert store.files == 3
    # The oldest of each kind, of which neither is the oldest of all that came.
    first, oldest_file = store.oldest()
    assert first is not None
    assert oldest_file is not None
    assert (first.path, oldest_file.path) == ("/0", "/static/2/8")
    assert store.evicted == 0


def test_static_files_that_run_take_no_room_of_others() -> None:
    store = MemoryStore(2)
    running = file()
    store.add(running)
    finish(store, make("/1"))
    assert paths(store) == ["/1", "/static/app.css"]
    assert store.files == 0
    finish(store, make("/2"))
    assert paths(store) == ["/2", "/1", "/static/app.css"]
    running.finish()
    assert paths(store) == ["/2", "/1", "/static/app.css"]
    assert store.files == 1


def test_static_files_go_first_where_bytes_are_short() -> None:
    store = MemoryStore(100, max_bytes=16_000)
    for number in range(6):
        one, other = make(f"/{number}"), file()
        one.detail_bytes = other.detail_bytes = 1000
        finish(store, one, other)
    assert paths(store).count("/static/app.css") < 6
    assert [path for path in paths(store) if path != "/static/app.css"] == [
        f"/{number}" for number in reversed(range(6))
    ]


def test_what_was_cleared_comes_back_among_what_came_since() -> None:
    store = MemoryStore(4)
    running = make("/running")
    store.add(running)
    finish(store, make("/1"), file())
    store.clear(restorable=True)
    assert paths(store) == []
    finish(store, make("/2"))
    store.clear(restorable=True)
    store.clear(restorable=True)
    running.finish()
    finish(store, make("/3"))
    assert store.unseen(0, 5) == 4
    store.restore()
    store.restore()
    assert paths(store) == ["/3", "/2", "/static/app.css", "/1", "/running"]
    assert [trace.seq for trace in store.newest()] == [5, 4, 3, 2, 1]
    assert (store.unseen(0, 5), store.evicted) == (0, 0)
    finish(store, make("/4"), make("/5"))
    assert paths(store) == ["/5", "/4", "/3", "/2", "/static/app.css"]
    assert store.evicted == 2
    store.clear()
    store.restore()
    assert paths(store) == []


def test_what_was_cleared_counts_among_the_bytes_and_makes_room() -> None:
    store = MemoryStore(100, max_bytes=16_000)

    def heavy(path: str) -> LiveTrace:
        trace = make(path)
        trace.detail_bytes = 4000
        finish(store, trace)
        return trace

    cleared = [heavy(f"/{number}") for number in range(3)]
    there = [weakref.ref(trace) for trace in cleared]
    assert len(paths(store)) == 3
    store.clear(restorable=True)
    del cleared
    heavy("/3")
    heavy("/4")
    # The oldest of what was cleared goes first, and nothing of what is shown.
    assert [trace() is None for trace in there] == [True, True, False]
    assert paths(store) == ["/4", "/3"]
    store.restore()
    assert paths(store) == ["/4", "/3", "/2"]
    assert store.too_large == 0


def test_what_was_cleared_again_and_again_takes_no_more_room() -> None:
    """Small traces, too, which are not weighed as a rule, and with nobody who looks."""
    store = MemoryStore(10, max_bytes=64_000)
    share = store.share
    there: list[weakref.ref[LiveTrace]] = []

    def small() -> None:
        trace = make()
        trace.detail_bytes = share - 2000
        finish(store, trace)
        there.append(weakref.ref(trace))

    def kept() -> int:
        return sum(0 if (trace := each()) is None else trace.size() for each in there)

    for _ in range(6):
        for _ in range(10):
            small()
            assert kept() <= 64_000 * 65 / 64
        store.clear(restorable=True)
    store.restore()
    assert len(paths(store)) == 10
    assert store.share == share


def test_what_was_cleared_is_forgotten_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore(4)
    trace = make()
    finish(store, trace)
    there = weakref.ref(trace)
    store.clear(restorable=True)
    del trace
    assert there() is not None
    monkeypatch.setattr("flask_lifecycle.store.RESTORABLE_SECONDS", 0)
    assert store.newest() == []
    assert there() is None
    store.restore()
    assert store.newest() == []


def test_nothing_is_lost_when_files_end_while_others_begin() -> None:
    store = MemoryStore(1000)

    def send() -> None:
        for _ in range(100):
            finish(store, file(), make())

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.files == 400
    assert len(store.newest()) == 800
    assert sorted(trace.seq for trace in store.newest()) == [*range(1, 801)]


def test_its_extent_is_another_one_whenever_what_is_kept_is() -> None:
    """A random walk through all that changes what is kept."""
    choice = random.Random(7)
    store = MemoryStore(4)
    ignored = Route("/x", 0, "x", (), ignored=True)
    running: list[LiveTrace] = []

    def begin() -> None:
        running.append(make())
        store.add(running[-1])

    def end() -> None:
        if running:
            trace = running.pop(choice.randrange(len(running)))
            trace.route = choice.choice([None, None, FILE, ignored])
            trace.finish()

    def discard() -> None:
        for trace in store.newest()[:1]:
            store.discard(trace)

    def clear() -> None:
        store.clear(restorable=True)

    steps: list[t.Callable[[], None]] = [begin, end, end, discard, clear, store.restore]
    known: dict[object, list[LiveTrace]] = {}
    for _ in range(3000):
        choice.choice(steps)()
        extent = store.extent()
        assert (extent is None) >= any(trace.running for trace in store.newest())
        if extent is not None:
            assert known.setdefault(extent, store.newest()) == store.newest()
    assert len(known) > 100
