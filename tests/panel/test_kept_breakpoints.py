"""Breakpoints outlive the process, in a Redis or a file that nobody else can read or plant."""

from __future__ import annotations

import hashlib
import json
import threading
import time
import typing as t
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import Client

from flask_lifecycle import Lifecycle
from flask_lifecycle.holds.breakpoints import Breakpoint
from flask_lifecycle.holds.holder import Holder
from flask_lifecycle.panel import kept_breakpoints
from flask_lifecycle.panel.kept_breakpoints import KeptBreakpoints, _File
from flask_lifecycle.recorder import holding
from flask_lifecycle.trace.owner import Owner
from tests.helpers.apps import LOCAL, TOKEN
from tests.helpers.redis import RedisServer
from tests.helpers.servers import wait_for

Json = dict[str, t.Any]


class Run:
    """A process of an app, as far as its breakpoints go."""

    def __init__(self, history: Path | str, name: str = __name__) -> None:
        self.app = Flask(name)
        self.app.debug = True
        self.app.config.update(LIFECYCLE_TOKEN=TOKEN, LIFECYCLE_HISTORY=history)
        Lifecycle(self.app)

    def call(self, method: str = "GET", body: Json | None = None) -> Json:
        given = {**LOCAL, "wsgi.multithread": True, "HTTP_AUTHORIZATION": f"Bearer {TOKEN}"}
        answer = Client(self.app).open(
            "/_lifecycle/api/breakpoints", method=method, json=body, environ_overrides=given
        )
        assert answer.status_code == 200, answer.text
        found: Json = answer.get_json()
        return found

    def end(self) -> None:
        Lifecycle().undo(self.app)
        assert not holding.armed


class Noted:
    """A place that has the last text."""

    text: str | None = None

    def read(self) -> str | None:
        return self.text

    def write(self, text: str) -> None:
        self.text = text


@pytest.fixture
def history(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite"


@pytest.fixture
def beside(history: Path) -> Path:
    app = hashlib.sha256(__name__.encode()).hexdigest()[:16]
    return history.with_name(f"history.sqlite-breakpoints-{app}.json")


def test_they_are_there_again_in_the_next_process(history: Path, beside: Path) -> None:
    run = Run(history)
    assert run.call()["breakpoints"] == []
    assert not beside.exists()
    given = [
        {"stage": "view", "name": "a*", "filter": "method:POST"},
        {"name": "x", "when": "after", "on": False},
        {"name": "y", "once": True},
    ]
    made = run.call("PUT", {"on": False, "breakpoints": given})
    run.end()
    assert beside.stat().st_mode & 0o777 == 0o600

    run = Run(history)
    again = run.call()
    assert again["on"] is False
    # What holds once may have done so.
    assert again["breakpoints"] == made["breakpoints"][:2]
    run.call("PUT", {"breakpoints": []})
    run.end()
    run = Run(history)
    assert run.call()["breakpoints"] == []
    run.end()
    assert list(beside.parent.glob("*.json*")) == [beside]


def test_a_change_while_another_thread_reads_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Flask(__name__)
    holder, place = Holder(Owner(app), 1.0), Noted()
    kept = KeptBreakpoints(holder, place)
    changing = threading.Thread(target=kept.changed)

    def meanwhile() -> float:
        if threading.current_thread() is not changing:
            monkeypatch.undo()
            holder.set([Breakpoint(name="a")], on=True)
            changing.start()
            changing.join(0.1)
        return time.monotonic()

    monkeypatch.setattr(kept_breakpoints, "monotonic", meanwhile)
    kept.catch_up()
    changing.join()
    assert '"name": "a"' in str(place.text)
    holder.close()


def test_a_file_that_cannot_be_replaced_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    path.mkdir()
    _File(path).write("{}")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("kept_in", ["a file", "a Redis"])
def test_apps_of_one_history_have_their_own(kept_in: str, request: pytest.FixtureRequest) -> None:
    history = request.getfixturevalue("history")
    if kept_in == "a Redis":
        history = request.getfixturevalue("redis").url
    run = Run(history)
    made = run.call("PUT", {"breakpoints": [{"stage": "view"}]})["breakpoints"]
    run.end()
    other = Run(history, "other")
    assert other.call()["breakpoints"] == []
    other.call("PUT", {"breakpoints": [{"stage": "dispatch"}]})
    other.end()
    run = Run(history)
    assert run.call()["breakpoints"] == made
    run.end()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"breakpoints": 1}',
        '{"breakpoints": [{"stage": "eval"}]}',
        "[" * 9999,
    ],
)
def test_what_is_none_of_ours_is_ignored(history: Path, beside: Path, text: str) -> None:
    beside.write_text(text)
    beside.chmod(0o600)
    run = Run(history)
    assert run.call()["breakpoints"] == []
    run.end()


def test_a_link_or_a_file_that_others_can_write_is_not_read(history: Path, beside: Path) -> None:
    planted = json.dumps({"breakpoints": [{"stage": "view"}]})
    other = beside.with_name("other")
    other.write_text(planted)
    other.chmod(0o600)
    beside.symlink_to(other)
    run = Run(history)
    assert run.call()["breakpoints"] == []
    run.end()
    beside.unlink()
    beside.write_text(planted)
    beside.chmod(0o666)
    run = Run(history)
    assert run.call()["breakpoints"] == []
    # It is replaced, not written to.
    run.call("PUT", {"breakpoints": [{"stage": "dispatch"}]})
    assert beside.stat().st_mode & 0o777 == 0o600
    run.end()


LIST = [{"stage": "view", "name": "a*"}, {"name": "x", "when": "after", "on": False}]


def names(run: Run) -> list[str | None]:
    return [each["name"] for each in run.call()["breakpoints"]]


def keys(redis: RedisServer) -> list[str]:
    return sorted(redis.client().scan_iter("*:breakpoints:*"))


def kept(redis: RedisServer, value: str | bytes | None = None) -> str:
    """Keep a list, and return its key.

    :param value: what is put in the place of the list.
    """
    run = Run(redis.url)
    run.call("PUT", {"on": False, "breakpoints": LIST})
    run.end()
    key = keys(redis)[0]
    if value is not None:
        redis.client().hset(key, "text", value)
    return key


def test_a_redis_keeps_those_of_each_machine_for_some_weeks(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(redis.url)
    assert (names(run), keys(redis)) == ([], [])
    run.call("PUT", {"breakpoints": []})
    run.end()
    assert keys(redis) == []
    with monkeypatch.context() as there:
        there.setattr("flask_lifecycle.processes.member.HOST", 'web "2"\n*:é')
        elsewhere = Run(redis.url)
        elsewhere.call("PUT", {"breakpoints": [{"name": "elsewhere"}]})
        elsewhere.end()
    [other] = keys(redis)
    kept(redis)
    [key] = {*keys(redis)} - {other}
    redis.client().persist(key)
    run = Run(redis.url)
    found = run.call()
    assert found["on"] is False
    assert [each["name"] for each in found["breakpoints"]] == ["a*", "x"]
    # It is in use: the time begins again.
    assert 29 * 86_400 < redis.client().ttl(key) <= 30 * 86_400
    assert 29 * 86_400 < redis.client().ttl(other) <= 30 * 86_400
    run.call("PUT", {"breakpoints": []})
    run.end()
    run = Run(redis.url)
    assert names(run) == []
    run.end()


def test_of_another_version_only_what_is_known_is_taken(redis: RedisServer) -> None:
    later = [{"stage": "websocket_message"}, *LIST, {"name": "y", "when": "during"}, 7]
    kept(redis, json.dumps({"on": True, "breakpoints": later, "format": 2}))
    run = Run(redis.url)
    assert names(run) == ["a*", "x"]
    run.end()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"breakpoints": 1}', "[" * 9999, b"\xff"])
def test_garbage_in_a_redis_is_ignored(redis: RedisServer, text: str | bytes) -> None:
    kept(redis, text)
    run = Run(redis.url)
    assert names(run) == []
    run.end()


def test_a_key_of_another_program_is_left_alone(redis: RedisServer) -> None:
    key = kept(redis)
    client = redis.client()
    client.delete(key)
    client.xadd(key, {"letter": "to my grandmother"})
    run = Run(redis.url)
    assert names(run) == []
    run.call("PUT", {"breakpoints": LIST})
    assert names(run) == ["a*", "x"]
    run.end()
    assert (client.xlen(key), client.ttl(key)) == (1, -1)


def test_a_redis_that_is_away_is_asked_and_written_later(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_breakpoints, "_AGAIN_SECONDS", 0.05)
    monkeypatch.setattr("flask_lifecycle.history.redis.connection._AWAY_SECONDS", 0.05)
    kept(redis)
    redis.stop()
    run = Run(redis.url)
    assert names(run) == []
    redis.start()
    kept(redis)
    wait_for(lambda: names(run) == ["a*", "x"])
    redis.stop()
    run.call("PUT", {"breakpoints": LIST[1:]})
    redis.start()
    wait_for(lambda: names(run) and keys(redis))
    run.end()
    run = Run(redis.url)
    assert names(run) == ["x"]
    run.end()
