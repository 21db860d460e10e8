"""However a server's process ends, a panel that is open does not hold it: as fast as without.

Each server runs twice at the same time, bare and watched, and comes to its end the same way.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import threading
import time
import typing as t
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
import websocket

from tests.helpers.http import request
from tests.helpers.servers import NOT_UP, Server, alive, wait_for

APP = """
import os, signal, sys, time
from flask import Flask
from flask_lifecycle import Lifecycle

app = Flask(__name__)
app.debug = True
app.config["LIFECYCLE_TOKEN"] = "t" * 40
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

@app.get("/abort")
def abort():
    os.abort()

@app.get("/die")
def die():
    os._exit(1)

@app.get("/hang")
def hang():
    time.sleep(3600)
"""
#: Where a server keeps to itself whether it stands behind a proxy, the panel takes a token.
SIGNED_IN = {"Cookie": f"lifecycle_token={'t' * 40}"}
#: Seconds for what comes at once, on a machine with much else to do.
OVER = 60
#: How many times as long as its start, on whatever machine this is, a server may end later.
LATE = 4.0
#: Seconds after which a process does not end by that. What the servers wait for by themselves,
#: and are told to, is an hour.
STAYS = 30.0
#: Seconds after which gunicorn takes a worker for dead: one that a busy machine lets wait is not.
BUSY = "6"

Do = Callable[[Server, int], object]


def ask(path: str) -> Do:
    def do(server: Server, _pid: int) -> None:
        with suppress(*NOT_UP):
            urllib.request.urlopen(f"http://{server.address}{path}", timeout=STAYS).close()

    return do


def ask_often(server: Server, pid: int) -> None:
    for _ in range(20):
        if answers(server) != pid:
            return


def tell(how: signal.Signals) -> Do:
    return lambda server, _pid: server.process.send_signal(how)


def tell_worker(how: signal.Signals) -> Do:
    return lambda _server, pid: os.kill(pid, how)


def tell_all(server: Server, _pid: int) -> None:
    """Do what a terminal does."""
    os.killpg(server.process.pid, signal.SIGINT)


def change(server: Server, _pid: int) -> None:
    server.rewrite(server.app.read_text() + "\n")


def exit_in_hook(server: Server, pid: int) -> None:
    go = server.app.with_name("go")
    go.touch()
    ask("/")(server, pid)
    go.unlink()


WAYS: dict[str, Do] = {
    "SIGTERM": tell(signal.SIGTERM),
    "SIGINT": tell(signal.SIGINT),
    "SIGQUIT": tell(signal.SIGQUIT),
    "SIGHUP": tell(signal.SIGHUP),
    "kill -9": tell(signal.SIGKILL),
    "Ctrl-C": tell_all,
    "worker SIGTERM": tell_worker(signal.SIGTERM),
    "worker SIGINT": tell_worker(signal.SIGINT),
    "worker SIGQUIT": tell_worker(signal.SIGQUIT),
    "worker kill -9": tell_worker(signal.SIGKILL),
    "worker SIGSTOP": tell_worker(signal.SIGSTOP),
    "KeyboardInterrupt": ask("/interrupt"),
    "SystemExit": ask("/exit"),
    "abort": ask("/abort"),
    "os._exit": ask("/die"),
    "hang": ask("/hang"),
    "exit in a hook": exit_in_hook,
    "handled SIGTERM": tell_worker(signal.SIGTERM),
    "many requests": ask_often,
    "changed file": change,
}
#: What the app does for some.
MORE = {
    "exit in a hook": "app.teardown_request(lambda _: os.path.exists('go') and sys.exit())\n",
    "handled SIGTERM": "signal.signal(signal.SIGTERM, lambda *_: sys.exit())\n",
}
SIGNALS = ("SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "kill -9")
WORKERS = ("worker SIGTERM", "worker SIGINT", "worker SIGQUIT", "worker kill -9")
CRASHES = ("abort", "os._exit")
EXITS = ("KeyboardInterrupt", "SystemExit")

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
    "pywsgi": """
    from gevent import monkey
    monkey.patch_all()
    from gevent.pywsgi import WSGIServer
    WSGIServer(("127.0.0.1", port), app, log=None).serve_forever()
""",
    # One that waits for its connections, which it does only where it counts them.
    "pywsgi-graceful": """
    from gevent import monkey, signal_handler
    monkey.patch_all()
    from gevent.pywsgi import WSGIServer
    server = WSGIServer(("127.0.0.1", port), app, log=None, spawn=100)
    signal_handler(signal.SIGTERM, server.stop, 3600)
    server.serve_forever(stop_timeout=3600)
""",
    "eventlet": """
    import eventlet
    import eventlet.wsgi
    eventlet.wsgi.server(eventlet.listen(("127.0.0.1", port)), app)
""",
    "a2wsgi": """
    import uvicorn
    from a2wsgi import WSGIMiddleware
    uvicorn.run(WSGIMiddleware(app), host="127.0.0.1", port=port)
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
    site = Site(WSGIResource(reactor, reactor.getThreadPool(), app))
    reactor.listenTCP(port, site, interface="127.0.0.1")
    reactor.run()
""",
    "socketio": """
    from flask_socketio import SocketIO
    SocketIO(app, async_mode="threading").run(
        app, host="127.0.0.1", port=port, use_reloader=False, allow_unsafe_werkzeug=True
    )
""",
    "socketio-gevent": """
    from gevent import monkey
    monkey.patch_all()
    from flask_socketio import SocketIO
    SocketIO(app, async_mode="gevent").run(app, host="127.0.0.1", port=port, use_reloader=False)
""",
}
MAIN = """
if __name__ == "__main__":
    port = int(sys.argv[1])
"""
# It starts itself again by the interpreter, without the environment that this is in.
UWSGI = """
if __name__ == "__main__":
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)
    command = [
        *("uwsgi", "--http-socket", f"127.0.0.1:{sys.argv[1]}", "--module", "app:app", "--master"),
        *("--single-interpreter", "--enable-threads", "--need-app", "--reload-mercy", "3600"),
        *("--worker-reload-mercy", "3600", *sys.argv[2:]),
    ]
    if "--http" in command:
        del command[1:3]
    os.execv(os.path.join(os.path.dirname(sys.executable), "uwsgi"), command)
"""
UVICORN = """
from a2wsgi import WSGIMiddleware
served = WSGIMiddleware(app)
"""
RUN = ["flask", "--app", "app", "run", "--debug", "--port", "{port}"]


def gunicorn(kind: str) -> list[str]:
    return [
        *("gunicorn", "--worker-class", kind, "--threads", "4", "--timeout", "3600"),
        *("--graceful-timeout", "3600", "--bind", "127.0.0.1:{port}", "app:app"),
    ]


#: The command of each server, and the end of the app's module.
SERVERS: dict[str, tuple[list[str], str]] = {
    "run": ([*RUN, "--no-reload"], ""),
    "reloader": (RUN, ""),
    **{kind: (gunicorn(kind), "") for kind in ("sync", "gthread", "gevent", "gevent_pywsgi")},
    **{name: (["app", "{port}"], MAIN + main) for name, main in MAINS.items()},
    "uvicorn": (["uvicorn", "--port", "{port}", "--workers", "2", "app:served"], UVICORN),
    "hypercorn": (["hypercorn", "--bind", "127.0.0.1:{port}", "wsgi:app:app"], ""),
    "granian": (
        [
            "granian",
            "--interface",
            "wsgi",
            "--port",
            "{port}",
            "--blocking-threads",
            "4",
            "app:app",
        ],
        "",
    ),
    "uwsgi": (["app", "{port}", "--threads", "4", "--no-orphans"], UWSGI),
    "uwsgi-one": (["app", "{port}", "--lazy-apps", "--die-on-term"], UWSGI),
    "uwsgi-http": (
        # Its router has a client wait for what a dead worker had begun, for a minute else.
        [
            *("app", "{port}", "--threads", "4", "--http", "127.0.0.1:{port}"),
            *("--http-keepalive", "--http-timeout", "9"),
        ],
        UWSGI,
    ),
    "uwsgi-gevent": (["app", "{port}", "--gevent", "50", "--gevent-monkey-patch"], UWSGI),
}

Case = tuple[str, str, tuple[str, ...]]


def cases(servers: str, ways: tuple[str, ...], *options: str) -> list[Case]:
    return [(server, way, options) for server in servers.split() for way in ways]


#: What ends nothing; more is left out, as Werkzeug's server goes on after all that a view raises.
GO_ON = {
    *(("uwsgi", "KeyboardInterrupt"), ("uwsgi-one", "KeyboardInterrupt")),
    # Their workers outlive them.
    *(("hypercorn", "kill -9"), ("granian", "kill -9")),
}
CASES = [
    *cases("gthread", (*SIGNALS, *WORKERS, *CRASHES, *EXITS)),
    *cases("gthread", ("many requests",), "--max-requests", "12"),
    *cases("gthread", ("worker SIGSTOP",), "--timeout", BUSY),
    *cases("gthread", ("exit in a hook", "handled SIGTERM")),
    *cases("gevent", ("SIGTERM", "SIGHUP", "kill -9", "worker SIGTERM", "os._exit")),
    *cases("gevent_pywsgi", ("SIGTERM", "SIGHUP")),
    *cases("pywsgi", ("SIGINT",)),
    *cases("pywsgi-graceful", ("SIGTERM",)),
    *cases("sync", ("SIGTERM", "worker kill -9")),
    *cases("run cheroot waitress eventlet a2wsgi socketio", ("SIGINT",)),
    *cases("reloader", ("changed file", "Ctrl-C", "os._exit")),
    *cases("uvicorn", ("worker kill -9",)),
]
MORE_CASES = [
    *cases("sync gevent gevent_pywsgi", (*SIGNALS, *WORKERS, *CRASHES)),
    *cases("sync gevent_pywsgi", EXITS),
    *cases("sync gevent", ("many requests",), "--max-requests", "12"),
    *cases("sync gevent gevent_pywsgi", ("worker SIGSTOP",), "--timeout", BUSY),
    *cases("run a2wsgi", ("Ctrl-C",)),
    *cases("run waitress a2wsgi socketio", (*SIGNALS, *CRASHES)),
    *cases("wsgiref", ("SIGTERM", "SIGQUIT", "SIGHUP", "kill -9", *CRASHES)),
    *cases("cheroot eventlet pywsgi socketio-gevent", (*SIGNALS, *CRASHES, *EXITS)),
    *cases("reloader", ("SIGTERM", "SIGINT", "abort")),
    *cases("uvicorn", ("SIGTERM", "SIGINT", "SIGHUP", *WORKERS)),
    *cases("tornado twisted hypercorn granian", ("SIGTERM", "SIGINT", "kill -9", *CRASHES)),
    *cases("uwsgi uwsgi-one uwsgi-http uwsgi-gevent", (*SIGNALS, *WORKERS, *CRASHES)),
    # With threads it is chance: only the first one of them ends it.
    *cases("uwsgi-one", EXITS),
    *cases("uwsgi", ("KeyboardInterrupt",)),
    *cases(
        *("uwsgi uwsgi-one uwsgi-http uwsgi-gevent", ("many requests",)),
        *("--max-requests", "12", "--min-worker-lifetime", "1"),
    ),
    # With greenlets each request of another one puts that off: an app's own page that asks once a
    # second keeps a bare worker that hangs as an open panel does.
    *cases("uwsgi-one", ("hang",), "--harakiri", "5"),
]


def marked(case: Case) -> t.Any:
    marks = () if case in CASES else pytest.mark.servers
    return pytest.param(*case, marks=marks, id=" ".join((*case[:2], *case[2][:1])))


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def made(name: str, command: list[str], app: str) -> Server:
        folder = tmp_path / name
        folder.mkdir()
        servers.append(Server(folder, command, app))
        return servers[-1]

    yield made
    for server in servers:
        with suppress(ProcessLookupError):
            os.killpg(server.process.pid, signal.SIGKILL)
        server.process.wait(OVER)


@pytest.mark.parametrize(
    ("kind", "way", "options"), [*map(marked, dict.fromkeys((*CASES, *MORE_CASES)))]
)
def test_a_process_ends_as_fast_as_bare(
    serve: t.Any, kind: str, way: str, options: tuple[str, ...]
) -> None:
    command, main = SERVERS[kind]
    app = APP + MORE.get(way, "") + main
    goes_on = (kind, way) in GO_ON
    # Python loses an interrupt that comes during a finaliser, in bare apps too: then once more.
    assert any(
        ends_alike(serve, number, [*command, *options], app, way) != goes_on
        for number in range(3 if way == "SIGINT" else 1)
    )


def ends_alike(serve: t.Any, number: int, command: list[str], app: str, way: str) -> bool:
    """Check that a watched app ends as the bare one; return whether both end at all."""
    apps = {f"bare{number}": app.replace("Lifecycle(app)\n", ""), f"watched{number}": app}
    starting: dict[Server, float] = {}

    def start(name: str) -> Server:
        begun = time.monotonic()
        server: Server = serve(name, command, apps[name])
        starting[server] = time.monotonic() - begun
        return server

    with ThreadPoolExecutor() as pool:
        bare, watched = pool.map(start, apps)
        with panel(watched) as opened:
            pids = {bare: int(bare.get("/")), watched: opened.pids[-1]}
            ends = [pool.submit(end, server, way, pid) for server, pid in pids.items()]
            (of_bare, lasted), (of_watched, took) = (each.result() for each in ends)
            if way == "SIGINT" and "stays" in (of_bare, of_watched):
                return False
            assert of_watched == of_bare
            assert took <= lasted + LATE * starting[watched]
            assert all(is_cut(each) for each in opened.websockets)
            if of_watched == "replaced":
                # The open page goes on with the one that came after, and another one can be opened.
                wait_for(lambda: len(set(opened.pids)) > 1, OVER)
                with panel(watched):
                    pass
    return of_bare != "stays"


def end(server: Server, way: str, pid: int) -> tuple[str, float]:
    """Return what becomes of a process that serves, and in how many seconds."""
    begun = time.monotonic()
    WAYS[way](server, pid)
    while (took := time.monotonic() - begun) < STAYS:
        if ended(pid):
            if port_is_free(server):
                return "gone", took
            if answers(server) not in (None, pid):
                return "replaced", took
        time.sleep(0.02)
    return "stays", took


def ended(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state == "Z"


def port_is_free(server: Server) -> bool:
    try:
        server.connect().close()
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    return False


def answers(server: Server) -> int | None:
    """Return the process that answers, if any does."""
    try:
        with urllib.request.urlopen(f"http://{server.address}/", timeout=STAYS) as answer:
            return int(answer.read())
    except NOT_UP:
        return None


class Opened(t.NamedTuple):
    """What the open panels of a server have."""

    websockets: list[websocket.WebSocket]
    #: Each process that answered the page that polls.
    pids: list[int]


@contextmanager
def panel(server: Server) -> Iterator[Opened]:
    """Open a page that polls, and where there is room two with websockets: one says nothing."""
    opened = Opened([], [])
    with polling(server, opened.pids), alive() as viewers, ExitStack() as sockets:
        if ticket(server) is not None:
            viewers.append(server.watch()[0])
            opened.websockets.extend((viewers[0], silent(server)))
        for each in opened.websockets:
            sockets.callback(each.shutdown)
        yield opened


def ticket(server: Server) -> str | None:
    answer = request(server, "/_lifecycle/api/ticket", "POST", headers=SIGNED_IN)
    return t.cast("str | None", json.loads(answer.body)["ticket"])


def silent(server: Server) -> websocket.WebSocket:
    return websocket.create_connection(
        f"ws://{server.address}/_lifecycle/socket.io/?EIO=4&transport=websocket"
        f"&ticket={ticket(server)}",
        origin=f"http://{server.address}",
        timeout=OVER,
    )


def is_cut(ws: websocket.WebSocket) -> bool:
    ws.settimeout(OVER)
    end = time.monotonic() + OVER
    try:
        # One that is not is sent messages without end.
        while ws.recv():
            if time.monotonic() > end:
                return False
    except websocket.WebSocketTimeoutException:
        return False
    except (OSError, websocket.WebSocketException):
        pass
    return True


@contextmanager
def polling(server: Server, pids: list[int]) -> Iterator[None]:
    """Ask for batches as a page does: on a connection that is kept, or else a new one."""
    over = threading.Event()
    connection = http.client.HTTPConnection(server.address, timeout=OVER)

    def ask() -> None:
        headers = {"X-Lifecycle-Key": key, "Content-Type": "application/json", **SIGNED_IN}
        connection.request("POST", "/_lifecycle/api/batch", b"{}", headers)
        pids.append(json.loads(connection.getresponse().read())["process"]["pid"])

    def ask_on() -> None:
        while not over.wait(0.2):
            try:
                ask()
            except NOT_UP:
                connection.close()

    connection.request("GET", "/_lifecycle/", headers=SIGNED_IN)
    page = connection.getresponse().read().decode()
    key = page.partition('name="lifecycle-key" content="')[2].split('"')[0]
    asking = threading.Thread(target=ask_on)
    asking.start()
    try:
        # Gunicorn locks itself up where SIGQUIT comes while it starts a thread for a request.
        wait_for(lambda: pids, OVER)
        yield
    finally:
        over.set()
        asking.join(2 * OVER)
        connection.close()
