"""What real servers send of bodies of all shapes is, byte by byte, what they send without us."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import typing as t
from contextlib import suppress
from pathlib import Path

import pytest
import socketio

from tests.helpers.history import stored_ids
from tests.helpers.servers import PATIENCE, Server, wait_for
from tests.integration import bodies

CONTENT = b"".join(b"%0999d\n" % each for each in range(300))
APP = "from tests.integration.bodies import application as app"
GUNICORN = ["gunicorn", "--bind", "127.0.0.1:{port}", "app:app", "--graceful-timeout", "2"]


def library(name: str) -> list[str]:
    return ["tests.integration.bodies", name, "{port}"]


SERVERS = {
    **{
        name: library(name)
        for name in (
            *("wsgiref", "werkzeug", "gevent", "eventlet", "waitress", "cheroot", "a2wsgi"),
        )
    },
    **{
        f"gunicorn-{kind}": [*GUNICORN, "--worker-class", kind]
        for kind in ("sync", "gthread", "gevent", "gevent_pywsgi")
    },
}
# Their packages are large.
MORE_SERVERS = {
    **{name: library(name) for name in ("tornado", "twisted", "uwsgi")},
    "hypercorn": ["hypercorn", "--bind", "127.0.0.1:{port}", "wsgi:app:app"],
    "granian": ["granian", "--interface", "wsgi", "--port", "{port}", "app:app"],
}

#: Where a body fails, Granian loses what it has not sent by then, without us too: all of it or
#: nothing, by chance.
LOSES = {"granian": ("/raw/middle-fails", "/fails-later")}
#: How often to ask then, to see all of it, and how often again where only one side has sent it.
OFTEN = 30
ROUNDS = 20

RAW = [f"/raw/{name}" for name in (*bodies.RAW, "written", "late", "started-twice")]
VIEWS = [f"/{name}" for name in bodies.VIEWS]
REQUESTS = [
    *(("GET", path, "") for path in RAW + VIEWS),
    *(("HEAD", path, "") for path in ("/text", "/sent", "/generated", "/raw/list", "/raw/sized")),
    ("GET", "/sent", "Range: bytes=7-70000\r\n"),
    ("GET", "/sent", "Range: bytes=-5\r\n"),
    ("GET", "/sent", "If-Modified-Since: Fri, 31 Dec 2100 23:59:59 GMT\r\n"),
    ("GET", "/nowhere", ""),
    ("OPTIONS", "/text", ""),
]
# These differ from one request to the next.
CHANGING = re.compile(rb"(?im)^date: .*\r\n|0x[0-9a-f]+|\d\d:\d\d:\d\d")
OURS = re.compile(rb"(?im)^x-lifecycle-trace: (\w+)\r\n")


def answer(server: Server, method: str, path: str, headers: str, version: str) -> bytes:
    with server.connect() as sock:
        line = f"{method} {path} HTTP/{version}\r\nHost: localhost\r\nConnection: close\r\n"
        sock.sendall(f"{line}{headers}\r\n".encode())
        # Tornado leaves a client waiting where an app's close fails.
        if "tornado" in server.app.read_text():
            sock.settimeout(5)
        received = b""
        try:
            while more := sock.recv(65536):
                received += more
        except (ConnectionResetError, TimeoutError) as error:
            received += type(error).__name__.encode()
    return received


def loses(server: Server, path: str) -> bool:
    return path in LOSES.get(server.command[0], ())


def answers(server: Server, method: str, path: str, headers: str, version: str) -> list[bytes]:
    """Ask once; often, where what the server sends is chance."""
    times = OFTEN if loses(server, path) else 1
    return [answer(server, method, path, headers, version) for _ in range(times)]


def whole(sent: list[bytes]) -> bytes:
    """Return the longest answer, without what changes. Of each other one it says how it begins."""
    *others, longest = sorted((CHANGING.sub(b"", OURS.sub(b"", each)) for each in sent), key=len)
    assert all(longest.startswith(each) for each in others), {longest, *others}
    return longest


def told(server: Server) -> t.Any:
    return json.loads(server.get("/told"))


def fault(trace: t.Any, sent: bytes, events: list[str]) -> str | None:
    """Return what is wrong with the trace of a request, if anything."""
    header = OURS.search(sent)
    if header is not None and trace["id"] != header[1].decode():
        return "it is another's"
    [body] = [step for step in trace["steps"] if step["stage"] == "body"] or [None]
    if "fails" in events and (body is None or body["outcome"] != "raised"):
        return f"its error is lost: {body}"
    is_closed = any(step["stage"] == "body_close" for step in trace["steps"])
    if {"close", "closed"} & set(events) and not is_closed:
        return "its close is lost"
    if body is not None and body["detail"].get("complete", True) and "part" in events:
        # Some servers iterate it twice.
        times = max(1, events.count("end"))
        if body["detail"].get("chunks") != events.count("part") / times:
            return f"its chunks are lost: {body['detail']} of {events}"
    return None


@pytest.fixture
def server(request: pytest.FixtureRequest, tmp_path: Path) -> t.Iterator[Server]:
    (tmp_path / "content.txt").write_bytes(CONTENT)
    server = Server(tmp_path, request.param, APP)
    yield server
    # Some take an interrupt for a fault of the app's.
    os.killpg(server.process.pid, signal.SIGKILL)
    server.process.wait()


def difference(server: Server, method: str, path: str, headers: str, version: str) -> t.Any:
    """Ask both apps; return how the watched one differs, or what its trace lacks."""
    sent: list[bytes] = []
    bare: list[bytes] = []
    of_watched: dict[str, t.Any] = {}

    def is_done() -> bool:
        of_watched.update(told(server))
        trace = of_watched["trace"]
        return bool(trace["state"] == "done" and path.startswith(trace["path"]))

    for _ in range(ROUNDS if loses(server, path) else 1):
        sent += answers(server, method, path, f"{headers}X-App: watched\r\n", version)
        wait_for(is_done)
        bare += answers(server, method, path, headers, version)
        if whole(sent) == whole(bare):
            break
    else:
        return whole(bare)[:1000], whole(sent)[:1000]
    events = of_watched["events"]
    if method == "HEAD":
        # How far a server gets in what it does not send is chance in Granian.
        return fault(of_watched["trace"], sent[-1], events)
    # The client may have it all before the server closes it.
    with suppress(AssertionError):
        wait_for(lambda: told(server)["events"] == events, 30)
    if told(server)["events"] != events:
        return told(server)["events"], events
    return fault(of_watched["trace"], sent[-1], events)


def differences(server: Server) -> dict[t.Any, t.Any]:
    found = {
        (method, path, headers, version): difference(server, method, path, headers, version)
        for method, path, headers in REQUESTS
        for version in ("1.1", "1.0")
    }
    return {name: each for name, each in found.items() if each is not None}


def writes_what_it_sends(server: Server) -> None:
    """Hold a server to it that a request is in the history though no other one comes after it."""
    sent = answer(server, "GET", "/text", "X-App: watched\r\n", "1.1")
    header = OURS.search(sent)
    assert header is not None
    wait_for(lambda: stored_ids() == [header[1].decode()])


@pytest.mark.parametrize("server", SERVERS.values(), ids=list(SERVERS), indirect=True)
def test_a_server_writes_what_it_sends_and_sends_the_same_bytes(server: Server) -> None:
    writes_what_it_sends(server)
    assert differences(server) == {}


@pytest.mark.servers
@pytest.mark.parametrize("server", MORE_SERVERS.values(), ids=list(MORE_SERVERS), indirect=True)
def test_a_large_server_writes_what_it_sends_and_sends_the_same_bytes(server: Server) -> None:
    writes_what_it_sends(server)
    assert differences(server) == {}


def peak(server: Server) -> int:
    """Return the most memory that a process of a server has had, in bytes."""
    largest = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        with suppress(OSError):
            if os.getpgid(int(status.parent.name)) == server.process.pid:
                [most] = re.findall(r"VmHWM:\s+(\d+) kB", status.read_text())
                largest = max(largest, int(most) * 1024)
    return largest


def large_answer(server: Server, path: str, headers: str) -> tuple[bytes, int, str]:
    """Return the head of an answer, and the length and hash of its body."""
    with server.connect() as sock, sock.makefile("rb") as answer:
        sock.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n{headers}\r\n".encode())
        head = b"".join(iter(answer.readline, b"\r\n"))
        length, digest = 0, hashlib.sha1()
        while more := answer.read(1_000_000):
            length += len(more)
            digest.update(more)
    return CHANGING.sub(b"", OURS.sub(b"", head)), length, digest.hexdigest()


@pytest.mark.servers
@pytest.mark.parametrize("path", ["/sent", "/raw/wrapper"])
@pytest.mark.parametrize("server", [library("uwsgi")], ids=["uwsgi"], indirect=True)
def test_uwsgi_sends_a_large_file_by_itself(server: Server, tmp_path: Path, path: str) -> None:
    size = 300_000_000
    with (tmp_path / "content.txt").open("wb") as file:
        # One line, of which nothing is on the disk.
        file.truncate(size)
    bare = large_answer(server, path, "")
    before = peak(server)
    assert bare[1] == size
    assert large_answer(server, path, "X-App: watched\r\n") == bare
    assert peak(server) - before < 20_000_000
    wait_for(lambda: told(server)["trace"]["state"] == "done")
    steps = told(server)["trace"]["steps"]
    assert "body_close" in [step["stage"] for step in steps]


POLLED = """
import gevent.monkey
gevent.monkey.patch_all()
import sys
from flask import Flask
from flask_lifecycle import Lifecycle
from flask_socketio import SocketIO

app = Flask(__name__)
app.config["LIFECYCLE_ENABLED"] = True
socketio = SocketIO(app, async_mode="gevent", ping_interval=1)
Lifecycle(app)
app.add_url_rule("/", view_func=lambda: "up")
socketio.on_event("ask", lambda word: {"answered": word})

if __name__ == "__main__":
    socketio.run(app, host="127.0.0.1", port=int(sys.argv[1]))
"""


def test_socket_io_polls_under_gevent(tmp_path: Path) -> None:
    server = Server(tmp_path, ["app", "{port}"], POLLED)
    try:
        client = socketio.SimpleClient()
        client.connect(f"http://{server.address}", transports=["polling"], wait_timeout=PATIENCE)
        assert client.call("ask", "é" * 1000, timeout=PATIENCE) == {"answered": "é" * 1000}
        client.disconnect()
    finally:
        os.killpg(server.process.pid, signal.SIGKILL)
        server.process.wait()
