"""Breakpoints and held requests of all workers of a server, whichever of them serves the panel."""

from __future__ import annotations

import http.client
import json
import os
import signal
import threading
import time
import typing as t
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest
import websocket

from tests.helpers.apps import TOKEN
from tests.helpers.processes import shared_by
from tests.helpers.servers import PATIENCE, Server, batch, wait_for

APP = f"""
import os
from flask import Flask
from flask_lifecycle import Lifecycle

app = Flask("shop", root_path=os.getcwd())
app.debug = True
app.config.update(LIFECYCLE_TOKEN={TOKEN!r}, LIFECYCLE_HOLD_SECONDS=3600, LIFECYCLE_TOOLBAR=False)
Lifecycle(app)

@app.get("/")
def index():
    return str(os.getpid())

@app.get("/held")
def held():
    return str(os.getpid())

@app.post("/undo")
def undo():
    Lifecycle().undo(app)
    return "undone"
"""
COMMAND = [
    *("gunicorn", "--workers", "3", "--worker-class", "gthread", "--threads", "4"),
    *("--graceful-timeout", "5", "--keep-alive", "600", "--bind", "127.0.0.1:{port}", "app:app"),
]
VIEW = {"stage": "view", "filter": "path:/held"}
Json = dict[str, t.Any]


class Worker:
    """A connection to one worker, which keeps it."""

    def __init__(self, address: str) -> None:
        self._connection = http.client.HTTPConnection(address, timeout=PATIENCE)
        self.pid = int(self.send("GET", "/")[1])

    def send(self, method: str, path: str, body: t.Any = None, **headers: str) -> tuple[int, str]:
        text = None if body is None else json.dumps(body)
        self._connection.request(method, path, text, headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read().decode()

    def call(self, method: str, path: str, body: t.Any = None) -> tuple[int, Json]:
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        status, text = self.send(method, f"/_lifecycle/api/{path}", body, **headers)
        return status, json.loads(text)

    def get(self, path: str) -> Json:
        status, found = self.call("GET", path)
        assert status == 200, found
        return found

    def close(self) -> None:
        self._connection.close()


class Sent:
    """A request of the app, in the background."""

    def __init__(self, address: str) -> None:
        self.answer: tuple[int, str] | None = None
        self.thread = threading.Thread(target=self._send, args=(address,))
        self.thread.start()

    def _send(self, address: str) -> None:
        connection = http.client.HTTPConnection(address, timeout=PATIENCE)
        with suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/held")
            answer = connection.getresponse()
            self.answer = answer.status, answer.read().decode()
        connection.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("shared"), COMMAND, APP)
    yield made
    made.kill()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """A server for one test alone: whatever it is left as, or has to be before."""
    made = Server(tmp_path, COMMAND, APP)
    yield made
    made.kill()


@contextmanager
def workers_of(server: Server, but: int = 0) -> Iterator[list[Worker]]:
    """Connect to each of the three workers; at the end, nothing is held."""
    found: dict[int, Worker] = {}

    def grown() -> bool:
        with suppress(OSError, http.client.HTTPException):
            made = Worker(server.address)
            if made.pid in found or made.pid == but:
                made.close()
            else:
                found[made.pid] = made
        return len(found) == 3

    wait_for(grown)
    workers = list(found.values())
    try:
        yield workers
    finally:
        with suppress(OSError, http.client.HTTPException):
            assert workers[0].call("PUT", "breakpoints", {"breakpoints": []})[0] == 200
            workers[0].call("POST", "held", {"do": "all"})
        for each in workers:
            each.close()


@pytest.fixture
def workers(server: Server) -> Iterator[list[Worker]]:
    with workers_of(server) as found:
        yield found


@pytest.fixture
def own_workers(own_server: Server) -> Iterator[list[Worker]]:
    with workers_of(own_server) as found:
        yield found


def hold_one(server: Server, worker: Worker, by: Callable[[Json], bool]) -> tuple[Sent, Json]:
    """Send requests until one is held by a worker that is meant; let the others go on."""
    for _ in range(100):
        sent = Sent(server.address)
        thread = sent.thread
        wait_for(partial(lambda of: worker.get("held")["held"] or not of.is_alive(), thread))
        found = worker.get("held")["held"]
        if found and by(found[0]):
            return sent, found[0]
        worker.call("POST", "held", {"do": "all"})
        sent.thread.join(PATIENCE)
        wait_for(lambda: not worker.get("held")["held"])
    raise AssertionError("none was held")


def stall(server: Server, workers: list[Worker], ws: websocket.WebSocket) -> None:
    """Let all workers stand still as on a busy machine, until each of them has noticed."""
    for each in workers:
        os.kill(each.pid, signal.SIGSTOP)
    # What the viewer's worker has said is out of date, and was for a while.
    wait_for(lambda: shared_by(server, "SELECT max(until) FROM viewers") < time.time() - 1.5)
    stood_until = time.time()
    for each in workers:
        os.kill(each.pid, signal.SIGCONT)
    ws.settimeout(0.1)

    def have_looked() -> bool:
        # Its pings are answered.
        with suppress(websocket.WebSocketTimeoutException):
            batch(ws)
        return shared_by(server, "SELECT min(at) FROM processes") > stood_until + 1.0

    wait_for(have_looked)


def test_all_go_on_when_nobody_watches_any_more(own_server: Server) -> None:
    # No tool has asked it for anything: one counts for as long as requests are held.
    server = own_server
    ws, first = server.watch()
    with workers_of(server) as workers:
        viewed = next(each for each in workers if each.pid == first["process"]["pid"])
        headers = {"X-Lifecycle-Key": server.key(), "Content-Type": "application/json"}
        path = "/_lifecycle/api/breakpoints"
        assert viewed.send("PUT", path, {"breakpoints": [VIEW]}, **headers)[0] == 200
        sent: list[Sent] = []

        def more() -> bool:
            sent.append(Sent(server.address))
            return len(batch(ws)["holds"]["held"]) > 2

        # Each worker holds two at most: one is held in another than that of the viewer.
        wait_for(more)
        stall(server, workers, ws)
        assert sum(each.thread.is_alive() for each in sent) > 2
        ws.close()
        for each in sent:
            each.thread.join(PATIENCE)
        assert all(each.answer for each in sent)
        # Those that other workers still finish are running, and held, in what these say of them.
        finished = "traces?q=path:/held%20-is:running"
        wait_for(lambda: len(workers[0].get(finished)["traces"]) == len(sent))
        holds = [each["holds"] for each in workers[0].get(finished)["traces"]]
        assert {hold["did"] for each in holds for hold in each} == {"left"}


def test_each_worker_holds_and_any_other_lets_go(server: Server, workers: list[Worker]) -> None:
    first, second, third = workers
    status, answer = first.call("PUT", "breakpoints", {"breakpoints": [VIEW]})
    assert (status, answer["cannot"]) == (200, None)
    # At once, whichever worker is asked.
    known = [each.get("breakpoints") for each in workers]
    assert [each["breakpoints"] for each in known] == [answer["breakpoints"]] * 3
    assert {each["revision"] for each in known} == {answer["revision"]}

    held_by: set[int] = set()
    while len(held_by) < 3:
        sent, held = hold_one(server, second, lambda _: True)
        assert held["stage"] == "view"
        assert held["seen"]["stack"][0]["file"].endswith("app.py")
        wait_for(lambda: all(each.get("held")["held"] for each in workers))
        path = f"held/{held['trace']}"
        held_by.add(process_of(third, held))
        told = {"do": "answer", "status": 418, "text": "tea"}
        assert third.call("POST", path, told) == (200, {"did": "answer"})
        sent.thread.join(PATIENCE)
        assert sent.answer == (418, "tea")
        wait_for(lambda: not any(each.get("held")["held"] for each in workers))


def test_a_request_of_another_worker_goes_on_by_steps(
    server: Server, workers: list[Worker]
) -> None:
    first, second, third = workers
    first.call("PUT", "breakpoints", {"breakpoints": [VIEW]})
    sent, held = hold_one(server, first, lambda _: True)
    path = f"held/{held['trace']}"
    assert third.call("POST", path, {"do": "answer", "status": 9})[0] == 400
    assert third.call("POST", path, {"do": "nothing"})[0] == 400
    assert third.call("POST", f"held/{'0' * 24}", {"do": "go"})[0] == 404
    assert second.call("POST", path, {"do": "end"})[0] == 200
    wait_for(lambda: [each["when"] for each in third.get("held")["held"]] == ["after"])
    # What it cannot do.
    assert first.call("POST", path, {"do": "end"})[0] == 409
    assert third.call("POST", path, {"do": "skip"})[0] == 409
    assert third.call("POST", "held", {"do": "all"}) == (200, {"did": "all", "released": 1})
    sent.thread.join(PATIENCE)
    assert sent.answer is not None
    assert sent.answer[0] == 200


def test_one_that_holds_once_is_used_up_in_all(server: Server, workers: list[Worker]) -> None:
    first, _, third = workers
    third.call("PUT", "breakpoints", {"breakpoints": [{**VIEW, "once": True}]})
    assert all(each.get("breakpoints")["breakpoints"] for each in workers)
    sent, _ = hold_one(server, first, lambda _: True)
    wait_for(lambda: not any(each.get("breakpoints")["breakpoints"] for each in workers))
    first.call("POST", "held", {"do": "all"})
    sent.thread.join(PATIENCE)
    assert sent.answer is not None


def test_a_worker_that_replaces_one_that_died_holds_too(
    server: Server, workers: list[Worker]
) -> None:
    first, second, third = workers
    second.call("PUT", "breakpoints", {"breakpoints": [VIEW]})
    # It dies with a request that it holds.
    hold_one(server, first, lambda held: process_of(first, held) == third.pid)
    os.kill(third.pid, signal.SIGKILL)
    wait_for(lambda: not first.get("held")["held"])
    known = {first.pid, second.pid}
    with workers_of(server, third.pid) as others:
        new = next(each for each in others if each.pid not in known)
        wait_for(lambda: new.get("breakpoints")["breakpoints"])
        sent, held = hold_one(server, first, lambda held: process_of(first, held) == new.pid)
        assert first.call("POST", f"held/{held['trace']}", {"do": "go"})[0] == 200
        sent.thread.join(PATIENCE)
        assert sent.answer == (200, str(new.pid))


def connected(server: Server, pid: int) -> Worker:
    """Return one more connection to a worker."""
    for _ in range(100):
        made = Worker(server.address)
        if made.pid == pid:
            return made
        made.close()
    raise AssertionError(f"no connection to {pid}")


def test_a_worker_that_gives_up_the_extension_lets_go_and_the_others_do_not(
    own_server: Server, own_workers: list[Worker]
) -> None:
    first, second, third = own_workers
    third.call("PUT", "breakpoints", {"breakpoints": [VIEW]})
    # A worker that is asked has heard of them.
    assert all(each.get("breakpoints")["breakpoints"] for each in own_workers)
    by_hand = connected(own_server, second.pid)
    answers: dict[int, tuple[int, str]] = {}

    def send(worker: Worker) -> None:
        answers[worker.pid] = worker.send("GET", "/held")

    threads = [threading.Thread(target=send, args=(each,)) for each in (second, third)]
    for each in threads:
        each.start()
    wait_for(lambda: len(first.get("held")["held"]) == 2)
    assert by_hand.send("POST", "/undo") == (200, "undone")
    threads[0].join(PATIENCE)
    assert answers == {second.pid: (200, str(second.pid))}
    assert by_hand.send("GET", "/_lifecycle/")[0] == 404

    # Those of the others stay as they are.
    wait_for(lambda: len(first.get("held")["held"]) == 1)
    (held,) = first.get("held")["held"]
    assert [each["stage"] for each in first.get("breakpoints")["breakpoints"]] == ["view"]
    assert first.call("POST", f"held/{held['trace']}", {"do": "go"})[0] == 200
    threads[1].join(PATIENCE)
    assert answers[third.pid] == (200, str(third.pid))
    by_hand.close()


def process_of(worker: Worker, held: Json) -> int:
    """Return the worker that holds a request, which it shows once it has run for a moment."""
    path = f"traces/{held['trace']}"
    wait_for(lambda: worker.call("GET", path)[0] == 200)
    return int(worker.get(path)["process"]["pid"])
