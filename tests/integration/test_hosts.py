"""Services on several machines in one panel, by a Redis that they share."""

from __future__ import annotations

import json
import secrets
import statistics
import threading
import time
import typing as t
import urllib.parse
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import websocket

from tests.helpers.redis import RedisServer
from tests.helpers.servers import PATIENCE, Server, alive, batch, wait_for

# The name of the machine is asked for when the package is imported.
APP = """
import os, socket, sys, time
socket.gethostname = lambda: {host!r}
from flask import Flask, request
from flask_lifecycle import Lifecycle

app = Flask({app!r})
app.debug = True
app.config.update(LIFECYCLE_HISTORY={url!r}, LIFECYCLE_MAX_TRACES={most})
Lifecycle(app)

@app.get("/")
def index():
    return "hello"

@app.get("/runs")
def runs():
    while not os.path.exists(request.args["until"]):
        time.sleep(0.01)
    return "ran"
"""
WEB, CART = "web-1", 'cart "2"\n<b>'


def gunicorn(workers: int) -> list[str]:
    return [
        *("gunicorn", "--worker-class", "gthread", "--threads", "4", "--workers", str(workers)),
        *("--bind", "127.0.0.1:{port}", "--graceful-timeout", "5", "app:app"),
    ]


class Hosts(t.NamedTuple):
    web: Server
    cart: Server
    #: Without a Redis: what it takes, the machine takes.
    alone: Server
    redis: RedisServer


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    """Two services, one of them with two workers, and a Redis of their own; and one without it."""
    redis = RedisServer(tmp_path_factory.mktemp("redis"))
    folders = [tmp_path_factory.mktemp(name) for name in ("web", "cart", "alone")]
    shared = {"url": redis.url, "most": 2000}
    web = Server(folders[0], gunicorn(1), APP.format(host=WEB, app="shop", **shared))
    cart = Server(folders[1], gunicorn(2), APP.format(host=CART, app="cart: b", **shared))
    own = APP.format(host=WEB, app="alone", url=None, most=2000)
    alone = Server(folders[2], gunicorn(1), own)
    yield Hosts(web, cart, alone, redis)
    for each in (web, cart, alone, redis):
        each.stop()


@pytest.fixture
def viewers() -> Iterator[list[websocket.WebSocket]]:
    with alive() as opened:
        yield opened


def send(server: Server, path: str = "/") -> str:
    """Send a request, and return its id."""
    with urllib.request.urlopen(f"http://{server.address}{path}", timeout=PATIENCE) as answer:
        answer.read()
        return str(answer.headers["X-Lifecycle-Trace"])


def listed(server: Server, terms: str = "") -> list[dict[str, t.Any]]:
    found = server.api(f"traces?limit=500&q={urllib.parse.quote(terms)}")["traces"]
    return t.cast("list[dict[str, t.Any]]", found)


def lists(server: Server, ids: set[str]) -> bool:
    return ids <= {each["id"] for each in all_of(server)}


def all_of(server: Server) -> list[dict[str, t.Any]]:
    found: list[dict[str, t.Any]] = []
    before = ""
    while True:
        page = server.api(f"traces?limit=500{before}")
        found += page["traces"]
        if page["next"] is None:
            return found
        before = f"&before={page['next']}"


def lists_none(server: Server, ids: set[str]) -> bool:
    return not ids & {each["id"] for each in all_of(server)}


def problem_of(server: Server) -> str | None:
    return t.cast("str | None", server.api("traces?limit=1")["history"]["problem"])


def is_well(server: Server) -> bool:
    return problem_of(server) is None


def until(ws: websocket.WebSocket, **expected: t.Any) -> dict[str, t.Any]:
    """Receive messages until a request comes."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        for each in batch(ws)["traces"]:
            if expected.items() <= each.items():
                return t.cast("dict[str, t.Any]", each)
    raise AssertionError("it never came")


def test_services_of_several_machines_are_in_each_others_lists(hosts: Hosts) -> None:
    ids = {send(server) for server in (hosts.web, hosts.cart) for _ in range(5)}
    for server in (hosts.web, hosts.cart):
        wait_for(partial(lists, server, ids))
    for server, other, host, app in (
        (hosts.web, hosts.cart, CART, "cart: b"),
        (hosts.cart, hosts.web, WEB, "shop"),
    ):
        [found] = {json.dumps(each["process"]["host"]) for each in listed(server, f'app:"{app}"')}
        assert json.loads(found) == host
        one = send(other)
        wait_for(partial(lists, server, {one}))
        whole = server.api(f"traces/{one}")
        assert whole["steps"]
        assert whole["process"]["host"] == host
    assert {each["process"]["app"] for each in listed(hosts.cart, "host:web-1")} == {"shop"}


def test_what_runs_on_another_machine_is_soon_seen(
    hosts: Hosts, viewers: list[websocket.WebSocket], tmp_path: Path
) -> None:
    def shown(ws: websocket.WebSocket, server: Server, host: str) -> float:
        """Return how long it takes until a request is shown, which runs until then."""
        over = tmp_path / secrets.token_hex(4)
        query = f"until={over}"
        begun = time.monotonic()
        sent = threading.Thread(target=send, args=(server, f"/runs?{query}"))
        sent.start()
        found = until(ws, query=query, state="running")
        took = time.monotonic() - begun
        assert found["process"]["host"] == host
        over.touch()
        assert until(ws, query=query, state="done")["status"] == 200
        sent.join()
        return took

    for server, other, host, there in (
        (hosts.web, hosts.cart, WEB, CART),
        (hosts.cart, hosts.web, CART, WEB),
    ):
        ws, first = server.watch()
        viewers.append(ws)
        assert first["process"]["shared"]
        own, of_other = [], []
        for _ in range(5):
            own.append(shown(ws, server, host))
            of_other.append(shown(ws, other, there))
        # In a few looks at what is shared, beside what the machine itself takes to show it.
        assert min(of_other) < 10 * statistics.median(own)


def test_clear_and_restore_act_on_all_machines(hosts: Hosts) -> None:
    ids = {send(server) for server in (hosts.web, hosts.cart) for _ in range(5)}
    wait_for(partial(lists, hosts.web, ids))
    url = f"http://{hosts.web.address}/_lifecycle/api/traces"
    urllib.request.urlopen(urllib.request.Request(url, method="DELETE"), timeout=PATIENCE).close()
    for server in (hosts.web, hosts.cart):
        wait_for(partial(lists_none, server, ids))
    restore = urllib.request.Request(f"{url}/restore", b"", method="POST")
    urllib.request.urlopen(restore, timeout=PATIENCE).close()
    for server in (hosts.web, hosts.cart):
        wait_for(partial(lists, server, ids))


@pytest.mark.parametrize("how", ["stopped", "silent"])
def test_a_redis_that_is_away_for_a_while_costs_the_app_nothing(
    hosts: Hosts, viewers: list[websocket.WebSocket], how: str
) -> None:
    stop, start = hosts.redis.stop, hosts.redis.start
    if how == "silent":
        stop, start = hosts.redis.pause, hosts.redis.resume
    ws, _ = hosts.web.watch()
    viewers.append(ws)
    times: dict[str, list[float]] = {"with": [], "without": []}
    alone: list[float] = []
    ids: set[str] = set()

    def timed(server: Server) -> tuple[str, float]:
        begun = time.perf_counter()
        return send(server), time.perf_counter() - begun

    def load(kind: str, rounds: int) -> None:
        for _ in range(rounds):
            for server in (hosts.web, hosts.cart):
                # Whatever else the machine does meets both.
                trace, took = timed(server)
                ids.add(trace)
                alone.append(timed(hosts.alone)[1])
                times[kind].append(took - alone[-1])
            time.sleep(0.005)

    load("with", 60)
    ids.clear()
    stop()
    try:
        # Both while that is found out, and then.
        load("without", 60)
        for server in (hosts.web, hosts.cart):
            # Of one of its workers: the others come to know a moment later.
            problem = str(wait_for(partial(problem_of, server)))
            assert hosts.redis.url in problem
            assert problem.count(". ") == 1
        load("without", 60)
    finally:
        start()
    load("with", 30)
    # On a machine that does much else at the same time, the slowest say little.
    before, after = (statistics.median(times[kind]) for kind in ("with", "without"))
    assert after < before + statistics.median(alone), (before, after)
    for server in (hosts.web, hosts.cart):
        wait_for(partial(lists, server, ids))
        wait_for(partial(is_well, server))
