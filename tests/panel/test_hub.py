"""What a viewer is told: what was shown and what was skipped are all there was."""

from __future__ import annotations

import contextlib
import threading
import typing as t

import flask
from werkzeug.test import EnvironBuilder, run_wsgi_app

from flask_lifecycle.panel.hub import Hub, _Viewer
from flask_lifecycle.store import MemoryStore
from flask_lifecycle.writers import LiveTrace, Route

from ..integration.test_server import PATIENCE

IGNORED = Route("/static/<path:filename>", 0, "static", (), True)


def add(store: MemoryStore, *, ignored: bool = False, done: bool = True) -> LiveTrace:
    trace = LiveTrace(0, "GET", "/")
    store.add(trace)
    if ignored:
        trace.route = IGNORED
    if done:
        trace.finish()
    return trace


def batch(hub: Hub, viewer: _Viewer, store: MemoryStore) -> dict[str, t.Any]:
    return {"traces": [], "skipped": 0, **hub._batch(viewer, store.newest())}


def watching(store: MemoryStore) -> tuple[Hub, _Viewer]:
    hub, viewer = Hub(store), _Viewer(resumes=False, last=0, running={})
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


class Ticks(threading.Event):
    """What the pump waits for between its looks; tells how often it waited."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self.told = threading.Condition()

    def wait(self, timeout: float | None = None) -> bool:
        with self.told:
            self.count += 1
            self.told.notify_all()
        return super().wait(timeout)

    def after(self, more: int) -> None:
        with self.told:
            wanted = self.count + more
            assert self.told.wait_for(lambda: self.count >= wanted, PATIENCE)


def test_nothing_is_looked_at_for_a_viewer_that_takes_nothing() -> None:
    store = MemoryStore(10)
    hub, viewer = watching(store)
    hub.init_app(flask.Flask(__name__))
    hub._wake = ticks = Ticks()
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
    assert said == b"This is no handshake of a websocket.\n", (
        "Engine.IO no longer takes its websocket from `_async`; see Hub.init_app."
    )
