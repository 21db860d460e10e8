from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
import types
import typing as t
import zlib
from functools import cache, partial
from pathlib import Path

import pytest
from opentelemetry.instrumentation.redis import RedisInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from flask_lifecycle import Lifecycle
from flask_lifecycle.history.batch import FORMAT, Batch, Request
from flask_lifecycle.history.document import encode
from flask_lifecycle.history.redis import connection, follower
from flask_lifecycle.history.redis.history import RedisHistory
from flask_lifecycle.history.redis.keys import ADDED, APPS, escaped, keys_of
from tests.helpers import ROOT, cli
from tests.helpers.history import make, run, served
from tests.helpers.redis import RedisServer
from tests.helpers.servers import PATIENCE, Server, wait_for
from tests.helpers.waits import calls

KEYS = keys_of("shop")


def of(redis: RedisServer, app: str = "shop", most: int = 500, size: int = 10**8) -> RedisHistory:
    """Return a history, as another process has it."""
    return RedisHistory(redis.url, app, most, size)


class Row(t.NamedTuple):
    """A request, by its number."""

    number: int
    is_file: bool = False
    cleared: float | None = None
    size: int = 0


@cache
def _recorded() -> bytes:
    app = make()
    app.test_client().get("/a")
    [trace] = app.extensions["lifecycle"]._store.newest()
    return encode(trace)


def batch(*rows: Row) -> Batch:
    """Return requests with ids and sizes of their own, otherwise as they are recorded."""
    unpacker = zlib.decompressobj()
    document = json.loads(unpacker.decompress(_recorded()[1:]))
    fields, [values] = document["fields"], document["traces"]
    document["traces"] = []
    for column in ("sizes", "short"):
        document[column] *= len(rows)
    for each in rows:
        own = {"id": f"{each.number:024x}", "path": f"/{each.number}"}
        own["query"] = os.urandom(each.size).hex()
        changed = {**dict(zip(fields, values, strict=True)), **own}
        document["traces"].append([changed[name] for name in fields])
    text = zlib.compress(json.dumps(document).encode("ascii"))
    data = FORMAT + text + unpacker.unused_data * len(rows)
    requests = [Request(f"{each.number:024x}", each.is_file, each.cleared) for each in rows]
    return Batch(requests, data)


def write(history: RedisHistory, *rows: Row) -> None:
    assert history.write(batch(*rows))


def bytes_in(redis: RedisServer) -> int:
    client = redis.client()
    keys = KEYS["summaries"], KEYS["batches"]
    return sum(client.hstrlen(key, each) for key in keys for each in client.hkeys(key))


def paths(history: RedisHistory, limit: int = 500, before: str | None = None) -> list[str]:
    return [each["path"] for each in history.summaries(limit, before)]


def keys_in(redis: RedisServer) -> set[str]:
    return set(redis.client().scan_iter())


def test_what_is_finished_is_read_by_others_in_the_order_of_its_beginning(
    redis: RedisServer,
) -> None:
    with served(make(history=redis.url)) as there:
        ids = there.get("/a", "/favicon.ico", "/b")
    history = of(redis)
    assert [each["id"] for each in history.summaries()] == ids[::-1]
    assert paths(history, 2) == ["/b", "/favicon.ico"]
    assert paths(history, before=ids[2]) == ["/favicon.ico", "/a"]
    trace = history.get(ids[0])
    assert trace is not None
    assert (trace.path, trace.status) == ("/a", 200)
    assert trace.steps
    assert history.get("f" * 24) is history.get("../etc") is history.get("") is None
    status = history.status()
    assert (status.count, status.problem, status.path) == (3, None, None)
    assert status.place == redis.url
    assert status.size > 500


def test_more_summaries_than_are_asked_for_at_once_are_read(redis: RedisServer) -> None:
    history = of(redis, most=1000)
    write(history, *(Row(number, is_file=number % 3 == 0) for number in range(700)))
    damaged: dict[t.Any, t.Any] = {f"{number:024x}": "{}" for number in range(300, 650)}
    redis.client().hset(KEYS["summaries"], mapping=damaged)
    # Those that are damaged end no page.
    assert paths(history, 100) == [f"/{n}" for n in (*range(699, 649, -1), *range(299, 249, -1))]
    assert len(paths(history, 1_000_000)) == 350


def test_the_limits_are_kept_for_static_files_apart(redis: RedisServer) -> None:
    history = of(redis, most=5)
    for number in range(20):
        write(history, Row(2 * number), Row(2 * number + 1, is_file=True))
    assert paths(history) == [f"/{number}" for number in range(39, 29, -1)]
    client = redis.client()
    assert client.hlen(KEYS["summaries"]) == client.hlen(KEYS["batch_of"]) == 10
    assert client.hlen(KEYS["batches"]) == client.hlen(KEYS["left"]) == 5
    assert bytes_in(redis) == history.status().size
    assert client.xlen(KEYS["requests"]) == client.xlen(KEYS["files"]) == 5
    assert (history.evicted, history.too_large) == (30, 0)


def test_the_limit_of_bytes_is_kept_with_cleared_requests_and_static_files_first(
    redis: RedisServer,
) -> None:
    history = of(redis)
    write(history, Row(1, size=3000))
    write(history, Row(2, size=3000, is_file=True))
    history.clear(restorable=True)
    write(history, Row(3, size=3000))
    write(history, Row(4, size=3000, is_file=True))
    assert bytes_in(redis) == history.status().size
    limit = bytes_in(redis) + 1000
    fifth = of(redis, size=limit)
    write(fifth, Row(5, size=3000))
    # What was cleared had to go.
    assert (fifth.evicted, fifth.too_large) == (0, 0)
    history.restore()
    assert paths(history) == ["/5", "/4", "/3", "/1"]
    limit = bytes_in(redis) + 1000
    write(of(redis, size=limit), Row(6, size=3000))
    assert paths(history) == ["/6", "/5", "/3", "/1"]
    assert bytes_in(redis) == history.status().size
    last = of(redis, size=limit)
    write(last, Row(7, size=50_000))
    assert paths(history) == ["/7"]
    assert (last.evicted, last.too_large) == (4, 4)


def test_what_is_cleared_anywhere_can_be_restored_anywhere(redis: RedisServer) -> None:
    here, there = of(redis), of(redis, "other")
    write(here, Row(1), Row(2, is_file=True))
    write(there, Row(3))
    there.clear(restorable=True)
    assert here.summaries() == there.summaries() == []
    assert here.get(f"{1:024x}") is None
    write(here, Row(4))
    here.clear(restorable=True)
    there.restore()
    assert paths(here) == paths(there) == ["/4", "/3", "/2", "/1"]
    here.clear()
    there.restore()
    assert paths(here) == []
    assert keys_in(redis) == {APPS, ADDED}


def test_a_summary_that_came_with_a_request_is_not_made_again(redis: RedisServer) -> None:
    history = of(redis)
    data = batch(Row(1), Row(2)).data
    given = f'{{"id": "{1:024x}", "path": "/given"}}'
    requests = [Request(f"{1:024x}", False, None, given), Request(f"{2:024x}", False, None)]
    assert history.write(Batch(requests, data))
    assert bytes_in(redis) == history.status().size == len(data) + len(given)
    assert paths(history) == ["/2", "/given"]
    assert bytes_in(redis) == history.status().size


@pytest.mark.parametrize("restorable", [True, False])
def test_what_has_begun_since_is_not_cleared(redis: RedisServer, restorable: bool) -> None:
    history = of(redis)
    write(history, Row(16 << 32), Row((16 << 32) - 1), Row(1, is_file=True))
    history.clear(restorable=restorable, before=f"{16:016x}")
    assert paths(history) == [f"/{16 << 32}"]
    history.restore()
    assert len(paths(history)) == (3 if restorable else 1)


def test_what_was_cleared_goes_after_a_while(redis: RedisServer) -> None:
    history, client = of(redis), redis.client()
    write(history, Row(1))
    history.clear(restorable=True)
    # By itself, where nothing is written any more.
    assert all(0 < client.ttl(key) <= 60 for key in keys_in(redis) - {APPS, ADDED})
    client.hset(KEYS["state"], "cleared", str(int(time.time()) - 100))
    write(history, Row(2))
    history.restore()
    assert paths(history) == ["/2"]
    assert client.hkeys(KEYS["batch_of"]) == [f"{2:024x}"]
    assert bytes_in(redis) == history.status().size < 5000


def test_what_was_running_when_all_was_cleared_is_cleared(redis: RedisServer) -> None:
    history = of(redis)
    write(history, Row(1, cleared=time.time()), Row(2, cleared=0.0), Row(3))
    assert paths(history) == ["/3"]
    history.restore()
    assert paths(history) == ["/3", "/1"]


def test_nothing_is_kept_for_longer_than_a_week(redis: RedisServer) -> None:
    with served(make(history=redis.url)) as there:
        there.get("/a")
        assert there.history.summaries()
    client = redis.client()
    expected = {APPS, ADDED, *KEYS.values()} - {KEYS["cleared"], KEYS["files"]}
    assert keys_in(redis) == expected
    assert all(600_000 < client.ttl(key) <= 604_800 for key in keys_in(redis))
    client.zadd(APPS, {"long-ago": 1000})
    write(of(redis), Row(1))
    assert client.zrange(APPS, 0, -1) == ["shop"]


def test_what_was_written_is_not_written_again(redis: RedisServer) -> None:
    history = of(redis)
    for _ in range(2):
        write(history, Row(1, size=100))
    assert history.status().count == redis.client().xlen(KEYS["requests"]) == 1


def test_requests_of_a_machine_whose_clock_is_late_are_kept_as_long(redis: RedisServer) -> None:
    on_time, late = of(redis, most=10), of(redis, most=10)
    for number in range(20):
        write(on_time, Row(10**6 + number))
        write(late, Row(number))
    ahead, behind = range(10**6 + 19, 10**6 + 14, -1), range(19, 14, -1)
    assert paths(late) == [f"/{number}" for number in (*ahead, *behind)]


NAMES = ["a:b", "{x}", "", "%", "shop 2", "läden\n", "\ud800", "*", "x" * 5000, "x" * 4999, "apps"]


def test_apps_of_any_name_appear_together_and_are_limited_apart(redis: RedisServer) -> None:
    assert len({escaped(name) for name in NAMES}) == len(NAMES)
    for number, name in enumerate(NAMES):
        history = of(redis, name, most=2)
        write(history, *(Row(100 * number + each) for each in range(3)))
    expected = sorted(100 * number + each for number in range(len(NAMES)) for each in (1, 2))
    assert paths(of(redis)) == [f"/{number}" for number in expected[::-1]]
    assert all(key.startswith("flask-lifecycle:") for key in keys_in(redis))
    history.clear()
    assert paths(of(redis)) == []


@pytest.mark.parametrize("key", [*KEYS.values(), APPS, ADDED])
def test_data_of_another_program_under_a_key_is_left_alone(redis: RedisServer, key: str) -> None:
    client = redis.client()
    client.set(key, "a letter to my grandmother")
    with served(make(history=redis.url)) as there:
        for _ in range(3):
            there.get("/a")
        problem = str(there.history.problem)
        assert f"{redis.url} has data of another program under" in problem
        assert len(Lifecycle().traces(there.app)) == 3
        there.history.clear(restorable=True)
        there.history.restore()
        there.history.clear()
        there.history.status()
    assert client.get(key) == "a letter to my grandmother"
    assert keys_in(redis) <= {key, APPS, ADDED}


def test_foreign_entries_are_skipped_and_leave_with_the_oldest(redis: RedisServer) -> None:
    client = redis.client()
    client.zadd(APPS, {"shop\n\x1b[31m": 2e9, "shop": 2e9})
    for number in range(500):
        client.xadd(KEYS["requests"], {"letter": "to my grandmother", "id": f"<{number}>"})
    client.zadd(KEYS["index"], {"r\xff\xfe": 0, "r<script>": 0, "z": 0})
    client.hset(KEYS["summaries"], "<script>", "<script>alert(1)</script>")
    client.hset(KEYS["batch_of"], mapping={f"{7:024x}": "one", f"{9:024x}": "none"})
    client.hset(KEYS["batches"], "one", "no batch")
    client.zadd(KEYS["index"], {f"r{number:024x}": 0 for number in (7, 8, 9)})
    client.hset(KEYS["summaries"], f"{7:024x}", '{"id": "another"}')
    client.hset(KEYS["summaries"], f"{8:024x}", "[" * 100_000)
    history = of(redis, most=20)
    for number in range(100, 200):
        write(history, Row(number))
    assert len(paths(history)) == 16
    assert history.get(f"{7:024x}") is None
    assert client.xlen(KEYS["requests"]) < 50
    assert history.problem is None


def test_a_trace_that_unpacks_to_too_much_is_not_read(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flask_lifecycle.history.unpacked._LARGEST", 100_000)
    history = of(redis)
    bomb = FORMAT + zlib.compress(bytes(10**7))
    assert history.write(Batch([Request(f"{1:024x}", is_file=False, cleared=None)], bomb))
    assert history.get(f"{1:024x}") is None
    assert history.summaries() == []


FORKS = """
import os, sys
from tests.helpers import ROOT, cli
from tests.helpers.history import make, served

with served(make(history="{url}")) as there:
    there.get("/before")
    for number in range(20):
        there.send(f"/{{number}}")
    child = os.fork()
    if not child:
        try:
            with served(make(history="{url}")) as its:
                its.get("/child")
        except BaseException as error:
            print(repr(error), flush=True)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    there.get("/after")
"""


def test_a_forked_process_has_connections_of_its_own(redis: RedisServer, tmp_path: t.Any) -> None:
    assert run(FORKS.format(url=redis.url), tmp_path) == ""
    assert len(paths(of(redis))) == len({*paths(of(redis))}) == 23


def test_tools_that_watch_commands_do_not_see_ours(redis: RedisServer) -> None:
    spans = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    RedisInstrumentor().instrument(tracer_provider=provider)
    try:
        with served(make(history=redis.url)) as there:
            there.get("/a")
            assert there.history.summaries()
        assert not spans.get_finished_spans()
        redis.client().ping()
        assert spans.get_finished_spans()
    finally:
        RedisInstrumentor().uninstrument()


def has(redis: RedisServer, ids: set[str]) -> bool:
    return {each["id"] for each in of(redis).summaries()} >= ids


def test_all_are_written_when_it_is_back(
    redis: RedisServer, caplog: pytest.LogCaptureFixture, soon: None
) -> None:
    with served(make(history=redis.url)) as there:
        ids = there.get("/before")
        for stop, start in ((redis.stop, redis.start), (redis.pause, redis.resume)):
            stop()
            ids += [there.send(f"/{number}") for number in range(20)]
            wait_for(lambda: there.history.problem)
            answer = there.app.test_client().get("/_lifecycle/api/traces?limit=50").get_json()
            assert {each["id"] for each in answer["traces"]} >= {*ids[-20:]}
            assert answer["history"]["problem"] == there.history.problem
            start()
            ids.append(there.send("/after"))
            # What it had in memory is lost with a Redis that is restarted.
            wait_for(partial(has, redis, {*ids[1:]}))
            wait_for(lambda: there.history.problem is None)
    assert caplog.text.count(f"{redis.url} cannot be reached: Connection refused") == 1
    assert caplog.text.count(f"{redis.url} does not answer in time") == 1


def followed(history: RedisHistory, position: str, *expected: str) -> str:
    """Wait until these requests have been added since a position; return the next one."""
    found: list[str] = []

    def more() -> bool:
        nonlocal position
        added = history.added(position)
        if added is not None:
            found.extend(each["path"] for each in added[0])
            position = added[1]
        return len(found) >= len(expected)

    wait_for(more)
    assert found == [*expected]
    return position


def threads() -> list[str]:
    return [each.name for each in threading.enumerate() if "redis" in each.name]


def has_ids(history: RedisHistory, *numbers: int) -> bool:
    return history.ids() == {f"{number:024x}": number % 2 == 1 for number in numbers}


def test_what_others_add_is_followed_in_order_by_one_thread(redis: RedisServer) -> None:
    wait_for(lambda: not threads())
    one, two, other = of(redis), of(redis, most=3), of(redis, "other")
    start = position = one.position()
    # A later request may arrive first.
    write(two, Row(4), Row(1, is_file=True))
    write(other, Row(2))
    position = followed(one, position, "/4", "/1", "/2")
    wait_for(partial(has_ids, one, 1, 2, 4))
    ids = one.ids()
    redis.client().xadd(ADDED, {"letter": "to my grandmother"})
    redis.client().xadd(ADDED, {"app": "shop", "member": "<script>"})
    position = followed(one, position)
    write(two, Row(6), Row(8), Row(10))
    position = followed(one, position, "/6", "/8", "/10")
    wait_for(partial(has_ids, one, 1, 2, 6, 8, 10))
    assert one.ids() is not ids
    # What was removed meanwhile is not sent.
    assert followed(one, start, "/1", "/2", "/6", "/8", "/10") == position
    two.clear(restorable=True)
    wait_for(partial(has_ids, one))
    assert one.added("nowhere") is one.added("1-1-1") is None
    # It ends where nobody has asked for a while.
    wait_for(lambda: one.ids() is not None and threads() == ["flask-lifecycle-redis"])


def test_what_is_followed_is_summarised_but_not_written(redis: RedisServer) -> None:
    one, two = of(redis), of(redis)
    position = one.position()
    write(two, Row(1), Row(3), Row(5, is_file=True))
    size = bytes_in(redis)
    followed(one, position, "/1", "/3", "/5")
    assert bytes_in(redis) == size
    assert paths(one) == ["/5", "/3", "/1"]
    assert bytes_in(redis) > size
    # Those that are there by now are read.
    write(two, Row(7))
    followed(of(redis), position, "/1", "/3", "/5", "/7")


@pytest.mark.parametrize(("count", "seconds"), [(0, 0.03), (5, 0.03), (50, 0.2), (200, 0.8)])
def test_what_comes_fast_is_read_in_a_part_of_the_time(count: int, seconds: float) -> None:
    assert follower.pause_after(count) == pytest.approx(seconds)


def test_nobody_waits_for_what_others_add_where_redis_is_away(
    redis: RedisServer, soon: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = of(redis)
    position = history.position()
    write(of(redis), Row(2))
    position = followed(history, position, "/2")
    redis.pause()
    try:
        wait_for(lambda: history.problem)
        with calls() as called:
            for _ in range(100):
                assert history.added(position) in (([], position), None)
                history.ids()
        assert "flask_lifecycle.history.redis.follower" in called.modules
        assert called.waits == set()
    finally:
        redis.resume()
    write(of(redis), Row(4))
    followed(history, position, "/4")
    wait_for(lambda: history.problem is None)


def test_one_thread_waits_for_a_silent_redis_for_all_others(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A clock that moves on by what each attempt takes, whatever it takes on a busy machine.
    now = time.monotonic()
    attempts = 0

    def sleep(_seconds: float) -> None:
        nonlocal now, attempts
        # Those of other tests may still follow.
        if (os.getpid(), threading.current_thread()) == history._follower._running:
            now += connection._TIMEOUT + follower._AGAIN
            attempts += 1
        time.sleep(0.01)

    history = RedisHistory(f"{redis.url}?socket_timeout=0.4", "shop", 500, 10**8)
    wait_for(lambda: history.added(history.position()))
    monkeypatch.setattr(connection, "time", types.SimpleNamespace(monotonic=lambda: now))
    clock = types.SimpleNamespace(monotonic=time.monotonic, sleep=sleep)
    monkeypatch.setattr(follower, "time", clock)
    redis.pause()
    try:
        # The first of them may have been sent before.
        before = attempts
        wait_for(lambda: (history.ids(), attempts)[1] > before + 1)
        assert history.problem
        with calls() as called:
            while attempts < before + 5:
                history.ids()
                assert history.summaries(1) == []
        assert "flask_lifecycle.history.redis.connection" in called.modules
        assert called.waits == set()
    finally:
        redis.resume()


def test_the_thread_ends_when_nobody_asks(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flask_lifecycle.history.redis.follower._WANTED", 0.1)
    wait_for(lambda: not threads())
    history = of(redis)
    position = history.position()
    wait_for(lambda: not threads())
    write(history, Row(2))
    followed(history, position)
    followed(history, position, "/2")


def test_the_commands_read_what_services_share(redis: RedisServer, tmp_path: t.Any) -> None:
    app = make("shop", history=redis.url.replace("redis://", "redis://:hunter2@"))
    redis.client().config_set("requirepass", "hunter2")
    try:
        none = cli.run(app, "list")
        assert none.code == 1
        assert f"no request yet: {redis.url}." in " ".join(none.err.split())
        cart = make("cart", history=app.config["LIFECYCLE_HISTORY"])
        with served(app) as shop, served(cart) as other:
            shop.get("/first")
            [last] = other.get("/second")
        listed = cli.run(app, "list").out
        assert listed.index("/second") < listed.index("/first")
        assert "/first" not in cli.run(app, "list", "app:cart").out
        assert "/second" in cli.run(app, "show", "last").out
        assert json.loads(cli.run(app, "show", last, "--json").out)["process"]["app"] == "cart"
        assert re.search("2 requests in [1-9] kB", cli.run(app, "doctor").out)
        written = listed + cli.run(app, "doctor").out + none.err
        assert "hunter2" not in written
        assert cli.run(app, "export", "-o", str(tmp_path / "both.json")).code == 0
        assert len(json.loads((tmp_path / "both.json").read_text())["traces"]) == 2
    finally:
        redis.client(password="hunter2").config_set("requirepass", "")


TAIL = """
import flask
app = flask.Flask("shop")
app.config["LIFECYCLE_HISTORY"] = {url!r}
"""


def test_requests_of_other_machines_are_followed(redis: RedisServer, tmp_path: t.Any) -> None:
    (tmp_path / "app.py").write_text(TAIL.format(url=redis.url))
    command = [sys.executable, "-m", "flask", "--app", "app", "lifecycle", "tail"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with served(make("cart", history=redis.url)) as there:
        there.get("/first")
        with subprocess.Popen(
            command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, text=True
        ) as tail:
            watchdog = threading.Timer(60, tail.kill)
            watchdog.start()
            try:
                assert tail.stdout is not None
                assert " GET /first " in tail.stdout.readline()
                there.get("/second")
                assert " GET /second " in tail.stdout.readline()
            finally:
                watchdog.cancel()
                tail.kill()


PATCHED_LATE = """
import sys, time
import flask
from flask_lifecycle import Lifecycle

app = flask.Flask("late")
app.debug = True
app.config["LIFECYCLE_HISTORY"] = {url!r}
Lifecycle(app)
app.add_url_rule("/", view_func=lambda: "hello")

if __name__ == "__main__":
    from gevent import monkey
    monkey.patch_all()
    from gevent.pywsgi import WSGIServer
    WSGIServer(("127.0.0.1", int(sys.argv[1])), app, log=None).serve_forever()
"""


def test_greenlets_go_on_while_a_redis_is_waited_for(redis: RedisServer, tmp_path: t.Any) -> None:
    # It waits for longer than a client does for its answer.
    url = f"{redis.url}?socket_timeout={5 * PATIENCE}"
    server = Server(tmp_path, ["app", "{port}"], PATCHED_LATE.format(url=url))
    try:
        wait_for(lambda: of(redis, "late").summaries())
        redis.pause()
        try:
            # Something has been sent to it that it does not read.
            wait_for(lambda: server.get("/") and unread(redis))
            for _ in range(20):
                assert server.get("/") == "hello"
        finally:
            redis.resume()
        wait_for(lambda: of(redis, "late").status().count > 20)
    finally:
        server.kill()


def unread(redis: RedisServer) -> int:
    """Return how many bytes have come to a Redis that it has not read, by the system's tables."""
    lines = [each.split() for each in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    port = f":{redis.port:04X}"
    return sum(int(each[4].partition(":")[2], 16) for each in lines if each[1].endswith(port))


@pytest.mark.parametrize("how", ["stopped", "silent"])
def test_a_requests_own_thread_waits_for_nothing_where_a_redis_is_away(
    redis: RedisServer, soon: None, how: str
) -> None:
    with served(make(history=redis.url)) as there:
        # With all threads of ours, in the middle of what they want of the Redis.
        there.get("/a")
        (redis.pause if how == "silent" else redis.stop)()
        there.get("/b")
        try:
            with calls() as called:
                for number in range(50):
                    there.send(f"/{number}")
        finally:
            redis.revive()
    assert "flask_lifecycle.trace.writer" in called.modules
    assert called.waits == set()
