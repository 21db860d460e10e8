"""What a viewer is told: what was shown and what was skipped are all there was."""

from __future__ import annotations

import contextlib
import sys
import threading
import typing as t
from itertools import count
from time import sleep

import flask
import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from flask_lifecycle import faults as failing
from flask_lifecycle.panel.live import hub as hub_module
from flask_lifecycle.panel.live.hub import Hub
from flask_lifecycle.panel.live.steps import Pick
from flask_lifecycle.panel.live.viewer import Viewer
from flask_lifecycle.recorder.steps import begin, end, room_for
from flask_lifecycle.store import MemoryStore
from flask_lifecycle.trace.notes import Facts
from flask_lifecycle.trace.snapshot import snapshot
from flask_lifecycle.trace.tracepoint import Tracepoint, number
from flask_lifecycle.trace.writer import LiveTrace, Route
from tests.helpers.servers import PATIENCE, wait_for

TRACEPOINT = number(Tracepoint("view", "view"))
IGNORED = Route("/static/<path:filename>", 0, "static", (), True)


def add(store: MemoryStore, *, ignored: bool = False, done: bool = True) -> LiveTrace:
    trace = LiveTrace(None, "GET", "/")
    store.add(trace)
    if ignored:
        trace.route = IGNORED
    if done:
        trace.finish()
    return trace


def batch(hub: Hub, viewer: Viewer, store: MemoryStore) -> dict[str, t.Any]:
    return {"traces": [], "skipped": 0, **hub._batch(viewer, store.newest())}


def watching(store: MemoryStore) -> tuple[Hub, Viewer]:
    hub, viewer = Hub(store), Viewer(resumes=False, last=0, running={})
    add(store)
    assert len(batch(hub, viewer, store)["traces"]) == 1
    return hub, viewer


def test_what_was_evicted_before_it_could_be_sent_is_counted() -> None:
    store = MemoryStore(10)
    hub, viewer = watching(store)
    for _ in range(25):
        add(store)
    told = batch(hub, viewer, store)
    assert len(told["traces"]) == 10
    assert told["skipped"] == 15


def test_what_is_ignored_is_not_counted() -> None:
    store = MemoryStore(10)
    hub, viewer = watching(store)
    for _ in range(5):
        add(store, ignored=True)
    add(store, ignored=True, done=False)
    add(store)
    told = batch(hub, viewer, store)
    assert len(told["traces"]) == 1
    assert told["skipped"] == 0


def test_nor_is_what_was_cleared() -> None:
    store = MemoryStore(10)
    hub, viewer = watching(store)
    for _ in range(5):
        add(store)
    store.clear()
    add(store)
    told = batch(hub, viewer, store)
    assert len(told["traces"]) == 1
    assert len(told["removed"]) == 1
    assert told["skipped"] == 0


def test_a_new_viewer_is_sent_the_newest_and_told_of_the_rest() -> None:
    store = MemoryStore(1000)
    hub = Hub(store)
    first = [add(store) for _ in range(700)]
    viewer = hub._viewer({}, several=False)
    told = batch(hub, viewer, store)
    assert [each["id"] for each in told["traces"]] == [trace.id for trace in first[-200:]]
    assert (told["kept"], told["oldest"], told["missed"]) == (700, first[0].id, 700)
    assert told["skipped"] == 0
    add(store)
    told = batch(hub, viewer, store)
    assert (len(told["traces"]), told["kept"], told["missed"]) == (1, 701, None)


def test_a_viewer_that_was_away_is_told_how_many_came() -> None:
    store = MemoryStore(10)
    last = add(store)
    running = add(store, done=False)
    for _ in range(3):
        add(store)
    add(store, ignored=True)
    asked = {"epoch": store.epoch, "last": last.id, "running": [running.id, "gone"]}
    viewer = Hub(store)._viewer(asked, several=False)
    told = batch(Hub(store), viewer, store)
    assert (told["missed"], told["ignored"], told["removed"]) == (4, 1, ["gone"])


def test_what_was_evicted_is_told() -> None:
    store = MemoryStore(3)
    hub, viewer = watching(store)
    ids = [add(store).id for _ in range(2)]
    batch(hub, viewer, store)
    for _ in range(2):
        add(store)
    told = batch(hub, viewer, store)
    assert (len(told["removed"]), told["removed"][1], told["oldest"]) == (2, ids[0], ids[1])


def test_a_running_request_is_told_again_when_it_changes() -> None:
    store = MemoryStore(10)
    hub, viewer = watching(store)
    trace = add(store, done=False)
    assert batch(hub, viewer, store)["traces"][0]["state"] == "running"
    assert batch(hub, viewer, store)["traces"] == []
    trace.finish()
    assert batch(hub, viewer, store)["traces"][0]["state"] == "done"
    assert batch(hub, viewer, store)["traces"] == []


class Ticks:
    """How the pump sleeps between its looks; tells how often it has."""

    def __init__(self) -> None:
        self.count = 0
        self.told = threading.Condition()
        self.pause = sleep

    def sleep(self, seconds: float) -> None:
        with self.told:
            self.count += 1
            self.told.notify_all()
        self.pause(seconds)

    def after(self, more: int) -> None:
        with self.told:
            wanted = self.count + more
            assert self.told.wait_for(lambda: self.count >= wanted, PATIENCE)


def test_nothing_is_looked_at_for_a_viewer_that_takes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = MemoryStore(10)
    hub, viewer = watching(store)
    hub.init_app(flask.Flask(__name__))
    ticks = Ticks()
    monkeypatch.setattr(hub_module, "sleep", ticks.sleep)
    viewer.seq = 2
    hub._viewers["a"] = viewer
    trace = add(store)
    pump = threading.Thread(target=hub._pump)
    pump.start()
    try:
        ticks.after(3)
        # Who lists what is kept numbers it.
        assert trace.seq == 0
        viewer.acknowledged = 1
        ticks.after(2)
        assert viewer.cursor == trace.seq == 2
    finally:
        hub._viewers.clear()
        pump.join(PATIENCE)
    assert not pump.is_alive()


def test_what_is_kept_is_listed_once_as_long_as_nothing_changes() -> None:
    store = MemoryStore(10)
    hub, _ = watching(store)
    listed = hub._again(hub_module._NOTHING)
    assert hub._again(listed) is listed
    trace = add(store, done=False)
    while_running = hub._again(listed)
    assert while_running.kept == store.newest()
    trace.route = IGNORED
    assert hub._again(while_running).kept == listed.kept
    trace.finish()
    store.clear()
    assert hub._again(listed).kept == []


def test_in_a_flood_the_steps_of_the_newest_are_those_of_one_for_a_while() -> None:
    store = MemoryStore(500)
    hub, viewer = watching(store)

    def followed() -> list[str]:
        """Send what is new, and return whose steps came."""
        told = hub._batch(viewer, store.newest())
        return [each["trace"] for each in told.get("steps", ())]

    def flood() -> str:
        traces = [with_steps(store, 3) for _ in range(100)]
        for trace in traces:
            trace.finish()
        return traces[-1].id

    viewer.steps._stays = 0.0
    first = flood()
    assert followed() == [first]
    last = flood()
    assert followed() == []
    # It is over.
    assert followed() == [last]
    flood()
    picked = store.newest()[50]
    viewer.steps.pick = Pick(picked.id, 0)
    assert followed() == [picked.id]


class Noted:
    """What is noted of a step, whose details are asked for in the middle of a message."""

    def __init__(self, do: t.Callable[[], None]) -> None:
        self.do = do

    def detail(self, _trace: LiveTrace) -> dict[str, t.Any]:
        self.do()
        return {}


def with_steps(store: MemoryStore, count: int, note: t.Any = None) -> LiveTrace:
    """Add a request that runs and has some steps, of which the one in the middle has a note."""
    trace = add(store, done=False)
    for index in range(count):
        end(trace, begin(trace, TRACEPOINT, note if index == count // 2 else None))
    return trace


def elsewhere(do: t.Callable[[], None]) -> t.Callable[[], None]:
    """Do something in a thread of its own, and wait for it."""

    def done() -> None:
        thread = threading.Thread(target=do)
        thread.start()
        thread.join(PATIENCE)

    return done


def sent(hub: Hub, viewer: Viewer, store: MemoryStore) -> list[tuple[str, list[int]]]:
    """Take messages until nothing is new; list the steps in them."""
    found = []
    while told := hub._batch(viewer, store.newest()):
        found += [(part["trace"], [step["id"] for step in part["steps"]]) for part in told["steps"]]
    return found


@pytest.mark.parametrize("have", [0, 3])
def test_a_request_that_is_picked_in_the_middle_of_a_message_is_sent_whole(have: int) -> None:
    store = MemoryStore(10)
    hub, viewer = watching(store)
    other = with_steps(store, 9)
    picked: list[None] = []

    def pick() -> None:
        if not picked:
            picked.append(None)
            viewer.steps.pick = Pick(other.id, have)

    with_steps(store, 20, Noted(elsewhere(pick)))
    steps = [step for trace, ids in sent(hub, viewer, store) if trace == other.id for step in ids]
    assert steps == [*range(have, 9)]


def test_picks_from_another_thread_lose_no_step() -> None:
    store = MemoryStore(10)
    hub, viewer = watching(store)
    traces = [with_steps(store, 40) for _ in range(2)]
    sent(hub, viewer, store)
    over, wanted = threading.Event(), viewer.steps.pick

    def look() -> None:
        while not over.is_set():
            told = hub._batch(viewer, store.newest())
            for part in told.get("steps", ()):
                got[part["trace"]] |= {step["id"] for step in part["steps"]}

    def is_whole() -> bool:
        return len(got[wanted.trace or ""]) == 40

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    pump = threading.Thread(target=look)
    got: dict[str, set[int]] = {trace.id: set() for trace in traces}
    pump.start()
    try:
        for number in range(300):
            wanted = Pick(traces[number % 2].id, 0)
            got[traces[number % 2].id].clear()
            viewer.steps.pick = wanted
            wait_for(is_whole)
    finally:
        over.set()
        pump.join(PATIENCE)
        sys.setswitchinterval(interval)


def test_steps_that_came_in_between_are_sent_when_the_request_is_done() -> None:
    store = MemoryStore(10)
    hub, viewer = watching(store)
    trace = with_steps(store, 3)
    with threads_of_its_own(trace):
        sent(hub, viewer, store)
        end(trace, begin(trace, TRACEPOINT))
    # Its last one began before that of the request's own thread, and moved it on.
    trace.finish()
    (steps,) = [ids for each, ids in sent(hub, viewer, store) if each == trace.id]
    assert steps == [*range(len(trace.columns().tracepoints))]


class Page:
    """What a page has of a request, by the messages that it takes in as the panel does."""

    def __init__(self, hub: Hub, trace: LiveTrace) -> None:
        self.hub = hub
        self.trace = trace
        self.steps: dict[int, dict[str, t.Any]] = {}
        self.running: list[str] = []
        self.last: str | None = None

    def have(self) -> int:
        return next((n for n in count() if self.steps.get(n, {}).get("end") is None), 0)

    def poll(self) -> bool:
        """Ask once; tell whether it was told of the end."""
        asked = {"watch": self.trace.id, "have": self.have(), "running": self.running}
        told = self.hub.poll(
            {**asked, "epoch": self.hub._store.epoch, "last": self.last}, several=False
        )
        return self.take(told)

    def take(self, told: dict[str, t.Any]) -> bool:
        for summary in told.get("traces", ()):
            is_running = summary["state"] == "running"
            if not is_running and summary["merged"] and summary["id"] in self.running:
                self.steps.clear()
            self.running = [summary["id"]] if is_running else []
            self.last = summary["id"]
        for part in told.get("steps", ()):
            self.steps.update({step["id"]: step for step in part["steps"]})
        return self.last is not None and not self.running


@pytest.mark.parametrize("way", ["polling", "websocket"])
@pytest.mark.parametrize("limit", [2000, 12])
def test_what_several_threads_write_is_in_order_for_each_page(way: str, limit: int) -> None:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(30):
            watch_threads(way, limit)
    finally:
        sys.setswitchinterval(interval)


def watch_threads(way: str, limit: int) -> None:
    store = MemoryStore(10)
    hub = Hub(store)
    trace = LiveTrace(None, "GET", "/", max_steps=limit)
    store.add(trace)
    # While a body is sent, no step is open all along: the page asks for what follows.
    end(trace, begin(trace, TRACEPOINT))
    page, viewer = Page(hub, trace), Viewer(resumes=False, last=0, running={})
    faults: list[BaseException] = []

    def write() -> None:
        for _ in range(100):
            writer = room_for(trace.strand(), TRACEPOINT)
            step = begin(writer, TRACEPOINT)
            writer.notes.details[step] = Facts(of=threading.get_ident())
            end(writer, step)

    def ask() -> bool:
        return page.poll() if way == "polling" else page.take(hub._batch(viewer, store.newest()))

    def watch() -> None:
        try:
            while not ask():
                pass
            # What the last message had no room for.
            for _ in range(5):
                ask()
        except BaseException as error:
            faults.append(error)

    watching = threading.Thread(target=watch)
    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in (watching, *threads):
        thread.start()
    write()
    for thread in threads:
        thread.join(PATIENCE)
    trace.finish()
    watching.join(PATIENCE)
    assert faults == []
    whole = snapshot(trace).to_dict()["steps"]
    assert [page.steps[each] for each in sorted(page.steps)] == whole


@contextlib.contextmanager
def threads_of_its_own(trace: LiveTrace) -> t.Iterator[None]:
    """Let another thread write as well: one step before what is done inside, ended after it."""
    go, begun = threading.Event(), threading.Event()

    def write() -> None:
        strand = trace.strand()
        step = begin(strand, TRACEPOINT)
        begun.set()
        go.wait(PATIENCE)
        end(strand, step)

    thread = threading.Thread(target=write)
    thread.start()
    assert begun.wait(PATIENCE)
    yield
    go.set()
    thread.join(PATIENCE)


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> t.Any:
    monkeypatch.setattr(failing, "_faults", {})
    return caplog


@pytest.mark.parametrize("what", ["a note", "a step"])
def test_what_cannot_be_summarised_is_left_out(faults: t.Any, what: str) -> None:
    store = MemoryStore(10)
    hub, viewer = watching(store)
    for _ in range(2):
        bad = with_steps(store, 3)
        if what == "a note":
            bad.notes.changed[0] = t.cast("t.Any", "no changes")
        else:
            bad.log[0] = -1
    viewer.steps.pick = Pick(bad.id, 0)
    good = add(store)
    told = [each["id"] for each in batch(hub, viewer, store)["traces"]]
    bad.finish()
    assert told == [good.id]
    # Nor does it come again and again.
    assert batch(hub, viewer, store) == {"traces": [], "skipped": 0}
    asked = {"watch": bad.id}
    assert [each["id"] for each in hub.poll(asked, several=False)["traces"]][-1] == good.id
    # Its summary, and its steps or the details of one.
    assert len(faults.records) == 2


def test_a_step_whose_details_fail_is_sent_without(faults: t.Any) -> None:
    store = MemoryStore(10)
    hub, viewer = watching(store)

    def fail() -> None:
        raise IndexError

    trace = with_steps(store, 3, Noted(fail))
    assert sent(hub, viewer, store) == [(trace.id, [0, 1, 2])]
    assert [step.detail for step in snapshot(trace).steps] == [{}, {}, {}]
    assert len(faults.records) == 1


def test_a_viewer_whose_message_fails_starves_no_other(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MemoryStore(10)
    hub = Hub(store)
    hub.init_app(flask.Flask(__name__))
    ticks = Ticks()
    monkeypatch.setattr(hub_module, "sleep", ticks.sleep)
    failing, other = (Viewer(resumes=False, last=0, running={}) for _ in range(2))

    good = with_steps(store, 3)
    nothing = failing.known = t.cast("t.Any", None)
    other.steps.pick = Pick(good.id, 0)
    hub._viewers.update(a=failing, b=other)
    pump = threading.Thread(target=hub._pump)
    pump.start()
    try:
        ticks.after(3)
        assert other.steps.sent == 3
        # Its page connects again, and says what it has.
        assert [*hub._viewers] == ["b"]
        # Once, however often it is so.
        hub._viewers["c"] = Viewer(resumes=False, last=0, running={})
        hub._viewers["c"].known = nothing
        ticks.after(3)
        assert [*hub._viewers] == ["b"]
    finally:
        hub._viewers.clear()
        pump.join(PATIENCE)
    (record,) = caplog.records
    assert record.exc_info is not None
    assert record.exc_info[0] is AttributeError


def test_engine_io_takes_the_websocket_that_is_bounded() -> None:
    panel = flask.Flask(__name__)
    Hub(MemoryStore(1)).init_app(panel)
    headers = [("Upgrade", "websocket"), ("Connection", "Upgrade")]
    builder = EnvironBuilder("/socket.io/?EIO=4&transport=websocket", headers=headers)
    engine = panel.extensions["socketio"].server.eio
    said = b""
    # There is no socket to shake hands on, which only ours answers.
    with contextlib.suppress(RuntimeError):
        said = b"".join(run_wsgi_app(engine.handle_request, builder.get_environ())[0])
    builder.close()
    assert said == b"This is not a websocket handshake.\n", (
        "Engine.IO no longer takes its websocket from `_async`; see Hub.init_app."
    )


def test_what_was_cleared_and_comes_back_is_sent_again() -> None:
    store = MemoryStore(10)
    hub, viewer = watching(store)
    running = add(store, done=False)
    batch(hub, viewer, store)
    ids = [trace.id for trace in reversed(store.newest())]
    store.clear(restorable=True)
    assert batch(hub, viewer, store)["removed"] == ids
    ids.append(add(store).id)
    batch(hub, viewer, store)
    store.restore()
    told = batch(hub, viewer, store)
    assert told["reset"]
    assert [each["id"] for each in told["traces"]] == ids
    # One that still runs is followed to its end.
    running.finish()
    (told,) = batch(hub, viewer, store)["traces"]
    assert (told["id"], told["state"]) == (running.id, "done")


def test_what_was_evicted_is_told_where_static_files_are_kept_longer() -> None:
    store = MemoryStore(2)
    hub, viewer = watching(store)

    def add_file() -> LiveTrace:
        trace = LiveTrace(None, "GET", "/favicon.ico")
        store.add(trace)
        trace.finish()
        return trace

    first = store.newest()[0]
    icons = [add_file() for _ in range(2)]
    told = batch(hub, viewer, store)
    assert (told["removed"], told["kept"], told["files"]) == ([], 3, 2)
    others = [add(store) for _ in range(2)]
    told = batch(hub, viewer, store)
    assert told["removed"] == [first.id]
    assert (told["oldest"], told["oldest_file"]) == (others[0].id, icons[0].id)
    icons.append(add_file())
    told = batch(hub, viewer, store)
    assert told["removed"] == [icons[0].id]
    assert (told["oldest"], told["oldest_file"], told["skipped"]) == (others[0].id, icons[1].id, 0)
