"""What a Redis that is away costs a request: ``python -m benchmarks.redis_away``.

Short rounds of the same load take turns, in an order that changes: the Redis answers, it is silent
(SIGSTOP) from the begin of the round on, or it is killed then. Somebody watches all the time. What
else the machine does falls on all of them alike, and dominates the time that a request takes. So
the server also says of each request how long its own thread computed, and how often that thread
waited for anything: a lock, a socket or another thread (voluntary context switches, by Linux's own
count). A request that waited for a Redis would wait once more, on any machine. The differences are
given with the interval in which 95 % of those lie that are drawn from the same rounds.
"""

from __future__ import annotations

import argparse
import http.client
import os
import random
import resource
import signal
import socket
import statistics
import subprocess
import tempfile
import time
import typing as t
from collections.abc import Callable, Iterable
from functools import partial

from .gunicorn import CLIENTS, HOST, Gunicorn, due, together, until
from .variants import recording
from .viewers import get, watching
from .workloads import typical

_URL = "BENCHMARK_REDIS"
_SPENT = "X-Spent"
STATES = ("answers", "silent", "killed")
# How often rounds are drawn for an interval.
_DRAWN = 1000
#: Of one request: µs by the client, µs by the server, µs that its thread computed, and its waits.
Spent = tuple[float, float, float, int]
Round = list[Spent]


def make() -> t.Any:
    """Make the app that gunicorn serves; each response says what it took of its thread."""
    app, _ = typical()
    app.config["LIFECYCLE_HISTORY"] = os.environ[_URL]
    recorded = recording(app)

    def measured(environ: dict[str, t.Any], start_response: t.Any) -> t.Any:
        if environ["PATH_INFO"].startswith("/_lifecycle"):
            return recorded(environ, start_response)
        started: list[t.Any] = []
        before = _spent()
        result = recorded(environ, lambda *given: started.append(given))
        try:
            body = b"".join(result)
        finally:
            result.close()
        spent = [after - earlier for after, earlier in zip(_spent(), before, strict=True)]
        status, headers = started[-1][:2]
        start_response(status, [*headers, (_SPENT, " ".join(map(str, spent)))])
        return [body]

    return measured


def _spent() -> tuple[int, int, int]:
    """Return the time in ns, that of this thread, and how often it has waited."""
    waits = resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw
    return time.perf_counter_ns(), time.thread_time_ns(), waits


class Redis:
    """A Redis that can be away."""

    def __init__(self, folder: str) -> None:
        with socket.socket() as free:
            free.bind((HOST, 0))
            self._port = free.getsockname()[1]
        self.url = f"redis://{HOST}:{self._port}"
        options = ("--bind", HOST, "--save", "", "--appendonly", "no", "--dir", folder)
        self._command = ["redis-server", "--port", str(self._port), *options]
        self.away: dict[str, Callable[[], None]] = {
            "answers": lambda: None,
            "silent": lambda: self._process.send_signal(signal.SIGSTOP),
            "killed": self.kill,
        }
        self._start()

    def _start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        until(self._is_up)

    def _is_up(self) -> bool:
        try:
            socket.create_connection((HOST, self._port), 1).close()
        except OSError:
            return False
        return True

    def back(self) -> None:
        """Let it answer again."""
        self._process.send_signal(signal.SIGCONT)
        if self._process.poll() is not None:
            self._start()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


def send(port: int, path: str, seconds: float, rate: float) -> Round:
    """Send requests at a rate, by some clients."""
    found: Round = []

    def client(number: int) -> None:
        connection = http.client.HTTPConnection(HOST, port)
        begun = time.perf_counter()
        for each, _ in due(range(int(seconds * rate / CLIENTS)), rate / CLIENTS, begun):
            asked = time.perf_counter()
            connection.request("GET", path.format(number * 1_000_000 + each))
            answer = connection.getresponse()
            answer.read()
            took = (time.perf_counter() - asked) * 1e6
            wall, computed, waits = map(int, str(answer.headers[_SPENT]).split())
            found.append((took, wall / 1000, computed / 1000, waits))
        connection.close()

    together(client)
    return found


def p99(values: Iterable[float]) -> float:
    return statistics.quantiles(values, n=100)[98]


#: What is compared: how it is called, which of a request's figures, and how they are put together.
FIGURES: tuple[tuple[str, int, Callable[[list[float]], float]], ...] = (
    ("p50 µs", 0, statistics.median),
    ("p99 µs", 0, p99),
    ("p99 µs in the server", 1, p99),
    ("p50 µs of its thread", 2, statistics.median),
    ("p99 µs of its thread", 2, p99),
    ("waits of its thread", 3, statistics.fmean),
)


def figure(rounds: list[Round], index: int, of: Callable[[list[float]], float]) -> float:
    return of([each[index] for one in rounds for each in one])


def more(
    there: list[Round], here: list[Round], index: int, of: Callable[[list[float]], float]
) -> tuple[float, float, float]:
    """Return how much more it is there, and between which values 95 % of what is drawn lies."""
    drawn = []
    for _ in range(_DRAWN):
        # In pairs, of the same turn: the machine is as busy in both.
        turns = random.choices(range(len(here)), k=len(here))
        pair = [[rounds[each] for each in turns] for rounds in (there, here)]
        drawn.append(figure(pair[0], index, of) - figure(pair[1], index, of))
    cuts = statistics.quantiles(drawn, n=40)
    return figure(there, index, of) - figure(here, index, of), cuts[0], cuts[-1]


def measure(turns: int, seconds: float, rate: float) -> dict[str, list[Round]]:
    """Return the rounds of each state."""
    rounds: dict[str, list[Round]] = {state: [] for state in STATES}
    _, path = typical()
    with tempfile.TemporaryDirectory() as folder:
        redis = Redis(folder)
        options = ("--worker-class", "gthread", "--threads", "8")
        server = Gunicorn(
            "benchmarks.redis_away:make()", path.format(0), *options, environ={_URL: redis.url}
        )
        try:
            with watching(server.address, "reading"):
                send(server.port, path, 1, rate)
                for _ in range(turns):
                    for state in random.sample(STATES, len(STATES)):
                        redis.away[state]()
                        rounds[state].append(send(server.port, path, seconds, rate))
                        redis.back()
                        # Until what it could not write is written.
                        until(partial(_is_well, server.address))
        finally:
            server.stop()
            redis.kill()
    return rounds


def _is_well(address: str) -> bool:
    return b'"problem":null' in get(address, "/_lifecycle/api/traces?limit=1")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--rate", type=float, default=200)
    options = parser.parse_args()
    rounds = measure(options.turns, options.seconds, options.rate)
    sent = sum(map(len, rounds["answers"]))
    print(f"{sent} requests in each state; what more it takes than while the Redis answers (95 %)")
    print(f"{'':<22}{'answers':>10}" + "".join(f"{each:>34}" for each in STATES[1:]))
    here = rounds["answers"]
    for name, index, of in FIGURES:
        line = f"{name:<22}{figure(here, index, of):>10.1f}"
        for state in STATES[1:]:
            found, low, high = more(rounds[state], here, index, of)
            line += f"{found:+.1f} ({low:+.1f} to {high:+.1f})".rjust(34)
        print(line)


if __name__ == "__main__":
    main()
