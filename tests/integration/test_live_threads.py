"""Viewers come and go in threads of their own, while requests run and the pump sends."""

from __future__ import annotations

import json
import sys
import threading
import time
import typing as t
import urllib.request
from collections.abc import Iterator
from contextlib import suppress

import pytest
import websocket
from flask import Flask
from werkzeug.serving import make_server

from flask_lifecycle import Lifecycle
from tests.helpers.servers import PATIENCE

VIEWERS = 4
STAYS = 5
PUMP = "flask-lifecycle-pump"


def pumps() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == PUMP]


@pytest.fixture
def served() -> Iterator[tuple[Flask, str]]:
    """Serve an app with the panel by threads, and return its address, too."""
    app = Flask(__name__)
    app.debug = True
    # None is evicted.
    app.config["LIFECYCLE_MAX_TRACES"] = 100_000
    Lifecycle(app)

    @app.get("/<int:number>")
    def page(number: int) -> str:
        return str(number)

    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    interval = sys.getswitchinterval()
    # Threads change places anywhere.
    sys.setswitchinterval(1e-5)
    try:
        yield app, f"127.0.0.1:{server.port}"
    finally:
        sys.setswitchinterval(interval)
        server.shutdown()
        thread.join(PATIENCE)
        server.server_close()
        Lifecycle().undo(app)


class Viewer:
    """What a page has, over all the times that it was connected."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._epoch: str | None = None
        self._last: str | None = None
        self._running: list[str] = []
        #: The paths in the order in which they came, by the ids of their requests.
        self.paths: dict[str, str] = {}
        self.sequences: list[list[int]] = []

    def stay(self, count: int, *, says_good_bye: bool = True) -> None:
        """Connect, take in what comes until it has so many requests, and leave."""
        ask = urllib.request.Request(f"http://{self._address}/_lifecycle/api/ticket", method="POST")
        with urllib.request.urlopen(ask, timeout=PATIENCE) as answer:
            ticket = json.load(answer)["ticket"]
        socket = websocket.create_connection(
            f"ws://{self._address}/_lifecycle/socket.io/?EIO=4&transport=websocket&ticket={ticket}",
            origin=f"http://{self._address}",
            timeout=PATIENCE,
        )
        sequence: list[int] = []
        self.sequences.append(sequence)
        try:
            socket.recv()
            known = {"epoch": self._epoch, "last": self._last, "running": self._running}
            socket.send(f"40{json.dumps(known)}")
            end = time.monotonic() + PATIENCE
            while len(self.paths) < count:
                assert time.monotonic() < end, f"{len(self.paths)} of {count} requests came"
                message = str(socket.recv())
                if message == "2":
                    socket.send("3")
                elif message.startswith("42"):
                    sequence.append(self._take(json.loads(message[2:])[1]))
                    socket.send(f'42["ack",{sequence[-1]}]')
        finally:
            with suppress(OSError, websocket.WebSocketException):
                if says_good_bye:
                    socket.close()
            socket.shutdown()  # type: ignore[no-untyped-call]

    def _take(self, message: dict[str, t.Any]) -> int:
        assert not message["skipped"], "the server says that it left something out"
        self._epoch = message["epoch"]
        for each in message["traces"]:
            self.paths[each["id"]] = each["path"]
            # What it asks from, when it is back: the newest one that it has.
            self._last = max(self._last or "", each["id"])
            if each["state"] == "running":
                self._running.append(each["id"])
            elif each["id"] in self._running:
                self._running.remove(each["id"])
        return int(message["seq"])


def test_viewers_come_and_go_while_the_pump_runs(
    served: tuple[Flask, str], caplog: pytest.LogCaptureFixture
) -> None:
    app, address = served
    client = app.test_client()
    over = threading.Event()
    numbers: list[int] = []
    failed: list[BaseException] = []

    def request() -> None:
        number = len(numbers)
        client.get(f"/{number}")
        numbers.append(number)

    def keep_requesting() -> None:
        while not over.wait(0.005):
            request()

    def come_and_go(viewer: Viewer, number: int) -> None:
        try:
            for stay in range(STAYS):
                count = len(viewer.paths) + 3 + number
                viewer.stay(count, says_good_bye=(stay + number) % 2 == 0)
        except BaseException as error:
            failed.append(error)
            raise

    request()
    viewers = [Viewer(address) for _ in range(VIEWERS)]
    for viewer in viewers:
        # Who comes for the first time is sent the newest ones; who comes back, all that is new.
        viewer.stay(1)
    threads = [
        threading.Thread(target=come_and_go, args=(viewer, number))
        for number, viewer in enumerate(viewers)
    ]
    requests = threading.Thread(target=keep_requesting)
    for each in (requests, *threads):
        each.start()
    for each in threads:
        each.join(PATIENCE)
    over.set()
    requests.join(PATIENCE)
    assert not failed
    # All of them are back once more, and have all that came meanwhile, each once.
    request()
    for viewer in viewers:
        viewer.stay(len(numbers))
        for sequence in viewer.sequences:
            assert sequence == [*range(1, len(sequence) + 1)]
        paths = sorted(int(path[1:]) for path in viewer.paths.values())
        assert paths == numbers
    # The pump ends with its last viewer.
    for each in pumps():
        each.join(PATIENCE)
    assert not pumps()
    assert not [each.message for each in caplog.records if each.name == "flask_lifecycle"]
