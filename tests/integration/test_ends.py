"""However a server's process ends, a panel that is open does not hold it: as fast as without."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import threading
import time
import typing as t
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
import websocket

from tests.helpers.http import request
from tests.helpers.servers import NOT_UP, Server, alive, wait_for

APP = """
import os, sys
from flask import Flask
from flask_lifecycle import Lifecycle

app = Flask(__name__)
app.debug = True
Lifecycle(app)

@app.get("/")
def index():
    return str(os.getpid())

@app.get("/interrupt")
def interrupt():
    raise KeyboardInterrupt

@app.get("/exit")
def leave():
    sys.exit(1)

@app.get("/hang")
def hang():
    os.kill(os.getpid(), 6)
    return ""

@app.get("/die")
def die():
    os._exit(1)
"""
#: Seconds in which it is over: a worker looks once a second, and the machine is busy. The server
#: itself would wait for 3600.
OVER = 15

Do = Callable[[Server, int], None]


def ask(path: str) -> Do:
    def do(server: Server, _pid: int) -> None:
        with suppress(*NOT_UP):
            urllib.request.urlopen(f"http://{server.address}{path}", timeout=OVER).close()

    return do


def tell(how: signal.Signals) -> Do:
    return lambda server, _pid: server.process.send_signal(how)


def tell_worker(how: signal.Signals) -> Do:
    return lambda _server, pid: os.kill(pid, how)


WAYS: dict[str, Do] = {
    "SIGTERM": tell(signal.SIGTERM),
    "SIGINT": tell(signal.SIGINT),
    "SIGQUIT": tell(signal.SIGQUIT),
    "SIGHUP": tell(signal.SIGHUP),
    "kill -9": tell(signal.SIGKILL),
    "worker SIGTERM": tell_worker(signal.SIGTERM),
    "worker SIGINT": tell_worker(signal.SIGINT),
    "worker SIGQUIT": tell_worker(signal.SIGQUIT),
    "KeyboardInterrupt": ask("/interrupt"),
    "SystemExit": ask("/exit"),
    "abort": ask("/hang"),
    "os._exit": ask("/die"),
}


def gunicorn(kind: str, *options: str) -> list[str]:
    return [
        *("gunicorn", "--worker-class", kind, "--threads", "4", "--timeout", "3600"),
        *("--graceful-timeout", "3600", *options, "--bind", "127.0.0.1:{port}", "app:app"),
    ]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def made(command: list[str], app: str = APP) -> Server:
        servers.append(Server(tmp_path, command, app))
        return servers[-1]

    yield made
    for server in servers:
        with suppress(ProcessLookupError):
            os.killpg(server.process.pid, signal.SIGKILL)
        server.process.wait(OVER)


def ended(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state == "Z"


def port_is_free(server: Server) -> bool:
    host, _, port = server.address.partition(":")
    try:
        socket.create_connection((host, int(port)), timeout=OVER).close()
    except ConnectionRefusedError:
        return True
    return False


# In a greenlet of its worker's, these end nothing, without the panel either.
GEVENT = [way for way in WAYS if way not in ("KeyboardInterrupt", "SystemExit")]


@pytest.mark.parametrize(
    ("kind", "way"), [*(("gthread", way) for way in WAYS), *(("gevent", way) for way in GEVENT)]
)
def test_a_worker_ends_with_panels_open(serve: t.Any, kind: str, way: str) -> None:
    server = serve(gunicorn(kind))
    pid = int(server.get("/"))
    with alive() as viewers:
        viewers.extend(server.watch()[0] for _ in range(2))
        WAYS[way](server, pid)
        if way == "worker SIGINT" and kind == "gevent":
            # It only takes note of that one, without the panel too.
            tell_worker(signal.SIGTERM)(server, pid)
        wait_for(lambda: ended(pid), OVER)
        if way in ("SIGTERM", "SIGINT", "SIGQUIT", "kill -9"):
            wait_for(lambda: port_is_free(server), OVER)
        else:
            # Another one has the app by now.
            wait_for(lambda: answers(server, pid), OVER)


HANDLES = """
import signal
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
"""


@pytest.mark.parametrize(
    ("options", "more", "way"),
    [
        (["--max-requests", "12"], "", ask("/")),
        (["--timeout", "2"], "", tell_worker(signal.SIGSTOP)),
        ([], HANDLES, tell_worker(signal.SIGTERM)),
        ([], "app.teardown_request(lambda _: sys.exit() if os.path.exists('go') else None)", None),
        # Who opened the websocket has not said a word.
        ([], "", ask("/interrupt")),
    ],
    ids=["max-requests", "timeout", "own handler", "exit in a hook", "silent"],
)
def test_a_gthread_worker_ends(
    serve: t.Any, tmp_path: Path, options: list[str], more: str, way: Do | None
) -> None:
    server = serve(gunicorn("gthread", *options), APP + more)
    pid = int(server.get("/"))
    is_silent = not (options or more)
    viewer = silent(server) if is_silent else server.watch()[0]
    with alive() as viewers:
        viewers.append(viewer)
        (tmp_path / "go").touch()
        for _ in range(12 if "--max-requests" in options else 1):
            (way or ask("/"))(server, pid)
        (tmp_path / "go").unlink()
        wait_for(lambda: ended(pid), OVER)
        wait_for(lambda: answers(server, pid), OVER)


def silent(server: Server) -> websocket.WebSocket:
    ticket = request(server, "/_lifecycle/api/ticket", "POST")
    return websocket.create_connection(
        f"ws://{server.address}/_lifecycle/socket.io/?EIO=4&transport=websocket"
        f"&ticket={json.loads(ticket.body)['ticket']}",
        origin=f"http://{server.address}",
        timeout=OVER,
    )


RUN = ["flask", "--app", "app", "run", "--debug", "--port", "{port}"]
PYWSGI = """
if __name__ == "__main__":
    from gevent import monkey
    monkey.patch_all()
    from gevent.pywsgi import WSGIServer
    server = WSGIServer(("127.0.0.1", int(sys.argv[1])), app, log=None)
    server.serve_forever()
"""


@pytest.mark.parametrize("way", ["SIGTERM", "SIGINT", "os._exit", "kill -9"])
@pytest.mark.parametrize("kind", ["run", "reloader", "pywsgi"])
def test_other_servers_end(serve: t.Any, kind: str, way: str) -> None:
    command = {"run": [*RUN, "--no-reload"], "reloader": RUN, "pywsgi": ["app", "{port}"]}[kind]
    server = serve(command, APP + (PYWSGI if kind == "pywsgi" else ""))
    pid = int(server.get("/"))
    with ExitStack() as panels:
        if kind == "pywsgi":
            panels.enter_context(polling(server))
        else:
            panels.enter_context(alive()).extend(server.watch()[0] for _ in range(2))
        WAYS[way](server, pid)
        if kind == "reloader":
            # The server itself is a child of the process that watches over the files.
            with suppress(ProcessLookupError):
                os.killpg(server.process.pid, signal.SIGINT)
        wait_for(lambda: ended(pid), OVER)
        wait_for(lambda: port_is_free(server), OVER)


@pytest.mark.parametrize("way", ["KeyboardInterrupt", "SystemExit", "SIGTERM", "kill -9"])
def test_a_panel_that_polls_holds_no_worker(serve: t.Any, way: str) -> None:
    server = serve(gunicorn("gthread"))
    pid = int(server.get("/"))
    with polling(server):
        WAYS[way](server, pid)
        wait_for(lambda: ended(pid), OVER)


@contextmanager
def polling(server: Server) -> Iterator[None]:
    """Ask for batches on a connection that is kept, as a browser does, until it is cut."""
    over = threading.Event()
    connection = http.client.HTTPConnection(server.address, timeout=OVER)

    def ask() -> None:
        with suppress(*NOT_UP):
            while not over.wait(0.1):
                headers = {"X-Lifecycle-Key": key, "Content-Type": "application/json", **SIGNED_IN}
                connection.request("POST", "/_lifecycle/api/batch", b"{}", headers)
                assert connection.getresponse().read()

    connection.request("GET", "/_lifecycle/", headers=SIGNED_IN)
    page = connection.getresponse().read().decode()
    key = page.partition('name="lifecycle-key" content="')[2].split('"')[0]
    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield
    finally:
        over.set()
        asking.join(2 * OVER)
        connection.close()


MAIN = """
if __name__ == "__main__":
    port = int(sys.argv[1])
"""
MAINS = {
    "waitress": """
    from waitress import serve
    serve(app, host="127.0.0.1", port=port)
""",
    "cheroot": """
    from cheroot.wsgi import Server
    server = Server(("127.0.0.1", port), app)
    try:
        server.start()
    finally:
        server.stop()
""",
    "wsgiref": """
    from wsgiref.simple_server import make_server
    make_server("127.0.0.1", port, app).serve_forever()
""",
}
EACH = {
    **{name: ["app", "{port}"] for name in MAINS},
    "run": [*RUN, "--no-reload"],
    "sync": gunicorn("sync"),
    "gthread": gunicorn("gthread"),
    "gevent": gunicorn("gevent"),
}
#: Seconds by which a busy machine is late.
LATE = 2.0
ALL = ("SIGTERM", "SIGINT", "kill -9", "KeyboardInterrupt", "SystemExit", "os._exit")
#: Seconds after which it does not end by that, without the panel either.
STAYS = 10.0


@pytest.mark.parametrize(
    ("kind", "way"),
    [
        pytest.param(
            *(kind, way),
            marks=()
            if (kind, way) in (("gthread", "SystemExit"), ("run", "SIGINT"), ("cheroot", "SIGINT"))
            else pytest.mark.servers,
        )
        for kind in EACH
        for way in ALL
    ],
)
def test_a_process_ends_as_fast_as_bare(serve: t.Any, kind: str, way: str) -> None:
    main = MAINS.get(kind)
    app = APP + (MAIN + main if main else "")
    bare = seconds(serve(EACH[kind], app.replace("Lifecycle(app)\n", "")), way)
    for _ in range(2):
        server = serve(
            EACH[kind], app.replace("app.debug", f"app.config.update({TOKEN})\napp.debug")
        )
        with panel(server):
            took = seconds(server, way)
        if took <= bare + LATE:
            break
    assert took <= bare + LATE


TOKEN = {"LIFECYCLE_TOKEN": "t" * 40}
#: Where a server keeps to itself whether it stands behind a proxy, the panel takes a token.
SIGNED_IN = {"Cookie": f"lifecycle_token={TOKEN['LIFECYCLE_TOKEN']}"}


def seconds(server: Server, way: str) -> float:
    """Return how long a process lives on, and holds its port; STAYS, where it does so for good."""
    pid = int(server.get("/"))
    begun = time.monotonic()
    WAYS[way](server, pid)
    while not (ended(pid) and (port_is_free(server) or answers(server, pid))):
        if time.monotonic() - begun >= STAYS:
            break
        time.sleep(0.02)
    return time.monotonic() - begun


@contextmanager
def panel(server: Server) -> Iterator[None]:
    """Let a panel be open: by two websockets where there is room for them, else polling."""
    ticket = request(server, "/_lifecycle/api/ticket", "POST")
    with ExitStack() as panels:
        if ticket.status == 200 and json.loads(ticket.body)["ticket"] is not None:
            panels.enter_context(alive()).extend(server.watch()[0] for _ in range(2))
        else:
            panels.enter_context(polling(server))
        yield


def answers(server: Server, before: int) -> bool:
    try:
        return int(server.get("/")) != before
    except NOT_UP:
        return False
