"""What processes of several machines share: a real Redis, and real processes that end."""

from __future__ import annotations

import subprocess
import sys
import time
import typing as t
import zlib
from functools import partial

import pytest

from flask_lifecycle.history.redis.connection import Redis
from flask_lifecycle.history.redis.keys import shared
from flask_lifecycle.processes import redis as module
from flask_lifecycle.processes.protocol import Board, Published
from flask_lifecycle.processes.redis import RedisBoard
from tests.helpers import ROOT
from tests.helpers.boards import viewers_come_and_go, viewers_die
from tests.helpers.redis import RedisServer
from tests.helpers.servers import wait_for

RUNS = {"id": "a" * 24, "state": "running"}
#: Seconds for which somebody watches, until the end of a test.
LONG = 100.0
#: Seconds that the clock of a Redis leaves out.
ROUNDED = 0.01


def board(redis: RedisServer) -> RedisBoard:
    return RedisBoard(Redis(redis.url))


def run(redis: RedisServer, code: str) -> None:
    """Run code with a board of another process, which ends without a word."""
    script = (
        "import os\nfrom flask_lifecycle.history.redis.connection import Redis\n"
        "from flask_lifecycle.processes.redis import RedisBoard\n"
        f"board = RedisBoard(Redis({redis.url!r}))\n{code}\nos._exit(0)"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)


def keys(redis: RedisServer) -> list[str]:
    return [*redis.client().scan_iter()]


def published_since(before: float, of: RedisBoard) -> Published:
    """Return what another process has published, once it was at a time from then on."""
    asked = time.time()
    [found] = of.others()
    now = time.time()
    # It is known for how long it stays, at some moment until that comes.
    assert before - (now - asked) - ROUNDED <= found.at <= now + ROUNDED
    return found


def test_a_process_knows_that_another_one_has_viewers_for_a_while(redis: RedisServer) -> None:
    one, two, three = board(redis), board(redis), board(redis)
    assert isinstance(one, Board)
    assert (one.watched(), one.others(), one.told(0), one.latest(), one.counts()) == (
        *(None, [], [], 0, {}),
    )
    assert keys(redis) == []
    two.watch(frozenset(), LONG)
    assert keys(redis)
    assert all(redis.client().ttl(each) > 0 for each in keys(redis))
    viewers_come_and_go(one, two, three, LONG)


def test_viewers_of_a_process_that_died_are_gone(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewers_die(board(redis), partial(run, redis), monkeypatch)


def test_what_is_published_is_replaced_and_forgotten(redis: RedisServer) -> None:
    one, two = board(redis), board(redis)
    before = time.time()
    two.publish({"pid": 2}, [RUNS], {"x": {"id": "x", "steps": [1]}})
    found = published_since(before, one)
    assert found == Published({"pid": 2}, found.at, [RUNS], False)
    assert one.trace("x") == {"id": "x", "steps": [1]}
    assert (two.others(), two.trace("x")) == ([], None)
    two.publish({"pid": 2}, [RUNS], {"y": {"id": "y"}})
    two.publish({"pid": 2}, [RUNS], {"y": None})
    assert one.trace("y") is None
    two.publish({"pid": 2}, [], {"x": {"id": "x", "steps": [1, 2]}})
    assert [each.running for each in one.others()] == [[]]
    assert one.trace("x") == {"id": "x", "steps": [1, 2]}
    assert all(redis.client().ttl(each) > 0 for each in keys(redis))
    two.leave()
    assert (one.others(), one.trace("x")) == ([], {"id": "x", "steps": [1, 2]})


def test_a_process_that_died_is_gone_with_what_ran_in_it(redis: RedisServer) -> None:
    one = board(redis)
    run(redis, f"board.publish({{'pid': 2}}, [{RUNS!r}], {{}})")
    run(redis, "board.publish({'pid': 3}, [dict(id='b', state='done')], {})")
    assert [(each.process["pid"], each.running) for each in one.others()] == [(2, [RUNS])]
    assert [each.is_gone for each in one.others()] == [True]
    assert redis.client().scard(module._PROCESSES) == 1


@pytest.mark.parametrize("boot", ["", "another machine of the same name"])
def test_a_process_of_another_machine_is_gone_once_it_is_silent(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch, boot: str
) -> None:
    one = board(redis)
    monkeypatch.setattr(module, "_SILENT", LONG)
    run(redis, "")
    with monkeypatch.context() as there:
        # Its number is of no process of this machine.
        there.setattr(module, "_boot", lambda: boot)
        there.setattr(module, "own", lambda: ("web-2\n", 2**22 + 1, 1.0, "", "1"))
        two = board(redis)
        two.publish({"pid": 2}, [RUNS], {})
    assert [each.is_gone for each in one.others()] == [False]
    monkeypatch.setattr(module, "_SILENT", 0.1)
    wait_for(lambda: [each.is_gone for each in one.others()] == [True])


def test_clocks_of_other_machines_do_not_count(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = board(redis), board(redis)
    now = time.time
    before = now()
    with monkeypatch.context() as there:
        there.setattr(time, "time", lambda: now() - 3600)
        two.publish({"pid": 2}, [RUNS], {})
        two.watch(frozenset({"x"}), LONG)
        two.tell("clear", {})
    published_since(before, one)
    assert one.watched() == frozenset({"x"})
    assert len(one.told(0)) == 1


def test_a_fork_is_another_process(redis: RedisServer) -> None:
    code = (
        "board.publish({'pid': 2}, [], {})\n"
        "if not os.fork():\n"
        "    board.publish({'pid': 3}, [], {})\n"
        "    board.leave()\n"
        "    os._exit(0)\n"
        "os.wait()\n"
        f"other = RedisBoard(Redis({redis.url!r}))\n"
        "assert [each.process['pid'] for each in other.others()] == [2], other.others()"
    )
    run(redis, code)


def test_a_thousand_processes_of_a_day_leave_nothing(redis: RedisServer) -> None:
    run(
        redis,
        "for number in range(1000):\n"
        "    board._random = f'{number:016x}'\n"
        "    board.watch(frozenset(), 0.1)\n"
        "    board.publish({'pid': number}, [], {})\n",
    )
    one = board(redis)
    wait_for(lambda: one.others() == [] and one.watched() is None and not keys(redis))


def test_messages_come_to_all_others_in_order(redis: RedisServer) -> None:
    one, two = board(redis), board(redis)
    one.tell("early", {})
    start = two.latest()
    one.tell("clear", {"at": 1.5})
    two.tell("later", {})
    one.tell("x", {"name": "日本"})
    assert [each[1:] for each in two.told(start)] == [
        ("clear", {"at": 1.5}),
        ("x", {"name": "日本"}),
    ]
    assert [each[1:] for each in one.told(start)] == [("later", {})]
    last = two.told(start)[-1][0]
    assert last == two.latest()
    assert two.told(last) == []
    assert len(two.told(0)) == 3


def test_counts_are_of_all_processes(redis: RedisServer) -> None:
    one, two = board(redis), board(redis)
    one.count("evicted", 3)
    two.count("evicted", 4)
    two.count("ignored", 1)
    assert one.counts() == {"evicted": 7, "ignored": 1}


GARBAGE: list[t.Any] = [
    b"no zlib",
    zlib.compress(b"[" * 100_000),
    zlib.compress(b"{}"),
    zlib.compress(b'["", ["web-1", 1, 2.0, "", ""], [], []]'),
    zlib.compress(b'["", ["web-1", 1, 2.0, "", ""], {}, {}]'),
    zlib.compress(b'["", [1, 2], {}, []]'),
    zlib.compress(b"7"),
]


@pytest.mark.parametrize("data", GARBAGE)
def test_what_another_program_wrote_is_left_out(redis: RedisServer, data: bytes) -> None:
    one, two, client = board(redis), board(redis), redis.client()
    two.publish({"pid": 2}, [RUNS], {"x": {}})
    two.watch(frozenset())
    client.set(module._process(two._key), data, px=500_000)
    client.set(module._viewer(two._key), "[" * 100_000)
    client.set(shared("steps:x"), data)
    client.sadd(module._PROCESSES, "letter\n", "\x1b[31m")
    client.xadd(module._TOLD, {"letter": "to my grandmother"})
    client.xadd(module._TOLD, {"kind": "clear", "data": "[]"})
    client.hset(module._COUNTS, mapping={"evicted": "many", "ignored": 2})
    assert one.others() == []
    assert (one.told(0), one.trace("x"), one.counts()) == ([], None, {"ignored": 2})
    assert one.problem is None


def test_keys_of_another_type_are_left_alone(redis: RedisServer) -> None:
    client = redis.client()
    names = [module._VIEWERS, module._PROCESSES, module._TOLD, module._COUNTS]
    for name in names:
        client.set(name, "a letter")
    one = board(redis)
    one.watch(frozenset())
    one.publish({}, [], {})
    one.tell("clear", {})
    one.count("evicted", 1)
    assert "has data of another program" in str(one.problem)
    assert (one.others(), one.watched(), one.told(0), one.latest(), one.counts()) == (
        *([], None, [], 0, {}),
    )
    assert [client.get(name) for name in names] == ["a letter"] * 4


def test_a_redis_that_is_away_is_named(redis: RedisServer) -> None:
    one = board(redis)
    redis.stop()
    try:
        assert (one.watched(), one.others(), one.told(0), one.latest()) == (None, [], [], 0)
        assert one.problem == f"{redis.url} cannot be reached: Connection refused"
    finally:
        redis.start()
    wait_for(lambda: one.others() == [] and one.problem is None)


def test_a_clean_end_leaves_nothing(redis: RedisServer) -> None:
    run(redis, "board.publish({}, [], {}); board.watch(frozenset()); board.leave()")
    assert keys(redis) == []
