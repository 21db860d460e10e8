"""What breakpoints cost, and requests beside one that is held: ``python -m benchmarks.holds``.

CPU time of a page as the extension comes, without holding, and with breakpoints elsewhere; then
requests at a pace to a server with threads, in turns with and without a held request beside them.
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import threading
import time
import typing as t
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from .gunicorn import CLIENTS, HOST, Gunicorn, due, until
from .overhead import line, measure
from .variants import HOLDING, defaults
from .workloads import page

TOKEN = "a-token-of-thirty-two-characters"
THREADS = 8
TURN_SECONDS = 1.0
HELD = "/0/page/1000000"


def make() -> t.Any:
    """Make the app that gunicorn serves."""
    app, _ = page()
    app.config.update(LIFECYCLE_TOKEN=TOKEN, LIFECYCLE_HISTORY=None)
    return defaults(app)


@contextmanager
def served() -> Iterator[int]:
    """Serve the page in a process of its own; yield its port."""
    server = Gunicorn("benchmarks.holds:make()", "/0/page/1", "--threads", str(THREADS))
    try:
        yield server.port
    finally:
        server.stop()


def ask(
    connection: http.client.HTTPConnection, path: str, method: str = "GET", body: t.Any = None
) -> bytes:
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    return connection.getresponse().read()


def paced(port: int, rate: float, seconds: float) -> list[float]:
    """Send requests at a rate, by some clients; return the ms from when each was due."""
    begun = time.perf_counter() + 0.01

    def client(number: int) -> list[float]:
        connection = http.client.HTTPConnection(HOST, port)
        took = []
        for each, at in due(range(number, int(rate * seconds), CLIENTS), rate, begun):
            ask(connection, f"/0/page/{each}")
            took.append((time.perf_counter() - at) * 1000)
        connection.close()
        return took

    with ThreadPoolExecutor(CLIENTS) as pool:
        return [each for found in pool.map(client, range(CLIENTS)) for each in found]


@contextmanager
def one_held(port: int) -> Iterator[None]:
    """Hold one request."""
    panel = http.client.HTTPConnection(HOST, port)

    def api(path: str, method: str = "GET", body: t.Any = None) -> t.Any:
        return json.loads(ask(panel, f"/_lifecycle/api/{path}", method, body))

    api("breakpoints", "PUT", {"breakpoints": [{"stage": "view", "filter": f"path:{HELD}"}]})
    sent = threading.Thread(target=lambda: ask(http.client.HTTPConnection(HOST, port), HELD))
    sent.start()
    until(lambda: api("held")["held"])
    yield
    assert len(api("held")["held"]) == 1, "it was let go by itself"
    api("breakpoints", "PUT", {"breakpoints": []})
    api("held", "POST", {"do": "all"})
    sent.join()


def beside(rate: float, turns: int) -> None:
    took: dict[str, list[float]] = {"none held": [], "one held": []}
    with served() as port:
        paced(port, rate, TURN_SECONDS)
        for _ in range(turns):
            # In turns: whatever else the machine does meets both alike.
            took["none held"] += paced(port, rate, TURN_SECONDS)
            with one_held(port):
                took["one held"] += paced(port, rate, TURN_SECONDS)
    print(f"\n{rate:.0f} requests a second to a server with {THREADS} threads")
    for name, found in took.items():
        cuts = statistics.quantiles(found, n=100)
        text = f"p50 {cuts[49]:.1f} ms, p99 {cuts[98]:.1f} ms"
        print(f"{name}: {len(found)} requests, {text}, longest {max(found):.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=60)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--seconds", type=int, default=5, help="with, and as many without")
    options = parser.parse_args()
    for row in measure("page", list(HOLDING), options.turns):
        print(line(row))
    beside(options.rate, options.seconds)


if __name__ == "__main__":
    main()
