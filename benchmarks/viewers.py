"""What a viewer of the stream costs the app's requests: ``python -m benchmarks.viewers``.

Short runs of the same load take turns, in an order that changes: nobody watches, somebody reads
the stream, somebody acknowledges all and reads nothing, so that its window is full. What else
the machine does falls on all of them alike, and the differences are those within a turn.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import random
import socket
import statistics
import subprocess
import sys
import time
import typing as t
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import websocket

KINDS = ("nobody", "reading", "stopped")
PATH = "/rows/50?" + "x" * 1000
# Of what is sent, in the server's kernel: with more, it takes a while until the window is full.
_BUFFER = 8192


def get(address: str, path: str = "/", method: str = "GET") -> bytes:
    ask = urllib.request.Request(f"http://{address}{path}", method=method)
    with urllib.request.urlopen(ask, timeout=30) as answer:
        return bytes(answer.read())


def connect(address: str) -> websocket.WebSocket:
    """Open a websocket of the panel's; wait while there is no room."""
    until = time.monotonic() + 30
    while True:
        ticket = json.loads(get(address, "/_lifecycle/api/ticket", "POST"))["ticket"]
        ws = t.cast("t.Any", websocket.WebSocket())
        try:
            ws.connect(
                f"ws://{address}/_lifecycle/socket.io/?EIO=4&transport=websocket&ticket={ticket}",
                origin=f"http://{address}",
                timeout=30,
            )
        except websocket.WebSocketBadStatusException as error:
            # No room, or too many passes at once.
            if error.status_code not in (403, 503) or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return t.cast("websocket.WebSocket", ws)


class Run(t.NamedTuple):
    """What one run of the load found."""

    #: ms.
    p50: float
    p99: float
    #: Of the server's process, ms a request.
    cpu: float


@contextlib.contextmanager
def serving(server: str) -> Iterator[tuple[int, str]]:
    """Run a server of its own; give the process that answers, and its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.viewers", "--serve", server],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "MALLOC_ARENA_MAX": "1"},
    )
    try:
        assert process.stdout is not None
        address = f"127.0.0.1:{int(process.stdout.readline())}"
        traces = json.loads(get(address, PATH) and get(address, "/_lifecycle/api/traces"))
        yield traces["traces"][0]["process"]["pid"], address
    finally:
        process.terminate()
        process.wait(30)
        if process.stdout is not None:
            process.stdout.close()


def watched() -> t.Any:
    """Make the typical app with its panel."""
    from .variants import recording
    from .workloads import typical

    app, _ = typical()
    app.debug = True
    return recording(app)


def serve(server: str) -> None:
    """Serve the app, and print the port."""
    sock = socket.create_server(("127.0.0.1", 0))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
    print(sock.getsockname()[1], flush=True)
    if server == "werkzeug":
        from werkzeug.serving import make_server

        make_server("127.0.0.1", 0, watched(), threaded=True, fd=sock.fileno()).serve_forever()
    sock.set_inheritable(True)
    command = [sys.executable, "-m", "gunicorn", "--bind", f"fd://{sock.fileno()}"]
    os.execv(
        sys.executable,
        [*command, "--worker-class", "gthread", "--threads", "8", "benchmarks.viewers:watched()"],
    )


def load(pid: int, address: str, seconds: float) -> Run:
    """Send one request after the other."""
    host, _, port = address.partition(":")
    raw = f"GET {PATH} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n".encode()
    found = []
    cpu, until = cpu_of(pid), time.monotonic() + seconds
    while time.monotonic() < until:
        begun = time.perf_counter()
        with socket.create_connection((host, int(port))) as sock:
            sock.sendall(raw)
            _answer(sock)
            # Not until the end of the connection: Werkzeug waits 10 ms for the client's.
            found.append((time.perf_counter() - begun) * 1000)
    cuts = statistics.quantiles(found, n=100)
    return Run(cuts[49], cuts[98], (cpu_of(pid) - cpu) / len(found))


def _answer(sock: socket.socket) -> None:
    data = b""
    while b"\r\n\r\n" not in data:
        data += sock.recv(65536)
    head, _, body = data.lower().partition(b"\r\n\r\n")
    left = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0]) - len(body)
    while left > 0:
        left -= len(sock.recv(65536))


def cpu_of(pid: int) -> float:
    """Return the CPU time of a process, in ms."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) * 1000 / os.sysconf("SC_CLK_TCK")


def _watch(address: str, kind: str, up: t.Any) -> None:
    ws = connect(address)
    ws.send("40{}")
    up.set()
    seq = 0
    with contextlib.suppress(OSError, websocket.WebSocketException):
        while True:
            if kind == "stopped":
                seq += 1000
                ws.send("3")
                time.sleep(0.5)
            elif (text := str(ws.recv())).startswith("42"):
                seq = json.loads(text[2:])[1]["seq"]
            else:
                if text == "2":
                    ws.send("3")
                continue
            ws.send("42" + json.dumps(["ack", seq]))


@contextlib.contextmanager
def watching(address: str, kind: str) -> Iterator[None]:
    """Let somebody watch, from a process of its own."""
    if kind == "nobody":
        yield
        return
    fresh = multiprocessing.get_context("spawn")
    up = fresh.Event()
    viewer = fresh.Process(target=_watch, args=(address, kind, up), daemon=True)
    viewer.start()
    try:
        assert up.wait(30)
        yield
    finally:
        viewer.terminate()
        viewer.join(30)


def compare(server: str, turns: int, seconds: float) -> None:
    """Print what each kind of viewer costs under one server."""
    runs: dict[str, list[Run]] = {kind: [] for kind in KINDS}
    with serving(server) as (pid, address):
        load(pid, address, 2)
        for _ in range(turns):
            for kind in random.sample(KINDS, len(KINDS)):
                with watching(address, kind):
                    load(pid, address, 0.7)  # until it has what was there, or its window is full
                    runs[kind].append(load(pid, address, seconds))
    print(f"{server}, {turns} turns of {seconds:g} s{'p50':>10}{'p99':>9}{'CPU a request':>16}, ms")
    for kind, found in runs.items():
        middle = [statistics.median(values) for values in zip(*found, strict=True)]
        print(f"{kind:<26}{middle[0]:>8.2f}{middle[1]:>9.2f}{middle[2]:>16.3f}")
    for kind in KINDS[1:]:
        pairs = zip(runs[kind], runs["nobody"], strict=True)
        added = [[mine - bare for mine, bare in zip(*pair, strict=True)] for pair in pairs]
        middle = [statistics.median(values) for values in zip(*added, strict=True)]
        low, _, high = statistics.quantiles((each[1] for each in added), n=4)
        print(
            f"{f'{kind} adds':<26}{middle[0]:>+8.2f}{middle[1]:>+9.2f}{middle[2]:>+16.3f}"
            f"   (half of the p99s: {low:+.2f} to {high:+.2f})",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=1.5, help="of each run")
    parser.add_argument("--serve", choices=("werkzeug", "gthread"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve is not None:
        serve(options.serve)
        return
    for server in ("werkzeug", "gthread"):
        compare(server, options.turns, options.seconds)


if __name__ == "__main__":
    main()
