"""Servers, processes and viewers that stop, fork, reload, fill up and end: the app goes on."""

from __future__ import annotations

import json
import os
import signal
import socket
import statistics
import struct
import subprocess
import sys
import threading
import time
import typing as t
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import websocket

from tests.helpers import ROOT
from tests.helpers.http import request, shake, ticket
from tests.helpers.processes import (
    BACK,
    descriptors_of,
    memory_of,
    threads_of,
)
from tests.helpers.servers import (
    FLASK_RUN,
    NOT_UP,
    PATIENCE,
    Server,
    alive,
    batch,
    batch_with,
    wait_for,
)

APP = """
import os
from flask import Flask
from flask_lifecycle import Lifecycle

app = Flask(__name__)
app.debug = True
{more}
Lifecycle(app)

@app.get("/")
def index():
    return str(os.getpid())
"""


def gunicorn(*options: str) -> list[str]:
    return [
        "gunicorn",
        "--graceful-timeout",
        "2",
        *options,
        "--bind",
        "127.0.0.1:{port}",
        "app:app",
    ]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[t.Callable[..., Server]]:
    servers: list[Server] = []

    def made(command: list[str], more: str = "") -> Server:
        servers.append(Server(tmp_path, command, APP.replace("{more}", more)))
        return servers[-1]

    yield made
    for server in servers:
        server.stop()
        assert server.tracebacks() == []


def test_a_ticket_opens_one_websocket_of_all_workers(serve: t.Any) -> None:
    server = serve(gunicorn("--workers", "3", "--worker-class", "gthread", "--threads", "4"))
    workers: set[str] = set()

    def all_answer() -> bool:
        workers.add(server.get("/"))
        return len(workers) == 3

    wait_for(all_answer)

    def opens_one() -> bool:
        once = f"{LIVE}&ticket={ticket(server)}"
        statuses = [shake(server, once).status for _ in range(12)]
        [taken] = [each for each in statuses if each != 403]
        return is_open(taken)

    for _ in range(5):
        wait_for(opens_one)


def test_four_threads_and_eight_panels_leave_two_for_the_app(serve: t.Any) -> None:
    server = serve(gunicorn("--worker-class", "gthread", "--threads", "4"))
    # While these live, whoever waits for their threads waits for ever.
    with alive() as live, ThreadPoolExecutor(6) as pool:
        live.extend(server.watch()[0] for _ in range(2))
        for _ in range(6):
            assert shake(server).status == 503
        body = json.dumps({}).encode()
        for _ in range(10):
            polls = [
                pool.submit(
                    request,
                    server,
                    "/_lifecycle/api/batch",
                    "POST",
                    {"Content-Type": "application/json"},
                    body,
                )
                for _ in range(6)
            ]
            server.get("/")
            assert {poll.result().status for poll in polls} == {200}


@pytest.mark.parametrize("options", [["--worker-class", "sync"], ["--worker-class", "gthread"]])
def test_one_thread_is_the_apps(serve: t.Any, options: list[str]) -> None:
    server = serve(gunicorn(*options, "--threads", "1"))
    answer = request(server, "/_lifecycle/api/ticket", "POST")
    assert json.loads(answer.body) == {"ticket": None}
    for _ in range(3):
        refused = shake(server, "/_lifecycle/socket.io/?EIO=4&transport=websocket&ticket=x")
        assert refused.status == 403
        server.get("/")


def test_gevent_holds_all_viewers_and_answers(serve: t.Any) -> None:
    server = serve(gunicorn("--worker-class", "gevent"))
    with alive() as viewers:
        viewers.extend(server.watch()[0] for _ in range(8))
        assert shake(server).status == 503
        server.get("/")
        for ws in viewers:
            assert batch_with(ws, "traces")
    wait_for(lambda: shake(server).status == 101, BACK)


@pytest.mark.parametrize("kind", ["gthread", "gevent"])
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_worker_that_stops_does_not_wait_for_panels(
    serve: t.Any, kind: str, how: signal.Signals
) -> None:
    options = ["--worker-class", kind, "--threads", "4", "--graceful-timeout", "3600"]
    server = serve(gunicorn(*options))
    with alive() as viewers:
        viewers.extend(server.watch()[0] for _ in range(2))
        server.process.send_signal(how)
        server.process.wait(PATIENCE)


@pytest.mark.parametrize(("preload", "seed"), [(True, "1"), (False, "random"), (False, "1")])
def test_workers_without_a_history_have_one_key_and_traces_of_their_own(
    serve: t.Any, monkeypatch: pytest.MonkeyPatch, preload: bool, seed: str
) -> None:
    monkeypatch.setenv("PYTHONHASHSEED", seed)
    options = ["--workers", "2", "--worker-class", "gthread", "--threads", "4"]
    server = serve(gunicorn(*options, *(["--preload"] if preload else [])), IN_MEMORY)
    told: dict[int, set[str]] = {}
    keys = set()

    def both() -> bool:
        keys.add(server.key())
        answer = request(
            server, "/_lifecycle/api/batch", "POST", {"Content-Type": "application/json"}, b"{}"
        )
        made = json.loads(answer.body)
        assert made["process"]["several"] is True
        told.setdefault(made["process"]["pid"], set()).add(made["epoch"])
        # What a process tells of, it has answered itself.
        assert {each["process"]["pid"] for each in made["traces"]} <= {made["process"]["pid"]}
        server.get("/")
        return len(told) == 2

    wait_for(both)
    for _ in range(20):
        both()
    assert len(keys) == 1
    epochs = list(told.values())
    assert [len(each) for each in epochs] == [1, 1]
    assert epochs[0] != epochs[1]
    # A pass of one opens the stream of the other.
    for _ in range(6):
        wait_for(lambda: is_open(shake(server, f"{LIVE}&ticket={ticket(server)}").status))


def is_open(status: int) -> bool:
    """Tell whether a websocket was opened; there may be no room yet, after those before."""
    assert status in (101, 503)
    return status == 101


# What the history has is listed too, and it has a thread.
IN_MEMORY = 'app.config["LIFECYCLE_HISTORY"] = None\n'
LIVE = "/_lifecycle/socket.io/?EIO=4&transport=websocket"

FORK = """
import gc, os, sys, threading
from app import app
from flask_lifecycle import Lifecycle, locks

client = app.test_client()
client.get("/").close()
held, go = threading.Event(), threading.Event()

def hold():
    for lock in list(locks._made):
        lock.acquire()
    held.set()
    go.wait()

thread = threading.Thread(target=hold, daemon=True)
thread.start()
held.wait()
pid = os.fork()
if not pid:
    client.get("/").close()
    client.get("/_lifecycle/api/traces", headers={"Host": "localhost"}).close()
    traces = Lifecycle().traces(app)
    ids = [trace.id for trace in traces]
    mine = [trace for trace in traces if trace.process.pid == os.getpid()]
    os._exit(0 if len(mine) == 1 and len(ids) == len(set(ids)) else 3)
go.set()
for _ in range(1200):
    done, status = os.waitpid(pid, os.WNOHANG)
    if done:
        sys.exit(os.waitstatus_to_exitcode(status))
    threading.Event().wait(0.05)
os.kill(pid, 9)
sys.exit(4)
"""

EXIT = """
import threading, time
from app import app

@app.get("/slow")
def slow():
    started.set()
    time.sleep(3600)

started = threading.Event()
threading.Thread(target=lambda: app.test_client().get("/slow"), daemon=True).start()
started.wait()
"""

COLLECTED = """
import gc, logging, sys, threading
from app import app
from flask_lifecycle import Lifecycle

class Logs:
    def __init__(self):
        self.own = self
    def __del__(self):
        logging.getLogger("collected").warning("gone %s", 1)

class Unclosed:
    # A response that nobody closes: its trace ends when it is collected.
    pass

@app.get("/cycles")
def cycles():
    for _ in range(50):
        Logs()
    logging.getLogger("x").warning("y")
    return "ok"

logging.disable(0)
logging.getLogger().addHandler(logging.NullHandler())
lifecycle = Lifecycle()
gc.set_threshold(5, 2, 2)

def look():
    while not over.is_set():
        lifecycle.traces(app)

over = threading.Event()
threads = [threading.Thread(target=look, daemon=True) for _ in range(2)]
for thread in threads:
    thread.start()
environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/cycles", "SERVER_NAME": "x", "SERVER_PORT": "1",
           "wsgi.url_scheme": "http", "wsgi.errors": sys.stderr}
import io
for number in range(100):
    body = app({**environ, "wsgi.input": io.BytesIO()}, lambda *_: None)
    if number % 2:
        body.close()
    else:
        cycle = Unclosed()
        cycle.body, cycle.own = body, cycle
over.set()
for thread in threads:
    thread.join(60)
    assert not thread.is_alive()
"""


@pytest.mark.parametrize(
    "script", [FORK, EXIT, COLLECTED], ids=["fork while all is locked", "exit", "__del__"]
)
def test_nothing_hangs(script: str, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP.replace("{more}", ""))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=PATIENCE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


def test_a_full_disk_is_nothing_to_it(serve: t.Any) -> None:
    # No file may grow by a byte: not the log either.
    more = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
"""
    server = serve(gunicorn("--worker-class", "gthread", "--threads", "8"), more)
    with alive() as viewers:
        viewers.append(server.watch()[0])
        for _ in range(20):
            server.get("/")
        assert batch_with(viewers[0], "traces")
    assert len(server.api("traces")["traces"]) >= 20
    assert server.key()


# The thread of the connection is late, and the pump is not.
LATE = """
from time import sleep
from flask_lifecycle.panel.live.hub import Hub

connect = Hub._connect

def connect_late(self, auth=None):
    connect(self, auth)
    while not all(viewer.seq for viewer in self._viewers.values()):
        sleep(0.01)

Hub._connect = connect_late
"""


def test_a_viewer_is_told_that_it_is_connected_before_all_else(serve: t.Any) -> None:
    server = serve(FLASK_RUN, LATE)
    ws = wait_for(server.let_in)
    assert str(ws.recv()).startswith("0")
    ws.send("40{}")
    assert str(ws.recv()).startswith("40")
    assert batch(ws)["seq"] == 1
    ws.close()


# As `flask run` does it, but it looks at the files more often.
OFTEN = """
if __name__ == "__main__":
    import sys
    app.run(port=int(sys.argv[1]), reloader_interval=0.1)
"""


def test_twenty_changes_of_a_file(tmp_path: Path) -> None:
    source = APP + OFTEN
    server = Server(tmp_path, ["app", "{port}"], source.replace("{more}", ""))
    key, epochs, pid = server.key(), set(), server.get("/")
    reloading, joining = [], []

    def watched() -> bool:
        nonlocal pid
        try:
            pid = server.get("/")
            begun = time.monotonic()
            ws, first = server.watch()
            took = time.monotonic() - begun
        except (*NOT_UP, websocket.WebSocketException):
            return False
        ws.close()
        if first["process"]["pid"] != int(pid):
            return False
        epochs.add(first["epoch"])
        joining.append(took)
        return True

    try:
        for number in range(20):
            before, changed = pid, time.monotonic()
            server.rewrite(source.replace("{more}", f"number = {number}"))

            def reloaded(before: str = before) -> bool:
                try:
                    return server.get("/") != before
                except NOT_UP:
                    return False

            wait_for(reloaded)
            reloading.append(time.monotonic() - changed)
            # On a slow machine it may be started once more for the same change.
            wait_for(watched)
        assert len(epochs) == 20
        # A panel that asks again is shown all as soon as the app itself is there again, about: both
        # take as long as the machine is slow.
        assert statistics.median(joining) < 2 * statistics.median(reloading)
        assert server.key() == key
        # The parent only watches over the files.
        assert threads_of(server) == 1
    finally:
        server.stop()
    assert server.tracebacks() == []


def blind(server: Server, over: threading.Event) -> socket.socket:
    """Join the stream, then acknowledge all and read nothing."""
    ws, _ = server.watch()
    sock = t.cast("socket.socket", ws.sock)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)

    def acknowledge() -> None:
        number = 0
        while not over.wait(0.05):
            number += 50
            try:
                ws.send("42" + json.dumps(["ack", number]))
            except OSError:
                return

    threading.Thread(target=acknowledge, daemon=True).start()
    return sock


@contextmanager
def stopped_process(server: Server) -> Iterator[None]:
    """Join the stream from another process, and stop that one."""
    script = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from tests.helpers.servers import Server
server = Server.__new__(Server)
server.address = {server.address!r}
ws, _ = server.watch()
print("watching", flush=True)
while True:
    ws.recv()
"""
    viewer = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        assert viewer.stdout is not None
        assert viewer.stdout.readline() == "watching\n"
        viewer.stdout.close()
        viewer.send_signal(signal.SIGSTOP)
        yield
    finally:
        viewer.kill()
        viewer.wait(PATIENCE)


def test_viewers_that_stop_reading_are_let_go(
    serve: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Else the allocator keeps some MB for each thread.
    monkeypatch.setenv("MALLOC_ARENA_MAX", "1")
    server = serve(FLASK_RUN, IN_MEMORY)
    server.watch()[0].close()
    for _ in range(600):  # as many as are kept, and of the same size
        server.get("/?" + "x" * 4000)
    wait_for(lambda: threads_of(server) == 1, BACK)
    sockets = descriptors_of(server)
    over = threading.Event()
    viewers = [blind(server, over) for _ in range(2)]
    try:
        with stopped_process(server):
            for _ in range(100):
                server.get("/?" + "x" * 4000)
            # What does not grow with what goes by.
            memory = most = memory_of(server)

            def gone() -> bool:
                nonlocal most
                server.get("/?" + "x" * 4000)
                most = max(most, memory_of(server))
                return threads_of(server) <= 2

            # Their buffers are full, or they answer no ping.
            wait_for(gone)
    finally:
        over.set()
        for sock in viewers:
            sock.close()
    assert most - memory < 8 * 1024
    wait_for(lambda: threads_of(server) == 1, BACK)
    wait_for(lambda: descriptors_of(server) <= sockets, BACK)
    server.get("/")


ENDLESS = """
closed = []

@app.get("/endless")
def endless():
    def chunks():
        try:
            while True:
                yield "x" * 65536
        finally:
            closed.append(1)
    return app.response_class(chunks())

@app.get("/closed")
def is_closed():
    return str(len(closed))
"""


@pytest.mark.parametrize(
    "command",
    [FLASK_RUN, gunicorn("--worker-class", "gthread", "--threads", "4")],
    ids=["run", "gthread"],
)
def test_a_client_that_leaves_in_the_middle_of_a_stream(serve: t.Any, command: list[str]) -> None:
    server = serve(command, ENDLESS)
    with server.connect() as sock:
        sock.sendall(f"GET /endless HTTP/1.1\r\nHost: {server.address}\r\n\r\n".encode())
        assert sock.recv(65536).startswith(b"HTTP/1.1 200")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wait_for(lambda: server.get("/closed") == "1", BACK)
    (left,) = server.api("traces?q=path:/endless")["traces"]
    wait_for(lambda: server.api(f"traces/{left['id']}")["state"] == "done")
    steps = server.api(f"traces/{left['id']}")["steps"]
    (body,) = [step for step in steps if step["stage"] == "body"]
    assert body["detail"]["complete"] is False
    assert steps[-1]["end"] is not None
    assert [step for step in steps if step["stage"] == "body_close"]


BOUND = 8 * 1024 * 1024
BIG = f"""
import logging
app.config["LIFECYCLE_MAX_BYTES"] = {BOUND}
quiet = logging.getLogger("quiet")
quiet.setLevel("INFO")
quiet.propagate = False
quiet.addHandler(logging.NullHandler())

@app.get("/big")
def big():
    for _ in range(200):
        quiet.info("x" * 4000)
    return "big"
"""


def test_two_hundred_megabytes_for_a_viewer_that_reads_nothing(
    serve: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MALLOC_ARENA_MAX", "1")
    server = serve(FLASK_RUN, BIG)
    for _ in range(2 * BOUND // 800_000):  # as many as are kept, and as many again
        server.get("/big")
    page = server.api("traces")
    total = page["evicted"] + len(page["traces"])
    size = len(server.get(f"/_lifecycle/api/traces/{page['traces'][0]['id']}"))
    with alive() as viewers:
        ws, first = server.watch()
        viewers.append(ws)
        shown = {each["id"] for each in first["traces"]}
        known = len(shown)
        memory = most = memory_of(server)
        made = 0
        while made * size < 200_000_000:
            server.get("/big")
            made += 1
            most = max(most, memory_of(server))
        assert most - memory < BOUND // 1024

        # It reads again: what it is shown and what it is told to have missed is all there was.
        skipped = 0
        while len(shown) + skipped < known + made:
            told = batch(ws)
            shown |= {each["id"] for each in told["traces"]}
            skipped += told["skipped"]
    assert len(shown) + skipped == known + made
    assert skipped > made // 2
    # A stream that begins has what is in memory. The list has those of the history too, which are
    # not counted as evicted: all there was, once all is written that still can be.
    ws, now = server.watch()
    ws.close()
    assert len(now["traces"]) <= known

    def is_written() -> bool:
        page.update(server.api("traces"))
        has_more = page["history"]["kept"]["oldest"] and len(page["traces"]) > known
        return bool(has_more and page["evicted"] + len(page["traces"]) == total + made)

    wait_for(is_written)
    # Far fewer than there may be: it was for their size that they went.
    assert page["too_large"] == page["evicted"]


def test_all_is_accounted_for(serve: t.Any) -> None:
    """Seen is kept and evicted; streamed is shown and skipped. Exactly."""
    server = serve(FLASK_RUN, f'{IN_MEMORY}app.config["LIFECYCLE_MAX_TRACES"] = 50')
    ws, first = server.watch()
    shown = {each["id"] for each in first["traces"]}
    skipped = first["skipped"]
    before = len(shown)
    total = 800

    with alive() as viewers:
        viewers.append(ws)
        with ThreadPoolExecutor(4) as pool:
            for done in [pool.submit(server.get, "/") for _ in range(total)]:
                done.result()
        # Only now it acknowledges: most went by in between.
        while len(shown) + skipped < before + total:
            told = batch(ws)
            shown |= {each["id"] for each in told["traces"]}
            skipped += told["skipped"]
    assert len(shown) + skipped == before + total
    assert skipped > 0

    page = server.api("traces")
    assert len(page["traces"]) == 50
    assert page["evicted"] + 50 == before + total

    # And by asking for batches.
    last = page["traces"][0]["id"]
    for _ in range(80):
        server.get("/")
    asked = json.dumps({"epoch": told["epoch"], "last": last, "running": []}).encode()
    answer = request(
        server, "/_lifecycle/api/batch", "POST", {"Content-Type": "application/json"}, asked
    )
    found = json.loads(answer.body)
    # The last one it had is evicted by now: it is told to begin anew, with all that is kept.
    assert found["reset"] is True
    assert len(found["traces"]) == 50
    assert found["evicted"] == before + total + 80 - 50
