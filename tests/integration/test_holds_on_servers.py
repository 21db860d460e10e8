"""Requests are held on real servers: beside others, within bounds, and never at a server's end."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.helpers.apps import TOKEN
from tests.helpers.holding import Tool
from tests.helpers.servers import FLASK_RUN, PATIENCE, Server, alive, wait_for

APP = f"""
import os, threading
from flask import Flask
from flask_lifecycle import Lifecycle

app = Flask(__name__)
app.debug = True
app.config.update(
    LIFECYCLE_TOKEN={TOKEN!r}, LIFECYCLE_HOLD_SECONDS=3600, LIFECYCLE_HISTORY=None
)
Lifecycle(app)

@app.get("/")
def index():
    return "hello"

@app.get("/held/<int:number>")
def held(number):
    return f"held {{number}}"

together = threading.Barrier(4)

@app.get("/together")
def meet():
    together.wait(60)
    return "all"

@app.get("/async")
async def later():
    return "later"

@app.get("/stream")
def stream():
    return (part for part in ("one ", "two"))
"""
GUNICORN = [
    *("gunicorn", "--graceful-timeout", "3600", "--timeout", "3600"),
    *("--bind", "127.0.0.1:{port}", "app:app"),
]
MAINS = {
    "waitress": """
import sys
from waitress import serve
if __name__ == "__main__":
    serve(app, host="127.0.0.1", port=int(sys.argv[1]), threads=4)
""",
    "cheroot": """
import sys
from cheroot.wsgi import Server
if __name__ == "__main__":
    server = Server(("127.0.0.1", int(sys.argv[1])), app, numthreads=4, shutdown_timeout=3600)
    try:
        server.start()
    finally:
        server.stop()
""",
    "pywsgi": """
import signal
import sys
from gevent import signal_handler
from gevent.pywsgi import WSGIServer
if __name__ == "__main__":
    server = WSGIServer(("127.0.0.1", int(sys.argv[1])), app, log=None, spawn=100)
    signal_handler(signal.SIGTERM, server.stop, 3600)
    server.serve_forever(stop_timeout=3600)
""",
}
SERVERS: dict[str, tuple[list[str], str]] = {
    "werkzeug": (FLASK_RUN, APP),
    "gthread": ([*GUNICORN, "--threads", "4"], APP),
    "gevent": ([*GUNICORN, "-k", "gevent"], APP),
    "waitress": (["app", "{port}"], APP + MAINS["waitress"]),
    "cheroot": (["app", "{port}"], APP + MAINS["cheroot"]),
    "pywsgi": (
        ["app", "{port}"],
        "from gevent import monkey\nmonkey.patch_all()\n" + APP + MAINS["pywsgi"],
    ),
}
#: How many requests can be held where there is a pool of threads.
ROOM = {"gthread": 2, "waitress": 2, "cheroot": 2}
#: Seconds in which a server ends, on a machine with much else to do; of itself, it waits an hour.
OVER = 15
WAYS = [
    ("werkzeug", signal.SIGINT),
    ("gthread", signal.SIGTERM),
    ("gthread", signal.SIGINT),
    ("gevent", signal.SIGTERM),
    ("waitress", signal.SIGINT),
    ("cheroot", signal.SIGINT),
    ("pywsgi", signal.SIGTERM),
]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[str], Server]]:
    servers: list[Server] = []

    def start(name: str) -> Server:
        command, app = SERVERS[name]
        servers.append(Server(tmp_path, command, app))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.mark.parametrize("name", SERVERS)
def test_a_request_is_held_beside_others(name: str, serve: Callable[[str], Server]) -> None:
    tool = Tool(serve(name).address)
    assert tool.set({"stage": "view"})["cannot"] is None
    for path, body in (("/held/1", b"held 1"), ("/async", b"later")):
        tool.set({"stage": "view", "filter": f"path:{path}"})
        sent = tool.begin(path)
        held = tool.wait()
        for _ in range(20):
            assert tool.send("/").body == b"hello"
        assert held["seen"]["stack"][0]["file"].endswith("app.py")
        assert tool.tell(held, "go")[0] == 200
        sent.join(PATIENCE)
        assert tool.answers.pop().body == body
    # A stream: before each chunk, and before it is closed.
    tool.set({"stage": "body"}, {"stage": "body_close"})
    sent = tool.begin("/stream")
    stages = [each["stage"] for each in tool.go_through(sent)]
    assert tool.answers.pop().body == b"one two"
    assert stages[:3] == ["body", "body", "body"]
    assert stages[-1] == "body_close"
    tool.set({"stage": "view", "filter": "path:/held"})
    tool.begin("/held/2")
    assert tool.tell(tool.wait(), "raise", status=503)[0] == 200
    wait_for(lambda: tool.answers)
    assert tool.answers.pop().status == 503


@pytest.mark.parametrize("name", ROOM)
def test_half_of_the_threads_are_held_and_the_others_pass(
    name: str, serve: Callable[[str], Server]
) -> None:
    tool = Tool(serve(name).address)
    tool.set({"stage": "view", "filter": "path:/held"})
    sent = [tool.begin(f"/held/{number}") for number in range(8)]
    wait_for(lambda: len(tool.answers) == 8 - ROOM[name])
    answer = tool.call("held")[1]
    assert answer["threads"] == 4
    assert answer["room"] == len(answer["held"]) == ROOM[name]
    assert answer["passed"] == 8 - ROOM[name]
    assert tool.call("held", "POST", {"do": "all"})[1]["released"] == ROOM[name]
    for each in sent:
        each.join(PATIENCE)
    assert {each.status for each in tool.answers} == {200}


def test_a_worker_with_one_thread_says_why_it_cannot(tmp_path: Path) -> None:
    server = Server(tmp_path, GUNICORN, APP)
    tool = Tool(server.address)
    try:
        assert "one request at a time" in tool.call("breakpoints")[1]["cannot"]
        assert tool.call("breakpoints", "PUT", {"breakpoints": [{}]})[0] == 409
        assert tool.send("/held/1").body == b"held 1"
    finally:
        server.stop()


@pytest.mark.parametrize(("name", "how"), WAYS, ids=str)
def test_a_server_ends_at_once_while_a_request_is_held(
    name: str, how: signal.Signals, serve: Callable[[str], Server]
) -> None:
    server = serve(name)
    tool = Tool(server.address)
    if name == "gthread":
        # It locks itself up where it is interrupted while it starts a thread, with or without us:
        # now it has all of them.
        for each in [tool.begin("/together") for _ in range(4)]:
            each.join(PATIENCE)
    tool.set({"stage": "view"})
    sent = tool.begin("/held/1")
    tool.wait()
    begun = time.monotonic()
    server.process.send_signal(how)
    try:
        server.process.wait(OVER)
    finally:
        server.kill()
    assert time.monotonic() - begun < OVER
    sent.join(PATIENCE)


def test_a_request_goes_on_when_the_last_viewer_leaves(serve: Callable[[str], Server]) -> None:
    server = serve("werkzeug")
    tool = Tool(server.address)
    key = {"X-Lifecycle-Key": server.key(), "Content-Type": "application/json"}
    with alive() as viewers:
        viewers += [server.watch()[0], server.watch()[0]]
        body = b'{"breakpoints": [{"stage": "view", "filter": "path:/held"}]}'
        assert tool.send("/_lifecycle/api/breakpoints", "PUT", body, key).status == 200
        tool.begin("/held/1")
        wait_for(lambda: server.api("held")["held"])
        viewers.pop().close()
        # One is left: it is still held when nobody's absence would have been noticed.
        wait_for(lambda: server.api("held")["held"][0]["held"] > 4e9)
        assert not tool.answers
        viewers.pop().close()
        wait_for(lambda: tool.answers, 30)
    trace = server.api("traces?q=path:/held")["traces"][0]
    assert [each["did"] for each in trace["holds"]] == ["left"]


def test_a_client_that_hangs_up_while_it_is_held_changes_nothing(
    serve: Callable[[str], Server],
) -> None:
    server = serve("werkzeug")
    tool = Tool(server.address)
    tool.set({"stage": "view", "filter": "path:/held"})
    with server.connect() as sock:
        sock.sendall(b"GET /held/1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        held = tool.wait()
    assert tool.send("/").body == b"hello"
    tool.tell(held, "go")
    wait_for(lambda: not tool.held())
    wait_for(lambda: server.api(f"traces/{held['trace']}")["state"] == "done")
