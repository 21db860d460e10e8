"""The app's own websockets, on each server: drawn as what they are, not as failed requests."""

from __future__ import annotations

import json
import signal
import socket
import struct
import typing as t
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

import pytest
import websocket

from flask_lifecycle.trace.model import client_status
from tests.helpers.servers import FLASK_RUN, PATIENCE, Server, wait_for

APP = """
import sys, threading
from flask import Flask, request
from flask_lifecycle import Lifecycle
from flask_sock import Sock
import simple_websocket

app = Flask(__name__)
app.debug = True
app.config["LIFECYCLE_BODY_PREVIEW"] = True
sock = Sock(app)
lifecycle = Lifecycle(app)

@app.get("/")
def index():
    return "hello"

@app.get("/traces")
def traces():
    return [trace.to_dict() for trace in lifecycle.traces(app)]

def talk(ws):
    while True:
        # What is too big wakes nobody who waits without end.
        while (said := ws.receive(timeout=0.5)) is None:
            pass
        if said == "leave":
            return
        if said == "fail":
            raise ValueError("the app's own")
        if said.startswith("close"):
            code, *reason = said.split()[1:] or [0]
            return ws.close(int(code), *reason)
        if said == "elsewhere":
            thread = threading.Thread(target=ws.close, args=(4002,))
            thread.start()
            return thread.join()
        ws.send(said)

@sock.route("/sock")
def of_flask_sock(ws):
    talk(ws)

@sock.route("/sock/<int:number>")
def numbered(ws, number):
    talk(ws)

@app.route("/direct", websocket=True)
@app.route("/direct/<int:number>", websocket=True)
def direct(number=0):
    options = {name: float(value) for name, value in request.args.items()}
    ws = simple_websocket.Server.accept(request.environ, **options)
    try:
        talk(ws)
    except simple_websocket.ConnectionClosed:
        pass
    return ""

@app.route("/before", websocket=True)
def before():
    raise ConnectionError
"""
SOCKETIO = """
from flask_socketio import SocketIO
io = SocketIO(app, async_mode="threading", cors_allowed_origins="*")

@io.on("leave")
def leave():
    io.server.eio.disconnect(io.server.manager.eio_sid_from_sid(request.sid, "/"))
"""
RUNS = """
if __name__ == "__main__":
    io.run(app, host="127.0.0.1", port=int(sys.argv[1]))
"""
GEVENT_WEBSOCKET = """
@app.route("/native", websocket=True)
def native():
    ws = request.environ["wsgi.websocket"]
    while (said := ws.receive()) is not None:
        if said == "fail":
            raise ValueError("the app's own")
        if said == "close":
            ws.close(4003)
            break
        if said == "leave":
            break
        ws.send(said)
    return ""

if __name__ == "__main__":
    from gevent.pywsgi import WSGIServer
    from geventwebsocket.handler import WebSocketHandler
    WSGIServer(
        ("127.0.0.1", int(sys.argv[1])), app, log=None, handler_class=WebSocketHandler
    ).serve_forever()
"""
SERVERS = {
    "run": FLASK_RUN,
    **{
        kind: [
            *("gunicorn", "--worker-class", kind, "--threads", "4"),
            *("--bind", "127.0.0.1:{port}", "app:app"),
        ]
        for kind in ("gthread", "gevent")
    },
    "geventwebsocket": ["app", "{port}"],
    "greenlets": ["app", "{port}"],
}


_opened: list[websocket.WebSocket] = []


Start = Callable[..., Server]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Start one server of each kind, for all tests of a process."""
    servers: dict[tuple[str, ...], Server] = {}

    def started(*wanted: str) -> Server:
        if wanted not in servers:
            kind, more, *_ = wanted
            folder = tmp_path_factory.mktemp(kind)
            servers[wanted] = Server(folder, SERVERS[kind], APP + more)
        return servers[wanted]

    yield started
    for server in servers.values():
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(PATIENCE)


@pytest.fixture
def serve(start: Start, request: pytest.FixtureRequest) -> Iterator[Start]:
    """Return a server of a kind, which lists no request yet."""
    used: list[Server] = []

    def cleared(kind: str, more: str = "") -> Server:
        if kind == "greenlets":
            # Eventlet's panel takes a token.
            return start(kind, more, request.node.name)
        used.append(start(kind, more))
        url = f"http://{used[-1].address}/_lifecycle/api/traces"
        clear = urllib.request.Request(url, method="DELETE")
        urllib.request.urlopen(clear, timeout=PATIENCE).close()
        return used[-1]

    yield cleared
    while _opened:
        _opened.pop().shutdown()  # type: ignore[no-untyped-call]
    for server in used:
        wait_for(partial(nothing_runs, server))


def nothing_runs(server: Server) -> bool:
    return not server.api("traces?q=is:running")["traces"]


def opened(server: Server, path: str) -> websocket.WebSocket:
    ws = websocket.create_connection(f"ws://{server.address}{path}", timeout=PATIENCE)
    _opened.append(ws)
    assert ws.getstatus() == 101
    return ws


def echoed(server: Server, path: str) -> websocket.WebSocket:
    ws = opened(server, path)
    ws.send("a")
    assert ws.recv() == "a"
    return ws


def told(server: Server, path: str, state: str = "done") -> dict[str, t.Any]:
    """Return the trace of the one request for a path, once it is in this state."""
    found: list[dict[str, t.Any]] = []

    def there() -> bool:
        traces = server.api("traces")["traces"]
        found[:] = [each for each in traces if each["path"] == path and each["state"] == state]
        return bool(found)

    wait_for(there)
    (summary,) = found
    return t.cast("dict[str, t.Any]", server.api(f"traces/{summary['id']}"))


def drop(ws: websocket.WebSocket) -> None:
    sock = t.cast("socket.socket", ws.sock)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def leave(server_says: str) -> Callable[[websocket.WebSocket], None]:
    def say(ws: websocket.WebSocket) -> None:
        ws.send(server_says)
        with suppress(OSError, websocket.WebSocketException):
            while ws.recv():
                pass

    return say


ENDS: dict[str, tuple[Callable[[websocket.WebSocket], t.Any], str, int | None]] = {
    "client": (lambda ws: ws.close(4001), "client", 4001),
    "client, no code": (lambda ws: ws.send(b"", 8), "client", None),
    "network": (drop, "network", None),
    "app": (leave("close 1001"), "app", 1001),
}
#: What the app is told to do, and the code by which it closes.
CLOSES = {
    "close": 1000,
    "close 4001": 4001,
    "close 3000 because": 3000,
    # It stands for none, and is sent by none.
    "close 1006": 1000,
    "elsewhere": 4002,
}


def sent_nothing(server: Server, trace: dict[str, t.Any]) -> bool:
    """Tell whether what the app answered after the upgrade is shown nowhere as a response."""
    (entry,) = server.api(f"traces/{trace['id']}.har")["log"]["entries"]
    response = entry["response"]
    assert (response["status"], response["statusText"]) == (101, "Switching Protocols")
    assert (response["headers"], response["bodySize"]) == ([], -1)
    return not any({"response", "preview"} & {*step["detail"]} for step in trace["steps"])


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("path", ["/sock", "/direct"])
@pytest.mark.parametrize("kind", ["run", "gthread", "gevent"])
def test_a_websocket_that_ends_well(serve: t.Any, kind: str, path: str, end: str) -> None:
    server = serve(kind)
    ws = echoed(server, path)
    running = told(server, path, "running")
    assert running["status"] == 101
    live = running["steps"][0]["detail"]["websocket"]
    assert live["closed"] is None
    (view,) = (step["explain"] for step in running["steps"] if step["stage"] == "view")
    assert view.endswith("still has its WebSocket open.")
    do, by, code = ENDS[end]
    do(ws)
    trace = told(server, path)
    assert (trace["status"], trace["error"]) == (101, None)
    assert {step["outcome"] for step in trace["steps"]} == {"ok"}
    assert sent_nothing(server, trace)
    seen = trace["steps"][0]["detail"]["websocket"]
    assert seen["by"] == by
    assert seen["code"] == code
    assert "the connection becomes a WebSocket, open for " in trace["steps"][0]["explain"]
    assert 0 < seen["opened"] == live["opened"] < seen["closed"] <= trace["duration"]


def sent_code(ws: websocket.WebSocket) -> int:
    """Return the code of the close frame that the client is sent."""
    opcode, data = ws.recv_data()
    assert opcode == websocket.ABNF.OPCODE_CLOSE
    return int.from_bytes(data[:2], "big")


@pytest.mark.parametrize("kind", ["run", "gthread", "gevent"])
def test_the_code_of_a_close_is_what_was_sent(serve: t.Any, kind: str) -> None:
    server = serve(kind)

    def closed(path: str) -> tuple[str, int | None]:
        found = told(server, path.partition("?")[0])
        assert (found["status"], found["error"]) == (101, None)
        seen = found["steps"][0]["detail"]["websocket"]
        return seen["by"], seen["code"]

    for path in ("/sock", "/direct"):
        for number, (said, code) in enumerate(CLOSES.items()):
            ws = echoed(server, f"{path}/{number}")
            ws.send(said)
            assert sent_code(ws) == code
            assert closed(f"{path}/{number}") == ("app", code)
        leave("leave")(echoed(server, f"{path}/10"))
    # Flask-Sock closes what a view leaves open.
    assert closed("/sock/10") == ("app", 1000)
    assert closed("/direct/10") == ("app", None)
    big = opened(server, "/direct/11?max_message_size=10")
    big.send("x" * 20)
    assert sent_code(big) == 1009
    assert closed("/direct/11") == ("app", 1009)
    # It answers no ping.
    opened(server, "/direct/12?ping_interval=0.1")
    assert closed("/direct/12") == ("network", 1008)


@pytest.mark.parametrize("path", ["/sock", "/direct"])
@pytest.mark.parametrize("kind", ["run", "gthread", "gevent"])
def test_an_error_of_the_apps_own_stays_one(serve: t.Any, kind: str, path: str) -> None:
    server = serve(kind)
    ws = echoed(server, path)
    leave("fail")(ws)
    trace = told(server, path)
    assert (trace["status"], trace["error"]["type"]) == (101, "ValueError")
    assert sent_nothing(server, trace)
    (found,) = server.api("traces?q=has:error%20status:101")["traces"]
    assert (found["id"], client_status(trace)) == (trace["id"], 101)
    assert trace["steps"][trace["error"]["step"]]["stage"] == "view"
    assert trace["steps"][0]["detail"]["websocket"]["by"] == "error"


@pytest.mark.parametrize("kind", ["run", "gthread", "gevent"])
def test_what_never_becomes_a_websocket_is_no_upgrade(serve: t.Any, kind: str) -> None:
    server = serve(kind)
    handshake = (
        "GET {} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: {}\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    for path, version, error in (("/direct", 3, None), ("/before", 13, "ConnectionError")):
        with server.connect() as sock:
            sock.sendall(handshake.format(path, version).encode())
            with suppress(OSError):
                sock.recv(4096)
        trace = told(server, path)
        assert trace["error"] is not None
        assert error in (None, trace["error"]["type"])
        assert "websocket" not in trace["steps"][0]["detail"]
        assert trace["status"] != 101


@pytest.mark.parametrize("end", ["client", "client, no code", "network", "app"])
@pytest.mark.parametrize("kind", ["run", "gthread"])
def test_a_websocket_of_flask_socketio(serve: t.Any, kind: str, end: str) -> None:
    server = serve(kind, SOCKETIO)
    ws = opened(server, "/socket.io/?EIO=4&transport=websocket")
    assert json.loads(ws.recv()[1:])["sid"]
    ws.send("40")
    assert str(ws.recv()).startswith("40")
    do, by, code = {**ENDS, "app": (leave('42["leave"]'), "app", 1000)}[end]
    do(ws)
    trace = told(server, "/socket.io/")
    assert (trace["status"], trace["error"]) == (101, None)
    assert {step["outcome"] for step in trace["steps"]} == {"ok"}
    seen = trace["steps"][0]["detail"]["websocket"]
    assert (seen["by"], seen["code"]) == (by, code)


@pytest.mark.parametrize("end", ["client", "network"])
@pytest.mark.parametrize("mode", ["gevent", "eventlet"])
def test_a_websocket_of_flask_socketio_on_greenlets(serve: t.Any, mode: str, end: str) -> None:
    server = serve("greenlets", SOCKETIO.replace("threading", mode) + RUNS)
    ws = opened(server, "/socket.io/?EIO=4&transport=websocket")
    assert json.loads(ws.recv()[1:])["sid"]

    def of(state: str) -> list[dict[str, t.Any]]:
        # Eventlet says HTTP/1.0 of all requests: its panel takes a token.
        traces = json.loads(server.get("/traces"))
        return [each for each in traces if (each["path"], each["state"]) == ("/socket.io/", state)]

    (running,) = of("running")
    assert running["status"] == 101
    assert running["steps"][0]["detail"]["websocket"]["closed"] is None
    ENDS[end][0](ws)
    wait_for(lambda: of("done"))
    (trace,) = of("done")
    assert (trace["status"], trace["error"]) == (101, None)
    assert not any("response" in step["detail"] for step in trace["steps"])
    seen = trace["steps"][0]["detail"]["websocket"]
    assert (seen["by"], seen["code"]) == ENDS[end][1:]
    assert 0 < seen["opened"] < seen["closed"] <= trace["duration"]


def test_an_error_in_a_websocket_of_the_servers_own(serve: t.Any) -> None:
    server = serve("geventwebsocket", GEVENT_WEBSOCKET)
    leave("fail")(echoed(server, "/native"))
    trace = told(server, "/native")
    assert (trace["status"], trace["error"]["type"]) == (101, "ValueError")
    assert sent_nothing(server, trace)
    assert trace["steps"][0]["detail"]["websocket"]["by"] == "error"


@pytest.mark.parametrize(
    ("do", "closed"),
    [
        (lambda ws: ws.close(4001), ("client", 4001)),
        (lambda ws: ws.send(b"", 8), ("client", None)),
        (drop, ("network", None)),
        (leave("close"), ("app", 4003)),
        (leave("leave"), ("app", None)),
    ],
)
def test_a_websocket_of_the_servers_own(serve: t.Any, do: t.Any, closed: t.Any) -> None:
    server = serve("geventwebsocket", GEVENT_WEBSOCKET)
    do(echoed(server, "/native"))
    trace = told(server, "/native")
    assert (trace["status"], trace["error"]) == (101, None)
    seen = trace["steps"][0]["detail"]["websocket"]
    assert 0 < seen["opened"] < seen["closed"] <= trace["duration"]
    assert (seen["by"], seen["code"]) == closed
