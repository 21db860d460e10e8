"""All workers of a server in one panel, whichever of them serves it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import statistics
import threading
import time
import typing as t
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import cycle
from pathlib import Path

import pytest
import websocket

from tests.helpers.history import make, served
from tests.helpers.processes import shared_by
from tests.helpers.servers import FLASK_RUN, NOT_UP, PATIENCE, Server, alive, batch, wait_for

APP = """
import os, sys, time
from flask import Flask, request
from flask_lifecycle import Lifecycle

app = Flask("shop", root_path=os.getcwd())
app.debug = True
Lifecycle(app)

@app.get("/")
def index():
    return str(os.getpid())

@app.get("/steps")
def steps():
    while not os.path.exists(request.args["until"]):
        app.logger.info("step")
        time.sleep(0.1)
    return str(os.getpid())
"""
UWSGI = """
if __name__ == "__main__":
    os.execv(os.path.join(os.path.dirname(sys.executable), "uwsgi"), [
        *("uwsgi", "--http-socket", f"127.0.0.1:{sys.argv[1]}", "--module", "app:app", "--master"),
        *("--virtualenv", sys.prefix, "--need-app", *sys.argv[2:]),
    ])
"""
Workers = dict[int, websocket.WebSocket]


def gunicorn(*options: str) -> list[str]:
    return [
        *("gunicorn", "--workers", "3", "--graceful-timeout", "5", *options),
        *("--bind", "127.0.0.1:{port}", "app:app"),
    ]


def threads(*options: str) -> list[str]:
    return gunicorn("--worker-class", "gthread", "--threads", "4", *options)


@contextmanager
def running(folder: Path, command: list[str], app: str = APP) -> Iterator[Server]:
    server = Server(folder, command, app)
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("gthread"), threads()) as made:
        yield made


@pytest.fixture
def viewers() -> Iterator[list[websocket.WebSocket]]:
    with alive() as opened:
        yield opened


def pids_of(server: Server, number: int = 3) -> set[int]:
    """Return the workers, each of which has answered."""
    found: set[int] = set()

    def answered() -> bool:
        with suppress(*NOT_UP):
            found.add(int(server.get("/")))
        return len(found) >= number

    wait_for(answered)
    return found


def panels(server: Server, viewers: list[websocket.WebSocket], number: int) -> Workers:
    """Open the panel of so many different workers."""
    found: Workers = {}
    for _ in range(200):
        ws, first = server.watch()
        pid = first["process"]["pid"]
        if pid in found:
            ws.close()
            continue
        assert first["process"]["shared"]
        found[pid] = ws
        viewers.append(ws)
        if len(found) == number:
            return found
    raise AssertionError("always the same worker")


def until(ws: websocket.WebSocket, found: t.Callable[[dict[str, t.Any]], t.Any]) -> t.Any:
    """Receive messages until one has what is sought."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        sought = found(batch(ws))
        if sought:
            return sought
    raise AssertionError("it never came")


def request_of(query: str, **expected: t.Any) -> t.Callable[[dict[str, t.Any]], t.Any]:
    def found(message: dict[str, t.Any]) -> t.Any:
        return next(
            (
                each
                for each in message["traces"]
                if each["query"] == query and expected.items() <= each.items()
            ),
            None,
        )

    return found


def behind(server: Server, path: str) -> threading.Thread:
    """Send a request in a thread of its own."""

    def send() -> None:
        with suppress(*NOT_UP):
            server.get(path)

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    return thread


def poll(server: Server, asked: dict[str, t.Any]) -> t.Any:
    url = f"http://{server.address}/_lifecycle/api/batch"
    headers = {"Content-Type": "application/json"}
    ask = urllib.request.Request(url, json.dumps(asked).encode(), headers, method="POST")
    with urllib.request.urlopen(ask, timeout=PATIENCE) as answer:
        return json.load(answer)


class Page:
    """What a page that polls has, as its state resumes each time."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._asked: dict[str, t.Any] = {}
        self.traces: dict[str, t.Any] = {}
        self.resets = 0
        self.answered_by: set[int] = set()

    def poll(self) -> dict[str, t.Any]:
        message = poll(self._server, self._asked)
        self.answered_by.add(message["process"]["pid"])
        self.resets += message["reset"]
        self.traces |= {each["id"]: each for each in message["traces"]}
        for each in message["removed"]:
            self.traces.pop(each, None)
        running = [key for key, each in self.traces.items() if each["state"] == "running"]
        self._asked = {
            "epoch": message["epoch"],
            "position": message["position"],
            "last": max(self.traces, default=None),
            "running": running,
        }
        return t.cast("dict[str, t.Any]", message)


def test_what_runs_in_a_worker_is_soon_seen_through_any_other(
    server: Server, viewers: list[websocket.WebSocket]
) -> None:
    workers = pids_of(server)
    opened = panels(server, viewers, 3)
    own: list[float] = []
    of_others: list[float] = []
    for pid, ws in cycle(opened.items()):
        query = f"until=over-{len(own)}-{len(of_others)}"
        begun = time.monotonic()
        sent = behind(server, f"/steps?{query}")
        # While it runs, which it does until it is over.
        found = until(ws, request_of(query, state="running"))
        is_own = found["process"]["pid"] == pid
        (own if is_own else of_others).append(time.monotonic() - begun)
        assert found["process"]["pid"] in workers
        assert found["process"]["app"] == "shop"
        (server.app.parent / query.removeprefix("until=")).touch()
        done = until(ws, request_of(query, state="done"))
        assert done["status"] == 200
        sent.join()
        if len(own) > 1 and len(of_others) > 4:
            break
    # In a few looks at what is shared, beside what the worker itself takes to show it.
    assert min(of_others) < 10 * statistics.median(own)


def test_its_steps_go_on_and_it_is_served_whole(
    server: Server, viewers: list[websocket.WebSocket]
) -> None:
    opened = panels(server, viewers, 2)
    query = "until=go-on"
    sent = behind(server, f"/steps?{query}")
    for ws in opened.values():
        trace = until(ws, request_of(query, state="running"))
        ws.send("42" + json.dumps(["watch", {"trace": trace["id"], "have": 0}]))
        counts: set[int] = set()

        def steps(
            message: dict[str, t.Any], trace: t.Any = trace, counts: set[int] = counts
        ) -> bool:
            for part in message["steps"]:
                if part["trace"] == trace["id"]:
                    counts.add(max(each["id"] for each in part["steps"]))
            return len(counts) >= 3

        until(ws, steps)
    served: dict[int, int] = {}
    for _ in range(30):
        whole = server.api(f"traces/{trace['id']}")
        assert whole["state"] == "running"
        served[len(whole["steps"])] = whole["process"]["pid"]
    assert set(served.values()) == {trace["process"]["pid"]}
    # What was answered a moment before may still be on its way out.
    wait_for(lambda: ids_of(server, "q=is:running") == [trace["id"]])
    (server.app.parent / "go-on").touch()
    sent.join()
    for _ in range(6):
        assert server.api(f"traces/{trace['id']}")["id"] == trace["id"]


def test_the_list_is_the_same_whoever_serves_it(server: Server) -> None:
    workers = pids_of(server)
    ids = {*ids_of(server, "limit=100")}
    answers = [answer_of(server) for _ in range(20)]
    while workers - {int(pid) for pid, _ in answers}:
        answers.append(answer_of(server))
    ids |= {each for _, each in answers}
    for _ in range(12):
        wait_for(lambda: ids <= {*ids_of(server)})
    found = server.api("traces")["traces"]
    assert len({each["id"] for each in found}) == len(found)
    assert workers <= {each["process"]["pid"] for each in found}
    one = min(workers)
    own = server.api(f"traces?q=process:{one}%20app:shop")["traces"]
    assert own
    assert {each["process"]["pid"] for each in own} == {one}


def ids_of(server: Server, query: str = "") -> list[str]:
    """Return the ids of what is listed."""
    return [each["id"] for each in server.api(f"traces?{query}")["traces"]]


def answer_of(server: Server) -> tuple[str, str]:
    """Send a request on a connection of its own; return its worker and its id."""
    with urllib.request.urlopen(f"http://{server.address}/", timeout=PATIENCE) as answer:
        return answer.read().decode(), str(answer.headers["X-Lifecycle-Trace"])


def ask(server: Server) -> str:
    return answer_of(server)[1]


def test_what_is_listed_and_what_was_evicted_are_all_there_were(
    server: Server, viewers: list[websocket.WebSocket]
) -> None:
    pids_of(server)
    panels(server, viewers, 1)
    before = settled(server)
    with reading(viewers[0]), ThreadPoolExecutor(30) as clients:
        sent = {each for found in clients.map(hundred, [server] * 30) for each in found}
        assert len(sent) == 3000
        for _ in range(8):
            wait_for(lambda: total(server) == before + 3000)


@contextmanager
def reading(ws: websocket.WebSocket) -> Iterator[None]:
    """Read the stream, as an open page does."""
    over = threading.Event()

    def read() -> None:
        with suppress(OSError, websocket.WebSocketException):
            while not over.is_set():
                batch(ws)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield
    finally:
        over.set()
        t.cast("t.Any", ws).shutdown()
        reader.join()


def total(server: Server) -> int:
    """Return how many requests are listed, on all pages, and how many were evicted."""
    listed: set[str] = set()
    page = server.api("traces?limit=400")
    while True:
        ids = {each["id"] for each in page["traces"]}
        assert not ids & listed
        listed |= ids
        if page["next"] is None:
            return len(listed) + int(page["evicted"])
        page = server.api(f"traces?limit=400&before={page['next']}")


def settled(server: Server) -> int:
    """Return the same, once all that has finished is listed: each worker writes in order."""
    last: dict[str, str] = {}
    while len(last) < 3:
        pid, trace = answer_of(server)
        last[pid] = trace
    wait_for(lambda: {*last.values()} <= {*ids_of(server)})
    return total(server)


def hundred(server: Server) -> list[str]:
    """Send a hundred requests on one connection."""
    host, _, port = server.address.partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=PATIENCE)
    found = []
    for _ in range(100):
        connection.request("GET", "/")
        answer = connection.getresponse()
        answer.read()
        found.append(answer.headers["X-Lifecycle-Trace"])
    connection.close()
    return found


def test_clear_and_restore_act_in_all_workers(
    server: Server, viewers: list[websocket.WebSocket]
) -> None:
    pids_of(server)
    opened = panels(server, viewers, 2)
    sent = {ask(server) for _ in range(20)}
    known: dict[int, set[str]] = {pid: set() for pid in opened}

    def told(pid: int) -> t.Callable[[dict[str, t.Any]], bool]:
        def look(message: dict[str, t.Any]) -> bool:
            known[pid] |= {each["id"] for each in message["traces"]}
            known[pid] -= set(message["removed"])
            return sent <= known[pid]

        return look

    def forgotten(pid: int) -> t.Callable[[dict[str, t.Any]], bool]:
        return lambda message: told(pid)(message) or not sent & known[pid]

    for pid, ws in opened.items():
        until(ws, told(pid))
    clear = urllib.request.Request(
        f"http://{server.address}/_lifecycle/api/traces", method="DELETE"
    )
    urllib.request.urlopen(clear, timeout=PATIENCE).close()
    for pid, ws in opened.items():
        until(ws, forgotten(pid))
    for _ in range(12):
        wait_for(lambda: not sent & {*ids_of(server)})
    restore = urllib.request.Request(
        f"http://{server.address}/_lifecycle/api/traces/restore", b"", method="POST"
    )
    urllib.request.urlopen(restore, timeout=PATIENCE).close()
    for _ in range(12):
        wait_for(lambda: sent <= {*ids_of(server)})


def test_what_ran_in_a_worker_that_died_is_cut_off(
    tmp_path: Path, viewers: list[websocket.WebSocket]
) -> None:
    with running(tmp_path, threads()) as server:
        pids_of(server)
        [(own, one)] = panels(server, viewers, 1).items()
        over = tmp_path / "over"
        while True:
            behind(server, f"/steps?until={over.name}")
            found = until(one, request_of(f"until={over.name}", state="running"))
            if found["process"]["pid"] != own:
                break
            # It takes a thread of the worker whose panel is open, which has few.
            over.touch()
            over = over.with_name(f"{over.name}-")
        query = f"until={over.name}"
        # Nobody looks at its steps, but they are published once it has run for a second.
        view = f"""FROM steps WHERE trace = '{found["id"]}' AND data LIKE '%"view"%'"""
        wait_for(lambda: shared_by(server, f"SELECT count(*) {view}"))
        os.kill(found["process"]["pid"], signal.SIGKILL)
        cut = until(one, lambda message: request_of(query, cut_off=True)(message))
        assert (cut["state"], cut["duration"], cut["id"]) == ("done", None, found["id"])
        for _ in range(6):
            listed = server.api(f"traces?q=process:{found['process']['pid']}")["traces"]
            assert [each["id"] for each in listed if each.get("cut_off")] == [found["id"]]
            whole = server.api(f"traces/{found['id']}")
            assert (whole["state"], whole["duration"]) == ("done", None)
            (view,) = (each for each in whole["steps"] if each["stage"] == "view")
            assert (view["name"], view["end"]) == ("steps", None)
        server.kill()


@pytest.mark.parametrize(
    "kind", ["sync", "gevent", pytest.param("uwsgi", marks=pytest.mark.servers)]
)
def test_a_page_that_polls_sees_all_workers(tmp_path: Path, kind: str) -> None:
    command = gunicorn("--worker-class", kind)
    app = APP
    if kind == "uwsgi":
        command = ["app", "{port}", "--processes", "3", "--enable-threads"]
        app += UWSGI
    with running(tmp_path, command, app) as server:
        workers = pids_of(server)
        page = Page(server)
        first = page.poll()
        assert first["process"]["shared"]
        assert first["process"]["several"]
        sent = {ask(server) for _ in range(30)}
        query = "until=go-on"
        slow = behind(server, f"/steps?{query}")

        def states() -> list[str]:
            page.poll()
            return [each["state"] for each in page.traces.values() if each["query"] == query]

        def all_seen() -> bool:
            seen = states() == ["running"] and sent <= page.traces.keys()
            return seen and len(page.answered_by) > 1

        wait_for(all_seen)
        (tmp_path / "go-on").touch()
        wait_for(lambda: states() == ["done"])
        slow.join()
        assert page.resets == 1
        assert {each["process"]["pid"] for each in page.traces.values()} <= workers


def test_a_second_flask_run_is_seen_by_the_first(
    tmp_path: Path, viewers: list[websocket.WebSocket]
) -> None:
    with running(tmp_path, FLASK_RUN) as one, running(tmp_path, FLASK_RUN) as other:
        ws, first = one.watch()
        viewers.append(ws)
        # Each has its own address: a page stays with one of them.
        assert first["process"]["several"] is False
        query = "until=over"
        behind(other, f"/steps?{query}")
        found = until(ws, request_of(query, state="running"))
        assert found["process"]["pid"] == other.process.pid
        (tmp_path / "over").touch()
        assert until(ws, request_of(query, state="done"))["duration"] > 0
        id_ = ask(other)
        wait_for(lambda: id_ in ids_of(one))
        others = poll(one, {})["others"]
        assert [(each["pid"], each["app"]) for each in others] == [(other.process.pid, "shop")]


def test_workers_that_are_replaced_go_on_where_others_were(
    tmp_path: Path, viewers: list[websocket.WebSocket]
) -> None:
    with running(tmp_path, threads("--preload", "--max-requests", "40")) as server:
        page = Page(server)
        before = pids_of(server)
        page.poll()
        sent = {ask(server) for _ in range(200)}
        os.kill(server.process.pid, signal.SIGHUP)
        wait_for(lambda: not before & pids_of(server))
        sent |= {ask(server) for _ in range(20)}

        def all_seen() -> bool:
            page.poll()
            done = {key for key, each in page.traces.items() if each["state"] == "done"}
            return sent <= done

        wait_for(all_seen)
        assert page.resets == 1


def test_without_a_history_the_page_is_of_one_process(tmp_path: Path) -> None:
    app = APP.replace("app.debug", 'app.config["LIFECYCLE_HISTORY"] = None\napp.debug')
    with running(tmp_path, gunicorn(), app) as server:
        message = poll(server, {})
        assert message["process"]["several"] is True
        assert message["process"]["shared"] is False
        assert (message["others"], message["position"]) == ([], None)


def test_what_is_more_than_one_message_comes_with_the_next_ones(tmp_path: Path) -> None:
    """Also if the same worker is asked again, which has finished some of them itself."""
    app = make(history=tmp_path / "history.sqlite")
    panel, several = app.test_client(), {"wsgi.multiprocess": True}

    def ask(asked: dict[str, t.Any]) -> t.Any:
        url = "/_lifecycle/api/batch"
        return panel.post(url, json=asked, environ_overrides=several).get_json()

    with served(app) as there:
        there.get("/before")
        message = ask({})
        sent = {*there.get(*(f"/{number}" for number in range(250)))}
        # As if another worker had answered before.
        history, _, last = message["position"].split("/")
        position, seen = f"{history}/{'f' * 16}/{last}", set()
        for _ in range(4):
            message = ask({"epoch": message["epoch"], "position": position, "running": []})
            position = message["position"]
            seen |= {each["id"] for each in message["traces"]}
    assert sent <= seen
