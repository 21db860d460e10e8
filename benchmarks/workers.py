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
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import typing as t
import urllib.request
from pathlib import Path

from flask import Flask

from flask_lifecycle.processes import registry

from .variants import recording
from .viewers import connect, watching
from .workloads import WORKLOADS

_CLIENTS = 4
_FILE = "BENCHMARK_HISTORY"
_WORKLOAD = "BENCHMARK_WORKLOAD"
_ALONE = "BENCHMARK_ALONE"
_SLOW = 0.5
_LEFT = 5.0


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


class Server:
    """A gunicorn of three workers."""

    def __init__(self, workload: str, file: Path, *, alone: bool) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = "{}:{}".format(*free.getsockname())
        _, self._path = WORKLOADS[workload]()
        named = {_FILE: str(file), _WORKLOAD: workload, **({_ALONE: "1"} if alone else {})}
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "--workers", "3", "--log-level", "warning"),
                *("--worker-class", "gthread", "--threads", "4", "--bind", self.address),
                "benchmarks.workers:make()",
            ],
            env={**os.environ, **named},
        )
        while True:
            try:
                self.get(self._path.format(0))
                break
            except OSError:
                time.sleep(0.05)

    def get(self, path: str) -> None:
        with urllib.request.urlopen(f"http://{self.address}{path}") as answer:
            answer.read()

    def turn(self, requests: int) -> float:
        """Send so many requests by several clients at once; return requests a second."""
        each = requests // _CLIENTS

        def send() -> None:
            for number in range(each):
                self.get(self._path.format(number))

        clients = [threading.Thread(target=send) for _ in range(_CLIENTS)]
        begun = time.perf_counter()
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        return each * _CLIENTS / (time.perf_counter() - begun)

    def processor_time(self) -> float:
        """Return the seconds that the workers have computed so far, by Linux's own count."""
        tasks = Path(f"/proc/{self._process.pid}/task/{self._process.pid}")
        workers = (tasks / "children").read_text().split()
        stats = (Path(f"/proc/{each}/stat").read_text().rpartition(")")[2] for each in workers)
        ticks = sum(int(each) for stat in stats for each in stat.split()[11:13])
        return ticks / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()


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
                    # A viewer that has left counts for some seconds.
                    time.sleep(0.5 if kind == "watched" else _LEFT)
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
