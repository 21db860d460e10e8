"""What is left after very many requests, viewers that come and go, and viewers that stop.

``python -m benchmarks.soak``: each part prints the server's threads, connections and memory
as it goes on; all are to be at the end what they were once it was warm. It ends with 1 where
they are not. The server listens on 127.0.0.1.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import socket
import struct
import subprocess
import sys
import time
import typing as t
from collections.abc import Iterator
from pathlib import Path

import websocket

from .variants import recording
from .viewers import compare, connect, get
from .workloads import environ, hello

SERVER = """
import logging
from flask import Flask
from werkzeug.serving import make_server
from flask_lifecycle import Lifecycle

app = Flask("soak")
app.debug = True
Lifecycle(app)

@app.get("/")
def index():
    return "x" * 1000

quiet = logging.getLogger("quiet")
quiet.propagate = False
quiet.setLevel("INFO")
quiet.addHandler(logging.NullHandler())

@app.get("/big")
def big():
    for _ in range(100):
        quiet.info("x" * 4000)
    return "big"

server = make_server("127.0.0.1", 0, app, threaded=True)
print(server.port, flush=True)
server.serve_forever()
"""
MOST_MB = 5.0
#: So many requests of 400 kB, while a viewer reads nothing.
LEAST = 500


def resident(pid: int | str = "self") -> float:
    """Return a process's resident memory in MB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


class State(t.NamedTuple):
    """What a process holds."""

    threads: int
    sockets: int
    memory: float

    def __str__(self) -> str:
        return f"{self.threads:>8} threads {self.sockets:>4} sockets {self.memory:>8.1f} MB"


def state(pid: int) -> State:
    folder = Path(f"/proc/{pid}")
    sockets = 0
    for each in (folder / "fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            sockets += str(each.readlink()).startswith("socket:")
    return State(len(list((folder / "task").iterdir())), sockets, resident(pid))


def settled(pid: int, before: State, seconds: float = 15) -> State:
    """Wait until a process holds no more than before, or so long; return what it holds."""
    until = time.monotonic() + seconds
    while True:
        now = state(pid)
        if (now.threads <= before.threads and now.sockets <= before.sockets) or (
            time.monotonic() > until
        ):
            return now
        time.sleep(0.05)


def judged(what: str, before: State, after: State) -> bool:
    """Say whether all came back."""
    good = (
        after.threads <= before.threads
        and after.sockets <= before.sockets
        and after.memory - before.memory < MOST_MB
    )
    print(f"{what:<28}{after}  {'as before' if good else f'NOT as before: {before}'}", flush=True)
    return good


@contextlib.contextmanager
def server() -> Iterator[tuple[int, str]]:
    """Run a server of its own; give its process and address."""
    # Else the allocator keeps some MB for each of the threads that there were at once.
    environ = {**os.environ, "MALLOC_ARENA_MAX": "1"}
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environ,
    )
    try:
        assert process.stdout is not None
        yield process.pid, f"127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.wait(30)
        if process.stdout is not None:
            process.stdout.close()


def leave(ws: websocket.WebSocket, how: int) -> None:
    """Leave in one of several ways."""
    sock = t.cast("socket.socket", ws.sock)
    if how == 0:
        ws.send("40{}")
        ws.recv()
        ws.close()
        return
    if how == 1:  # without a word, and what is under way is lost
        ws.send("40{}")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    elif how == 2:  # in the middle of a frame
        sock.sendall(b"\x81\xfe\xff")
    else:  # with what is no frame
        sock.sendall(b"\xff" * 100)
    sock.close()


def connects(total: int) -> bool:
    """Let viewers come and go in every way."""
    with server() as (pid, address):
        for number in range(total // 10):
            leave(connect(address), number % 4)
        before = settled(pid, State(1, 1, 0))
        print(f"{'viewers':<28}{before}", flush=True)
        good = True
        for number in range(1, total + 1):
            leave(connect(address), number % 4)
            if number % max(1, total // 4) == 0:
                good = judged(f"{number} came and went", before, settled(pid, before)) and good
        return good


@contextlib.contextmanager
def joined(address: str, count: int) -> Iterator[list[websocket.WebSocket]]:
    """Let so many viewers join the stream."""
    viewers = [connect(address) for _ in range(count)]
    for ws in viewers:
        t.cast("socket.socket", ws.sock).setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        ws.send("40{}")
    yield viewers
    for ws in viewers:
        t.cast("socket.socket", ws.sock).close()


def unread(
    pid: int, address: str, viewers: list[websocket.WebSocket], seconds: float
) -> tuple[int, float]:
    """Let viewers acknowledge all and read nothing; return the number of requests, and most MB."""
    until, most, made = time.monotonic() + seconds, 0.0, 0
    while time.monotonic() < until or made < LEAST:
        get(address, "/big")
        made += 1
        most = max(most, resident(pid))
        for ws in viewers:
            with contextlib.suppress(OSError, websocket.WebSocketException):
                ws.send("42" + json.dumps(["ack", 10 * made]))
    return made, most


def stopped(count: int, seconds: float) -> bool:
    """Make requests while viewers do not read."""
    with server() as (pid, address):
        # As many as are kept; and what so many viewers hold, the allocator keeps.
        with joined(address, count) as viewers:
            unread(pid, address, viewers, 5)
        newest = json.loads(get(address, "/_lifecycle/api/traces?limit=1"))["traces"][0]["id"]
        size = len(get(address, f"/_lifecycle/api/traces/{newest}"))
        before = settled(pid, State(1, 1, 0))
        print(f"{f'{count} stopped':<28}{before}", flush=True)

        with joined(address, count) as viewers:
            made, most = unread(pid, address, viewers, seconds)
            more = most - before.memory
            print(f"{made * size / 1e6:.0f} MB of traces, memory at most {more:+.1f} MB")
            return judged("15 s later", before, settled(pid, before)) and more < MOST_MB


def requests(total: int) -> bool:
    """Make very many requests, with the default limits."""
    app, path = hello()
    wsgi = recording(app)
    first = most = 0.0
    print(f"{'requests':>10}{'MB':>9}{'since 10,000':>14}")
    for number in range(1, total + 1):
        body = wsgi(environ(path, number), lambda *_: None)
        for _chunk in body:
            pass
        body.close()
        if number == 10_000:
            first = resident()
        if number >= 10_000 and number % max(10_000, total // 10) == 0:
            most = max(most, abs(resident() - first))
            print(f"{number:>10}{resident():>9.1f}{resident() - first:>+14.1f}", flush=True)
    return most < MOST_MB


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--connects", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=60, help="of stopped viewers")
    parser.add_argument("--turns", type=int, default=20, help="of each kind of viewer")
    options = parser.parse_args()
    for kind in ("werkzeug", "gthread"):
        compare(kind, options.turns, 1.5)
    good = [
        connects(options.connects),
        stopped(1, options.seconds),
        stopped(8, options.seconds),
        requests(options.requests),
    ]
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
