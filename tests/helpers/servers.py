"""Real servers, each a process of its own, and the live stream of one."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import typing as t
import urllib.error
import urllib.parse
import urllib.request
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import websocket

from tests.helpers import ROOT
from tests.helpers.apps import TOKEN

T = t.TypeVar("T")
#: Seconds: on a machine with much else to do.
PATIENCE = 120
NOT_UP = (OSError, http.client.HTTPException)  # yet, or again: the reloader cuts answers short
APP = """
import os, time
from flask import Flask
from flask_lifecycle import Lifecycle

app = Flask(__name__)
Lifecycle(app)

@app.get("/")
def index():
    return "hello"

@app.get("/slow")
def slow():
    while not os.path.exists("go"):
        time.sleep(0.01)
    return "slow"
"""
#: The same with a token.
APP_WITH_TOKEN = f"""
from flask import Flask
from flask_lifecycle import Lifecycle

app = Flask(__name__)
# Without the history, whose thread would be counted among those of viewers.
app.config.update(LIFECYCLE_TOKEN={TOKEN!r}, LIFECYCLE_HISTORY=None)
Lifecycle(app)

@app.get("/")
def index():
    return "hello"
"""
#: One whose requests are held and let go; it has some from before.
APP_THAT_HOLDS = """
import threading
from flask import Flask
from flask_lifecycle import Lifecycle

app = Flask(__name__)
app.debug = True
app.config.update({config})
Lifecycle(app)
door = threading.Event()

@app.before_request
def greet():
    pass

@app.get("/held")
def held():
    door.wait(120)
    return "let go"

@app.get("/let-go")
def let_go():
    door.set()
    return ""

@app.get("/")
def index():
    return "hello"

@app.get("/<path:path>")
def any(path):
    return "hello"

@app.get("/log/<int:times>")
def log(times):
    for _ in range(times):
        app.logger.info("x" * 4000)
    return "hello"

for number in range({before}):
    app.test_client().get(f"/before/{{number}}")
"""
#: Where it is told to end at once while it hands a request to a thread, gunicorn waits for ever for
#: a lock of its own, with or without us.
GUNICORN = """
import threading

def post_worker_init(worker):
    if hasattr(worker, "tpool"):
        worker.tpool._shutdown_lock = threading.RLock()
"""
FLASK_RUN = ["flask", "--app", "app", "run", "--debug", "--no-reload", "--port", "{port}"]


class Server:
    """One server process of a small app, and the folder it lives in.

    :param up: a path that it answers with 200.
    """

    def __init__(self, folder: Path, command: list[str], app: str = APP, *, up: str = "/") -> None:
        self._port = hold_port(self)
        self.address = f"127.0.0.1:{self._port}"
        self.command = command
        self._up = up
        self.app = folder / "app.py"
        self.app.write_text(app)
        (folder / "gunicorn.conf.py").write_text(GUNICORN)
        self.log = folder / "log"
        self.start()

    def start(self) -> None:
        """Start it, or start it again where it was."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *(part.format(port=self._port) for part in self.command)],
                cwd=self.app.parent,
                stdout=log,
                stderr=log,
                env={
                    **os.environ,
                    "PYTHONPATH": str(ROOT),
                    "PYTHONUNBUFFERED": "1",
                    # An app that is changed within a second, and is as long, has the same bytecode.
                    "PYTHONDONTWRITEBYTECODE": "1",
                },
                start_new_session=True,
            )
        wait_for(self.answers)

    def answers(self, text: str | None = None) -> bool:
        """Return whether it is up, and answers with this text, if one is given."""
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.get(self._up) == text or text is None
        except NOT_UP:
            return False

    def get(self, path: str) -> str:
        with urllib.request.urlopen(f"http://{self.address}{path}", timeout=PATIENCE) as answer:
            return str(answer.read().decode())

    def api(self, path: str) -> t.Any:
        return json.loads(self.get(f"/_lifecycle/api/{path}"))

    def key(self) -> str:
        """Return what an open page calls the API with."""
        return self.get("/_lifecycle/").partition('name="lifecycle-key" content="')[2].split('"')[0]

    def watch(self) -> tuple[websocket.WebSocket, dict[str, t.Any]]:
        """Open the live stream, once there is room for it; return it with its first batch."""
        ws = wait_for(self.let_in)
        ws.recv()
        ws.send("40{}")
        return ws, batch(ws)

    def let_in(self) -> websocket.WebSocket | None:
        """Return a websocket of the live stream, or None while there is no room for one."""
        url = f"http://{self.address}/_lifecycle/api/ticket"
        ask = urllib.request.Request(url, method="POST")
        with urllib.request.urlopen(ask, timeout=PATIENCE) as answer:
            ticket = json.load(answer)["ticket"]
        live = f"{self.address}/_lifecycle/socket.io/?EIO=4&transport=websocket&ticket={ticket}"
        origin = f"http://{self.address}"
        try:
            return websocket.create_connection(f"ws://{live}", origin=origin, timeout=PATIENCE)
        except websocket.WebSocketBadStatusException as error:
            # Those that have just left may still be on their way out.
            if error.status_code != 503:
                raise
            return None

    def connect(self) -> socket.socket:
        """Open a connection, to speak what no client of the library's would."""
        host, _, port = self.address.partition(":")
        return socket.create_connection((host, int(port)), timeout=PATIENCE)

    def rewrite(self, app: str) -> None:
        """Change the app's file, which nobody finds half written."""
        new = self.app.with_suffix(".new")
        new.write_text(app)
        new.replace(self.app)

    def stop(self) -> None:
        if self.process.poll() is None:
            # Gunicorn tells its workers; one that is told twice at once may lock itself up.
            tell = os.kill if "gunicorn" in self.command else os.killpg
            tell(self.process.pid, signal.SIGINT)
        self.process.wait(PATIENCE)

    def tracebacks(self) -> list[str]:
        """Return the tracebacks in its log, but for those of the signal by which it is stopped."""
        found = self.log.read_text().split("Traceback (most recent call last)")[1:]
        # Told by SIGINT, gunicorn ends its workers in the middle of what they send. Python itself
        # is interrupted wherever it is, as where the reloader has just started it once more.
        return [
            each
            for each in found
            if "handle_quit" not in each and "\nKeyboardInterrupt" not in each
        ]

    def kill(self) -> None:
        """End all of its processes at once, as ``kill -9`` and a machine out of memory do."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)


class FactoryServer:
    """An app, as ``flask run --debug`` serves it: the demo, or what another function makes."""

    def __init__(self, folder: Path, make: str = "demo:create_app") -> None:
        self._make = make.split(":")
        self.port = hold_port(self)
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "server.log"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        code = (
            "import importlib, sys; _, folder, port, module, name = sys.argv;"
            "app = getattr(importlib.import_module(module), name)(folder);"
            "app.run(port=int(port), debug=True, use_reloader=False)"
        )
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", code, str(self._folder), str(self.port), *self._make],
                cwd=ROOT,
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        wait_for(self._answers)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(PATIENCE)
            self._process = None

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()
        try:
            url = f"{self.url}/_lifecycle/api/traces"
            urllib.request.urlopen(url, timeout=PATIENCE).close()
        except urllib.error.HTTPError as error:  # it is up, without a panel
            error.close()
        except NOT_UP:
            return False
        return True


@contextmanager
def alive() -> Iterator[list[websocket.WebSocket]]:
    """Let the viewers in this list live, whatever else the test does meanwhile."""
    viewers: list[websocket.WebSocket] = []
    over = threading.Event()

    def pong() -> None:
        while not over.wait(2):
            for ws in viewers:
                with suppress(OSError, websocket.WebSocketException):
                    ws.send("3")

    ponging = threading.Thread(target=pong)
    ponging.start()
    try:
        yield viewers
    finally:
        over.set()
        ponging.join()
        for ws in viewers:
            ws.close()


def batch(ws: websocket.WebSocket) -> dict[str, t.Any]:
    """Receive a batch and acknowledge it; pings alone do not count as an answer."""
    until = time.monotonic() + PATIENCE
    while not (text := str(ws.recv())).startswith("42"):
        assert time.monotonic() < until, "no batch came"
        if text == "2":
            ws.send("3")
    message: dict[str, t.Any] = json.loads(text[2:])[1]
    ws.send("42" + json.dumps(["ack", message["seq"]]))
    return message


def batch_with(ws: websocket.WebSocket, what: str) -> dict[str, t.Any]:
    """Receive batches until one has traces, or steps.

    Others come in between: as when the history, or another process, has changed.
    """
    while not (received := batch(ws))[what]:
        pass
    return received


def wait_for(condition: Callable[[], T | None], seconds: float = PATIENCE) -> T:
    """Return what the condition does once it holds: asked again, it may not."""
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until, "it never came"
        # Who asks again and again takes the time of who is to answer.
        time.sleep(0.01)
    return found


def hold_port(owner: object) -> int:
    """Find a port that nobody but a server of the owner's gets, for as long as the owner lives.

    It is bound here, and not listened on: one that reuses addresses, as servers do, may take it.
    """
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    weakref.finalize(owner, held.close)
    return int(held.getsockname()[1])
