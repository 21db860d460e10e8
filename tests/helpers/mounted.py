"""Real servers of an app that is not at the root, and a proxy as stands in front of such."""

from __future__ import annotations

import socket
import threading
import typing as t
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.helpers.apps import TOKEN
from tests.helpers.prefixes import WAYS
from tests.helpers.servers import Server

APP = """
from flask import Flask
from flask_lifecycle import Lifecycle
from tests.helpers.prefixes import WAYS

app = Flask(__name__)
app.config.update(LIFECYCLE_ENABLED=True, LIFECYCLE_TOKEN={token!r})
missed = []

@app.get("/")
def index():
    return '<!doctype html><link rel="icon" href="data:,"><body>hello</body>'

@app.get("/data")
def data():
    return {{"missed": missed}}

@app.errorhandler(404)
def missing(error):
    from flask import request
    missed.append(request.path)
    return "missing", 404

if {when!r} == "before":
    app.wsgi_app = WAYS[{way!r}][0](app.wsgi_app)
Lifecycle(app)
if {when!r} == "after":
    app.wsgi_app = WAYS[{way!r}][0](app.wsgi_app)
"""
#: Where the server itself takes the root off: as gunicorn is told once, or by a proxy each time.
OF_SERVERS: dict[str, tuple[str, dict[str, str], bool]] = {
    "SCRIPT_NAME set": ("/sub", {}, False),
    "SCRIPT_NAME sent": ("/sub", {"SCRIPT_NAME": "/sub"}, False),
}


class Front:
    """A reverse proxy that tells the server what it takes off, and lets upgrades through.

    :param cuts: whether it takes the root off.
    :param renames: whether it asks by the server's own name, as nginx does unless told otherwise.
    """

    def __init__(
        self, server: str, root: str, said: Mapping[str, str], *, cuts: bool, renames: bool
    ) -> None:
        self._server = server
        self._root = root.encode() if cuts else b""
        self._renames = renames
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        if renames:
            said = {**said, "X-Forwarded-For": "127.0.0.1", "X-Forwarded-Host": self.address}
        self._said = "".join(f"{name}: {value}\r\n" for name, value in said.items()).encode()
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._pass, args=(client,), daemon=True).start()

    def _pass(self, client: socket.socket) -> None:
        # Either side leaves in the middle.
        with suppress(OSError), client, client.makefile("rb") as read:
            line = read.readline()
            if not line:  # browsers open connections that they may want, and do not
                return
            method, path, version = line.split(b" ")
            head = b" ".join((method, path.removeprefix(self._root), version)) + self._said
            length, upgraded = 0, False
            while (line := read.readline()) not in (b"\r\n", b""):
                name, _, value = line.partition(b":")
                name = name.lower()
                upgraded = upgraded or name == b"upgrade"
                length = int(value) if name == b"content-length" else length
                if name == b"host" and self._renames:
                    line = f"Host: {self._server}\r\n".encode()
                head += b"" if name == b"connection" else line
            head += b"Connection: Upgrade\r\n\r\n" if upgraded else b"Connection: close\r\n\r\n"
            host, _, port = self._server.partition(":")
            with socket.create_connection((host, int(port))) as server:
                server.sendall(head + read.read(length))
                if upgraded:
                    threading.Thread(target=_pump, args=(client, server), daemon=True).start()
                _pump(server, client)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


class Mounted(t.NamedTuple):
    """A server, and where a browser finds its app."""

    server: Server
    address: str
    root: str
    #: The same as the server sees it.
    kept: str

    @property
    def url(self) -> str:
        return f"http://{self.address}{self.root}"


@contextmanager
def mounted(folder: Path, way: str, when: str, command: list[str]) -> Iterator[Mounted]:
    """Serve the app with one of the ways around it, and behind the proxy that this one takes."""
    root, said, cuts = OF_SERVERS[way] if way in OF_SERVERS else WAYS[way][1:]
    app = APP.format(token=TOKEN, way=way, when=when)
    server = Server(folder, command, app, up="/data" if said else f"{root}/data")
    front = None
    try:
        if said:
            front = Front(server.address, root, said, cuts=cuts, renames=way == "proxied")
        yield Mounted(server, (front or server).address, root, "" if cuts else root)
    finally:
        if front is not None:
            front.close()
        server.stop()
    assert server.tracebacks() == []
