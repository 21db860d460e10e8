"""What it costs that workers see each other: ``python -m benchmarks.workers``.

Two gunicorn servers of three workers each take turns, all with the history: in one, each worker is
by itself, as if there were nothing to share; in the other, they share a panel, which nobody or
somebody watches. Medians over the turns are compared. Then it is measured how long it takes until a
request that sleeps is known to a page as running, whichever worker has it: by the stream of
threaded workers, and by the polls of a page of sync workers, which have no stream.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import tempfile
import threading
import time
import typing as t
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from flask import Flask

from flask_lifecycle.processes import registry
from flask_lifecycle.processes.sqlite import SqliteBoard

from .gunicorn import CLIENTS, Gunicorn, together, until
from .variants import recording
from .viewers import connect, get, watching
from .workloads import WORKLOADS

_FILE = "BENCHMARK_HISTORY"
_WORKLOAD = "BENCHMARK_WORKLOAD"
_ALONE = "BENCHMARK_ALONE"
_SLOW = 0.5
_THREADS = ("--worker-class", "gthread", "--threads", "4")
# As a page polls a server of several processes (static/src/api/live.ts).
_POLL_SECONDS, _POLL_PAUSE, _POLL_MOST = 0.2, 3, 1.0


def make() -> Flask:
    """Return the app of a server, which is described in its environment."""
    app, _ = WORKLOADS[os.environ[_WORKLOAD]]()
    app.config["LIFECYCLE_HISTORY"] = os.environ[_FILE]
    app.add_url_rule("/slow/<number>", view_func=slow)
    if _ALONE in os.environ:
        t.cast("t.Any", registry).board_of = lambda _history: None
    app.debug = True
    return t.cast("Flask", recording(app))


def slow(number: str) -> str:
    time.sleep(_SLOW)
    return number


class Server(Gunicorn):
    """A gunicorn of three workers."""

    def __init__(
        self, workload: str, file: Path, kind: t.Sequence[str] = _THREADS, *, alone: bool = False
    ) -> None:
        _, self._path = WORKLOADS[workload]()
        super().__init__(
            "benchmarks.workers:make()",
            self._path.format(0),
            *("--workers", "3", *kind),
            environ={_FILE: str(file), _WORKLOAD: workload, **({_ALONE: "1"} if alone else {})},
        )
        self._board = SqliteBoard(file, is_private=False)

    def turn(self, requests: int) -> float:
        """Send so many requests by several clients at once; return requests a second."""
        each = requests // CLIENTS

        def send(_client: int) -> None:
            for number in range(each):
                self.get(self._path.format(number))

        return each * CLIENTS / together(send)

    def settle(self, *, watched: bool) -> None:
        """Wait until the workers know whether somebody watches: who has left counts for a while."""
        until(lambda: (self._board.watched() is not None) is watched)


def measure(workload: str, requests: int, turns: int, folder: Path) -> None:
    """Print one row."""
    one = Server(workload, folder / "one.sqlite", alone=True)
    all_of_them = Server(workload, folder / "all.sqlite")
    runs: dict[str, list[float]] = {"by itself": [], "shared": [], "watched": []}
    used = dict.fromkeys(runs, 0.0)
    try:
        for server in (one, all_of_them):
            server.turn(requests // turns)
        for _ in range(turns):
            for kind in random.sample([*runs], len(runs)):
                server = one if kind == "by itself" else all_of_them
                with watching(server.address, "reading" if kind == "watched" else "nobody"):
                    all_of_them.settle(watched=kind == "watched")
                    used[kind] -= server.processor_time()
                    runs[kind].append(server.turn(requests // turns))
                    used[kind] += server.processor_time()
    finally:
        one.stop()
        all_of_them.stop()
    base = runs["by itself"]
    print(
        f"{workload:<9}"
        + "".join(f"{statistics.median(rates):>12.0f}" for rates in runs.values())
        + "".join(
            f"{statistics.median(a / b for a, b in zip(runs[kind], base, strict=True)):>9.3f}"
            for kind in ("shared", "watched")
        )
        + "".join(f"{each / (requests // turns * turns) * 1e6:>12.0f}" for each in used.values())
    )


def streamed(server: Server) -> Iterator[set[str]]:
    """Yield the paths of the requests in each message of the stream, as an open page gets it."""
    ws = connect(server.address)
    try:
        ws.send("40{}")
        while True:
            text = str(ws.recv())
            if text == "2":
                ws.send("3")
            if text.startswith("42"):
                message = json.loads(text[2:])[1]
                ws.send("42" + json.dumps(["ack", message["seq"]]))
                yield {each["path"] for each in message["traces"]}
    finally:
        ws.close()


def polled(server: Server) -> Iterator[set[str]]:
    """Yield the paths of the requests in each answer, as a page gets it that polls."""

    page = get(server.address, "/_lifecycle/").decode()
    key = page.partition('name="lifecycle-key" content="')[2].partition('"')[0]
    headers = {"X-Lifecycle-Key": key, "Content-Type": "application/json"}

    def poll(asked: dict[str, t.Any]) -> dict[str, t.Any]:
        url = f"http://{server.address}/_lifecycle/api/batch"
        ask = urllib.request.Request(url, json.dumps(asked).encode(), headers)
        with urllib.request.urlopen(ask) as answer:
            return t.cast("dict[str, t.Any]", json.load(answer))

    # The first answer of each worker takes longer.
    together(lambda _client: [poll({}) for _ in range(10)])
    asked: dict[str, t.Any] = {}
    running: dict[str, bool] = {}
    while True:
        begun = time.perf_counter()
        message = poll(asked)
        took = time.perf_counter() - begun
        running |= {each["id"]: each["state"] == "running" for each in message["traces"]}
        asked = {
            **{name: message[name] for name in ("epoch", "position")},
            "last": max(running, default=None),
            "running": [each for each, runs in running.items() if runs],
        }
        yield {each["path"] for each in message["traces"]}
        time.sleep(min(_POLL_MOST, max(_POLL_SECONDS, _POLL_PAUSE * took)))


def seen(server: Server, messages: Iterator[set[str]], times: int) -> list[float]:
    """Return the seconds until requests that sleep were known to a page."""
    next(messages)
    found: list[float] = []
    for number in range(times):
        path = f"/slow/{number}"
        # At any time between two looks of the page's.
        time.sleep(random.random() * _POLL_SECONDS)
        begun = time.perf_counter()
        sent = threading.Thread(target=server.get, args=(path,))
        sent.start()
        next(paths for paths in messages if path in paths)
        found.append(time.perf_counter() - begun)
        sent.join()
    return found


def measure_seen(times: int, folder: Path) -> None:
    """Print how long it takes until a running request is known to a page."""
    print(f"\n{'seen after, ms':<24}{'p50':>6}{'p99':>6}{'most':>6}")
    for name, kind, page in (
        ("gthread, by the stream", _THREADS, streamed),
        ("sync, by polls", ("--worker-class", "sync"), polled),
    ):
        server = Server("hello", folder / f"{kind[1]}.sqlite", kind)
        try:
            took = [1000 * each for each in seen(server, page(server), times)]
        finally:
            server.stop()
        p99 = statistics.quantiles(took, n=100)[98]
        print(f"{name:<24}{statistics.median(took):>6.0f}{p99:>6.0f}{max(took):>6.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=16_000)
    parser.add_argument("--turns", type=int, default=8)
    parser.add_argument("--workloads", nargs="*", default=["typical", "hello"])
    parser.add_argument("--times", type=int, default=100, help="that a running request is sought")
    options = parser.parse_args()
    print(
        f"{'workload':<9}{'by itself/s':>12}{'shared/s':>12}{'watched/s':>12}"
        f"{'shared':>9}{'watched':>9}{'by itself µs':>13}{'shared µs':>11}{'watched µs':>12}"
    )
    for workload in options.workloads:
        with tempfile.TemporaryDirectory() as folder:
            measure(workload, options.requests, options.turns, Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        measure_seen(options.times, Path(folder))


if __name__ == "__main__":
    main()
