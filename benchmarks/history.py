"""What writing the history costs the app: ``python -m benchmarks.history``.

Two gunicorn servers of two workers each, one with the history and one in memory alone, take turns;
medians over the turns are compared: requests a second, and the workers' processor time for each
request; `threads` is that of the threads which serve none. Afterwards, each request has to be in
the history, once: in a file, and in a Redis of its own on the same machine.
"""

from __future__ import annotations

import argparse
import os
import re
import socket
import sqlite3
import statistics
import subprocess
import tempfile
import typing as t
from contextlib import closing, suppress
from itertools import count
from pathlib import Path

import redis
from flask import Flask

from flask_lifecycle.history.unpacked import Unpacked

from .gunicorn import CLIENTS, HOST, Gunicorn, together, until
from .variants import recording
from .workloads import WORKLOADS

_ID = re.compile(rb"(?i)x-lifecycle-trace: (\w+)")
_HISTORY = "BENCHMARK_HISTORY"
_WORKLOAD = "BENCHMARK_WORKLOAD"


def make() -> Flask:
    """Return the app of a server, which is described in its environment."""
    app, _ = WORKLOADS[os.environ[_WORKLOAD]]()
    app.config["LIFECYCLE_HISTORY"] = os.environ.get(_HISTORY)
    app.config["LIFECYCLE_MAX_TRACES"] = 1_000_000
    app.config["LIFECYCLE_MAX_BYTES"] = 2**32
    return t.cast("Flask", recording(app))


class Server(Gunicorn):
    """A gunicorn of two workers."""

    def __init__(self, workload: str, history: str | None) -> None:
        _, self._path = WORKLOADS[workload]()
        self.ids: list[bytes] = []
        self._numbers = count()
        super().__init__(
            "benchmarks.history:make()",
            self._path.format(0),
            *("--workers", "2"),
            environ={_WORKLOAD: workload, **({} if history is None else {_HISTORY: history})},
        )

    def turn(self, requests: int) -> float:
        """Send so many requests by several clients at once; return requests a second."""
        each = requests // CLIENTS
        sent: list[list[bytes]] = [[] for _ in range(CLIENTS)]

        def send(client: int) -> None:
            for _ in range(each):
                self._send(sent[client])

        took = together(send)
        self.ids += [trace_id for ids in sent for trace_id in ids]
        return each * CLIENTS / took

    def get(self, path: str) -> None:
        """Send the first request: it is recorded as all others are."""
        self._send(self.ids)

    def _send(self, ids: list[bytes]) -> None:
        with socket.create_connection((HOST, self.port)) as sock:
            path = self._path.format(next(self._numbers))
            sock.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            answer = b""
            while more := sock.recv(65536):
                answer += more
        found = _ID.search(answer)
        assert found is not None, answer[:200]
        ids.append(found[1])


class InFile:
    """A history in a file."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "history.sqlite"
        self.setting = str(self._file)

    def written(self) -> list[str]:
        """Return the ids in it: of what is listed, and of what can be read."""
        with closing(sqlite3.connect(self._file)) as opened:
            listed = [each for (each,) in opened.execute("SELECT id FROM summaries")]
            batches = opened.execute("SELECT batch FROM batches")
            return listed + [each for (data,) in batches for each in Unpacked(data)]

    def count(self) -> int:
        """Return how many requests it has."""
        with closing(sqlite3.connect(self._file)) as opened:
            return t.cast("int", opened.execute("SELECT count(*) FROM summaries").fetchone()[0])

    def size(self) -> int:
        return self._file.stat().st_size

    def close(self) -> None:
        """Leave it to the folder."""


class InRedis:
    """A history in a Redis."""

    def __init__(self, folder: Path) -> None:
        self.setting = f"unix://{folder}/redis.sock"
        self._process = subprocess.Popen(
            [
                *("redis-server", "--port", "0", "--unixsocket", f"{folder}/redis.sock"),
                *("--save", "", "--appendonly", "no", "--dir", str(folder)),
            ],
            stdout=subprocess.DEVNULL,
        )
        self._client = redis.Redis(unix_socket_path=f"{folder}/redis.sock")
        until(self._answers)

    def written(self) -> list[str]:
        members = (each for key in self._keys("index") for each in self._client.zscan_iter(key))
        listed = [member[1:].decode() for member, _ in members]
        batches: t.Iterator[t.Any] = (
            data for key in self._keys("batches") for data in self._client.hvals(key)
        )
        return listed + [each for data in batches for each in Unpacked(data)]

    def count(self) -> int:
        return sum(self._client.zcard(key) for key in self._keys("index"))

    def size(self) -> int:
        return sum(int(self._client.hget(key, "bytes") or 0) for key in self._keys("state"))

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()

    def _answers(self) -> bool:
        with suppress(redis.ConnectionError):
            return bool(self._client.ping())
        return False

    def _keys(self, name: str) -> list[bytes]:
        return [*self._client.scan_iter(f"flask-lifecycle:*:{name}")]


KINDS: dict[str, type[InFile] | type[InRedis]] = {"file": InFile, "redis": InRedis}


def measure(workload: str, kind: str, requests: int, turns: int, folder: Path) -> None:
    """Print one row."""
    history = KINDS[kind](folder)
    alone, both = Server(workload, None), Server(workload, history.setting)
    try:
        for server in (alone, both):
            server.turn(requests // turns)
        rates: list[tuple[float, float]] = []
        late: list[float] = []
        used = [-each.processor_time() for each in (alone, both)]
        beside = -both.beside()
        for _ in range(turns):
            rate = both.turn(requests // turns)
            # So that it does not slow down the other one.
            late.append(until(lambda: history.count() >= len(both.ids)))
            rates.append((alone.turn(requests // turns), rate))
        used = [now + each.processor_time() for now, each in zip(used, (alone, both), strict=True)]
        beside += both.beside()
        found, size = history.written(), history.size()
    finally:
        alone.stop()
        both.stop()
        history.close()
    is_exact = sorted(found) == sorted([each.decode() for each in both.ids] * 2)
    print(
        f"{workload:<9}{kind:<6}{statistics.median(rate for rate, _ in rates):>10.0f}"
        f"{statistics.median(rate for _, rate in rates):>10.0f}"
        f"{statistics.median(there / here for here, there in rates):>8.3f}"
        + "".join(f"{each / (requests // turns * turns) * 1e6:>11.0f}" for each in used)
        + "".join(
            f"{each / (requests // turns * turns) * 1e6:>8.0f}"
            for each in (used[1] - used[0], beside)
        )
        + f"{len(both.ids):>9}{'each once' if is_exact else 'NOT EXACT':>11}"
        f"{statistics.median(late):>8.2f}"
        f"{size / len(both.ids):>9.0f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--turns", type=int, default=8)
    parser.add_argument("--workloads", nargs="*", default=["typical", "hello"])
    parser.add_argument("--kinds", nargs="*", default=[*KINDS], choices=KINDS)
    options = parser.parse_args()
    print(
        f"{'workload':<9}{'in':<6}{'memory/s':>10}{'history/s':>10}{'ratio':>8}"
        f"{'memory µs':>11}{'history µs':>11}{'more':>8}{'threads':>8}{'sent':>9}{'written':>11}"
        f"{'later s':>8}{'bytes':>9}"
    )
    for workload in options.workloads:
        for kind in options.kinds:
            with tempfile.TemporaryDirectory() as folder:
                measure(workload, kind, options.requests, options.turns, Path(folder))


if __name__ == "__main__":
    main()
