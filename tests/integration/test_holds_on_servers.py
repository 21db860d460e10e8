"""Requests are held on real servers: beside others, within bounds, and never at a server's end."""

from __future__ import annotations

import os
import signal
import typing as t
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from textwrap import indent

import pytest

from tests.helpers.apps import TOKEN
from tests.helpers.holding import Tool
from tests.helpers.servers import FLASK_RUN, PATIENCE, Server, alive, wait_for

APP = f"""
from flask import Flask
from flask_lifecycle import Lifecycle

app = Flask(__name__)
app.debug = True
app.config.update(
    LIFECYCLE_TOKEN={TOKEN!r}, LIFECYCLE_HOLD_SECONDS=3600, LIFECYCLE_HISTORY=None,
    # So that the answers to two requests are the same.
    LIFECYCLE_HEADER=None, LIFECYCLE_TOOLBAR=False,
)
Lifecycle(app)

@app.get("/")
def index():
    return "hello"

@app.get("/held/<int:number>")
def held(number):
    return f"held {{number}}"

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
from waitress import serve
serve(app, host="127.0.0.1", port=port, threads=4)
""",
    "cheroot": """
from cheroot.wsgi import Server
server = Server(("127.0.0.1", port), app, numthreads=4, shutdown_timeout=3600)
try:
    server.start()
finally:
    server.stop()
""",
    "pywsgi": """
import signal
from gevent import signal_handler
from gevent.pywsgi import WSGIServer
server = WSGIServer(("127.0.0.1", port), app, log=None, spawn=12)
signal_handler(signal.SIGTERM, server.stop, 3600)
server.serve_forever(stop_timeout=3600)
""",
    "eventlet": """
import eventlet.wsgi
eventlet.wsgi.server(eventlet.listen(("127.0.0.1", port)), app, max_size=12)
""",
    "a2wsgi": """
import uvicorn
from a2wsgi import WSGIMiddleware
uvicorn.run(WSGIMiddleware(app, workers=4), host="127.0.0.1", port=port)
""",
    "tornado": """
import asyncio
from concurrent.futures import ThreadPoolExecutor
from tornado.httpserver import HTTPServer
from tornado.wsgi import WSGIContainer
async def main():
    HTTPServer(WSGIContainer(app, ThreadPoolExecutor(4))).listen(port, "127.0.0.1")
    await asyncio.Event().wait()
asyncio.run(main())
""",
    "twisted": """
from twisted.internet import reactor
from twisted.web.server import Site
from twisted.web.wsgi import WSGIResource
reactor.suggestThreadPoolSize(4)
site = Site(WSGIResource(reactor, reactor.getThreadPool(), app))
reactor.listenTCP(port, site, interface="127.0.0.1")
reactor.run()
""",
    "uwsgi": """
import os
command = [
    *("uwsgi", "--http-socket", f"127.0.0.1:{port}", "--module", "app:app", "--need-app"),
    *("--virtualenv", sys.prefix, "--pythonpath", os.getcwd(), *sys.argv[2:]),
]
os.execv(os.path.join(os.path.dirname(sys.executable), "uwsgi"), command)
""",
    # These have one thread for all requests.
    "run": "app.run(port=port, threaded=False)",
    "asgiref": """
import uvicorn
from asgiref.wsgi import WsgiToAsgi
uvicorn.run(WsgiToAsgi(app), host="127.0.0.1", port=port)
""",
    "eventlet-unpatched": """
import eventlet
import eventlet.wsgi
eventlet.wsgi.server(eventlet.listen(("127.0.0.1", port)), app)
""",
    "wsgiref": """
from wsgiref.simple_server import make_server
make_server("127.0.0.1", port, app).serve_forever()
""",
}
PATCHES = {
    "pywsgi": "from gevent import monkey\nmonkey.patch_all()\n",
    "eventlet": "import eventlet\neventlet.monkey_patch()\n",
}


def library(name: str, *options: str) -> tuple[list[str], str]:
    main = indent(f"import sys\nport = int(sys.argv[1])\n{MAINS[name]}", "    ")
    app = f"{PATCHES.get(name, '')}{APP}\nif __name__ == '__main__':\n{main}"
    return ["app", "{port}", *options], app


GRANIAN = ["granian", "--interface", "wsgi", "--port", "{port}", "app:app", "--blocking-threads"]
SERVERS: dict[str, tuple[list[str], str]] = {
    "werkzeug": (FLASK_RUN, APP),
    "gthread": ([*GUNICORN, "--threads", "4"], APP),
    "gevent": ([*GUNICORN, "-k", "gevent", "--worker-connections", "12"], APP),
    **{name: library(name) for name in ("waitress", "cheroot", "pywsgi", "eventlet", "a2wsgi")},
}
# Their packages are large.
MORE_SERVERS: dict[str, tuple[list[str], str]] = {
    "hypercorn": (["hypercorn", "--bind", "127.0.0.1:{port}", "wsgi:app:app"], APP),
    "granian": ([*GRANIAN, "4"], APP),
    "tornado": library("tornado"),
    "twisted": library("twisted"),
    "uwsgi": library("uwsgi", "--threads", "4"),
}
ONE_THREAD: dict[str, tuple[list[str], str]] = {
    "sync": (GUNICORN, APP),
    **{name: library(name) for name in ("run", "asgiref")},
}
MORE_ONE_THREAD: dict[str, tuple[list[str], str]] = {
    **{name: library(name) for name in ("eventlet-unpatched", "wsgiref")},
    "granian": ([*GRANIAN, "1"], APP),
    "uwsgi": library("uwsgi"),
    "uwsgi-enabled": library("uwsgi", "--enable-threads"),
}
#: How many requests can be held where there is a pool of threads or greenlets, and its size.
ROOM = {
    **dict.fromkeys(("gthread", "waitress", "cheroot", "a2wsgi"), (2, 4)),
    "gevent": (6, 12),
}
MORE_ROOM = {
    **dict.fromkeys(("pywsgi", "eventlet"), (6, 12)),
    **dict.fromkeys(("granian", "tornado", "twisted", "uwsgi"), (2, 4)),
}
WAYS = [
    ("werkzeug", signal.SIGINT),
    ("gthread", signal.SIGTERM),
    ("gthread", signal.SIGINT),
    ("gevent", signal.SIGTERM),
    ("waitress", signal.SIGINT),
    ("cheroot", signal.SIGINT),
    ("pywsgi", signal.SIGTERM),
    ("eventlet", signal.SIGINT),
    ("a2wsgi", signal.SIGTERM),
]
MORE_WAYS = [
    *(("werkzeug", how) for how in (signal.SIGTERM, signal.SIGHUP)),
    *((name, signal.SIGTERM) for name in ("hypercorn", "granian")),
    ("tornado", signal.SIGINT),
    *(("uwsgi", how) for how in (signal.SIGTERM, signal.SIGINT)),
]


def marked(cases: Iterable[t.Any]) -> list[t.Any]:
    return [
        pytest.param(*(each if isinstance(each, tuple) else (each,)), marks=pytest.mark.servers)
        for each in cases
    ]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[str], Server]]:
    servers: list[Server] = []

    def start(name: str) -> Server:
        command, app = {**SERVERS, **MORE_SERVERS}[name]
        servers.append(Server(tmp_path, command, app))
        return servers[-1]

    yield start
    for server in servers:
        # Some take an interrupt for a fault of the app's.
        server.kill()


@pytest.mark.parametrize("name", [*SERVERS, *marked(MORE_SERVERS)])
def test_a_request_is_held_beside_others(name: str, serve: Callable[[str], Server]) -> None:
    tool = Tool(serve(name).address)
    as_ever = {path: tool.send(path) for path in ("/held/1", "/async", "/stream")}
    assert tool.set({"stage": "view"})["cannot"] is None
    for path in ("/held/1", "/async"):
        tool.set({"stage": "view", "filter": f"path:{path}"})
        sent = tool.begin(path)
        held = tool.wait()
        for _ in range(20):
            assert tool.send("/").body == b"hello"
        assert held["seen"]["stack"][0]["file"].endswith("app.py")
        assert tool.tell(held, "go")[0] == 200
        sent.join(PATIENCE)
        assert tool.answers.pop() == as_ever[path]
    # A stream: before each chunk, and before it is closed.
    tool.set({"stage": "body"}, {"stage": "body_close"})
    sent = tool.begin("/stream")
    stages = [each["stage"] for each in tool.go_through(sent)]
    assert tool.answers.pop() == as_ever["/stream"]
    assert stages[:3] == ["body", "body", "body"]
    if name != "tornado":
        assert stages[-1] == "body_close"
    else:
        # It closes it on its event loop, which must not wait.
        assert stages[3:] == []
        assert tool.call("held")[1]["passed"] == 1
    tool.set({"stage": "view", "filter": "path:/held"})
    tool.begin("/held/2")
    assert tool.tell(tool.wait(), "raise", status=503)[0] == 200
    wait_for(lambda: tool.answers)
    assert tool.answers.pop().status == 503


@pytest.mark.parametrize("name", [*ROOM, *marked(MORE_ROOM)])
def test_half_of_the_threads_are_held_and_the_others_pass(
    name: str, serve: Callable[[str], Server]
) -> None:
    tool = Tool(serve(name).address)
    room, size = {**ROOM, **MORE_ROOM}[name]
    tool.set({"stage": "view", "filter": "path:/held"})
    sent = [tool.begin(f"/held/{number}") for number in range(room + 3)]
    wait_for(lambda: len(tool.answers) == 3)
    answer = tool.call("held")[1]
    assert answer["threads"] == size
    assert answer["room"] == len(answer["held"]) == room
    assert answer["passed"] == 3
    assert tool.call("held", "POST", {"do": "all"})[1]["released"] == room
    for each in sent:
        each.join(PATIENCE)
    assert {each.status for each in tool.answers} == {200}


@pytest.mark.parametrize("name", [*ONE_THREAD, *marked(MORE_ONE_THREAD)])
def test_a_server_with_one_thread_says_why_it_cannot(tmp_path: Path, name: str) -> None:
    server = Server(tmp_path, *{**ONE_THREAD, **MORE_ONE_THREAD}[name])
    tool = Tool(server.address)
    try:
        assert "one request at a time" in tool.call("breakpoints")[1]["cannot"]
        assert tool.call("breakpoints", "PUT", {"breakpoints": [{}]})[0] == 409
        assert tool.send("/held/1").body == b"held 1"
    finally:
        server.kill()


@pytest.mark.parametrize(("name", "how"), [*WAYS, *marked(MORE_WAYS)], ids=str)
def test_a_server_ends_at_once_while_a_request_is_held(
    name: str, how: signal.Signals, serve: Callable[[str], Server]
) -> None:
    server = serve(name)
    tool = Tool(server.address)
    tool.set({"stage": "view"})
    sent = tool.begin("/held/1")
    tool.wait()
    server.process.send_signal(how)
    try:
        # Of itself, it waits for an hour.
        server.process.wait(PATIENCE)
    finally:
        server.kill()
    sent.join(PATIENCE)


@pytest.mark.parametrize("how", ["save", "SIGTERM", "SIGINT", "SIGHUP"])
def test_the_reloader_does_not_wait_for_a_held_request(
    tmp_path: Path, how: str, request: pytest.FixtureRequest
) -> None:
    server = Server(tmp_path, [each for each in FLASK_RUN if each != "--no-reload"], APP)
    request.addfinalizer(server.kill)
    tool = Tool(server.address)
    tool.set({"stage": "view", "filter": "path:/held"})
    sent = tool.begin("/held/1")
    tool.wait()
    if how == "save":
        server.rewrite(APP.replace('"hello"', '"changed"'))
        wait_for(lambda: server.answers("changed"))
    else:
        # As a terminal does.
        os.killpg(server.process.pid, signal.Signals[how])
        server.process.wait(PATIENCE)
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
        wait_for(lambda: tool.answers)
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
