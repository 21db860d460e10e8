"""What it costs that workers see each other: ``python -m benchmarks.workers``.

Two gunicorn servers of three workers each take turns, all with the history: in one, each worker is
by itself, as if there were nothing to share; in the other, they share a panel, which nobody or
somebody watches. Medians over the turns are compared. Then it is measured how long it takes until a
request that sleeps is drawn as running, whichever worker has it.
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
from pathlib import Path

from flask import Flask

from flask_lifecycle.processes import registry
from flask_lifecycle.processes.sqlite import SqliteBoard

from .gunicorn import CLIENTS, Gunicorn, together, until
from .variants import recording
from .viewers import connect, watching
from .workloads import WORKLOADS

_FILE = "BENCHMARK_HISTORY"
_WORKLOAD = "BENCHMARK_WORKLOAD"
_ALONE = "BENCHMARK_ALONE"
_SLOW = 0.5


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

    def __init__(self, workload: str, file: Path, *, alone: bool) -> None:
        _, self._path = WORKLOADS[workload]()
        super().__init__(
            "benchmarks.workers:make()",
            self._path.format(0),
            *("--workers", "3", "--worker-class", "gthread", "--threads", "4"),
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
    all_of_them = Server(workload, folder / "all.sqlite", alone=False)
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
        took = seen(all_of_them, 60)
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
        + f"{statistics.median(took) * 1000:>10.0f}{max(took) * 1000:>8.0f}"
    )


def seen(server: Server, times: int) -> list[float]:
    """Return the seconds until requests that sleep were seen running, by one open panel."""
    ws = connect(server.address)
    ws.send("40{}")
    found: list[float] = []
    for number in range(times):
        begun = time.perf_counter()
        sent = threading.Thread(target=server.get, args=(f"/slow/{number}",))
        sent.start()
        while len(found) == number:
            text = str(ws.recv())
            if text == "2":
                ws.send("3")
            if not text.startswith("42"):
                continue
            message = json.loads(text[2:])[1]
            ws.send("42" + json.dumps(["ack", message["seq"]]))
            if any(each["path"] == f"/slow/{number}" for each in message["traces"]):
                found.append(time.perf_counter() - begun)
        sent.join()
    ws.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=16_000)
    parser.add_argument("--turns", type=int, default=8)
    parser.add_argument("--workloads", nargs="*", default=["typical", "hello"])
    options = parser.parse_args()
    print(
        f"{'workload':<9}{'by itself/s':>12}{'shared/s':>12}{'watched/s':>12}"
        f"{'shared':>9}{'watched':>9}{'by itself µs':>13}{'shared µs':>11}{'watched µs':>12}"
        f"{'seen ms':>10}{'most':>8}"
    )
    for workload in options.workloads:
        with tempfile.TemporaryDirectory() as folder:
            measure(workload, options.requests, options.turns, Path(folder))


if __name__ == "__main__":
    main()
