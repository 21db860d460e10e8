from __future__ import annotations

import socket
import subprocess
import sys
import time
import typing as t
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from flask_lifecycle import Lifecycle
from flask_lifecycle.history.problems import HistoryError
from flask_lifecycle.history.redis.connection import Redis, shown
from flask_lifecycle.processes.registry import board_of
from tests.helpers.cli import run
from tests.helpers.history import make, served
from tests.helpers.redis import RedisServer, delayed, listening
from tests.helpers.servers import wait_for
from tests.helpers.waits import calls

PASSWORD = "hunter2 %:@/?"
ESCAPED = "hunter2%20%25%3A%40%2F%3F"


def fails(url: str) -> str:
    """Serve an app; return the one sentence that says what is missing, wherever it stands."""
    with served(make(history=url)) as there:
        ids = there.get("/a", "/b")
        assert len(Lifecycle().traces(there.app)) == 2
        problem = str(there.history.problem)
        panel = there.app.test_client()
        answer = panel.get("/_lifecycle/api/traces").get_json()
        assert answer["history"]["problem"] == problem
        assert [each["id"] for each in answer["traces"]] == ids[::-1]
        there.history.clear(restorable=True)
        there.history.restore()
        assert there.history.get(ids[0]) is None
        assert there.history.status().count == 0
        written = run(there.app, "doctor").out
        config = panel.get("/_lifecycle/api/app").get_data(as_text=True)
        state = repr(vars(there.history)) + repr(there.app.extensions["lifecycle"].settings)
    assert "hunter2" not in f"{problem}{written}{config}{state}{answer}"
    assert problem.startswith("The history is not kept: ")
    assert problem.endswith("in memory only, and are written once that has changed.")
    assert problem.count(". ") == 1
    assert " ".join(problem.split()[:9]) in " ".join(written.split())
    return problem.removeprefix("The history is not kept: ").partition(". Requests")[0]


def test_a_redis_that_is_away_is_named(soon: None, caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as closed:
        # Nobody else gets this port, at which nothing listens.
        closed.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{closed.getsockname()[1]}"
        reason = fails(f"redis://user:{ESCAPED}@{address}/3")
    assert reason == f"redis://{address}/3 cannot be reached: Connection refused"
    assert "hunter2" not in caplog.text
    # Threads of other tests may still miss a Redis of theirs.
    [logged] = [each for each in caplog.messages if "history" in each and address in each]
    assert reason in logged


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("redis://no-such-host.invalid", "cannot be reached: "),
        ("unix:///nowhere/redis.sock?password=hunter2", "No such file or directory"),
    ],
)
def test_a_place_without_a_redis_is_named(soon: None, url: str, reason: str) -> None:
    assert reason in fails(url)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis with a password, by TLS too."""
    folder = tmp_path_factory.mktemp("guarded")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost"),
        ],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    server = RedisServer(
        folder,
        *("--requirepass", PASSWORD, "--tls-auth-clients", "no"),
        *("--tls-cert-file", f"{folder}/cert.pem", "--tls-key-file", f"{folder}/key.pem"),
        has_tls=True,
    )
    yield server
    server.stop()


@pytest.mark.parametrize("given", ["", ":wrong@", f"nobody:{ESCAPED}@"])
def test_a_wrong_password_is_named(guarded: RedisServer, soon: None, given: str) -> None:
    reason = fails(f"redis://{given}{guarded.address}/0")
    assert reason == f"{guarded.url} asks for another user name or password"


def test_the_right_password_is_taken(guarded: RedisServer) -> None:
    for url in (f"redis://:{ESCAPED}@{guarded.address}", f"{guarded.url}?password={ESCAPED}"):
        with served(make(history=url)) as there:
            there.get("/a")
            assert there.history.problem is None


def test_a_certificate_is_checked(guarded: RedisServer, soon: None) -> None:
    url = f"rediss://:{ESCAPED}@localhost:{guarded.tls_port}/0"
    reason = fails(url)
    assert reason == (
        f"rediss://localhost:{guarded.tls_port}/0 cannot be reached: self-signed certificate"
    )
    with served(make(history=f"{url}?ssl_ca_certs={guarded.folder}/cert.pem")) as there:
        there.get("/a")
        assert there.history.problem is None
    assert "cannot be reached" in fails(f"redis://localhost:{guarded.tls_port}/0")


def test_a_user_without_the_permission_is_named(guarded: RedisServer, soon: None) -> None:
    client = guarded.client(password=PASSWORD)
    # As docs/services.md has it.
    categories = ["+@read", "+@write", "+@scripting", "+@connection"]
    ada: dict[str, t.Any] = {"enabled": True, "categories": categories, "commands": ["+time"]}
    client.acl_setuser("ada", passwords=["+hunter2"], keys=["other:*"], **ada)
    reason = fails(f"redis://ada:hunter2@{guarded.address}/0")
    assert "does not permit its user" in reason
    client.acl_setuser("ada", keys=["flask-lifecycle:*"], **ada)
    with served(make(history=f"redis://ada:hunter2@{guarded.address}/0")) as there:
        there.get("/a")
        there.history.summaries()
        wait_for(lambda: there.history.added(there.history.position()))
        board = board_of(there.history)
        assert board is not None
        # Whatever they return: the app's own process tells of itself once it is watched.
        for use in (
            partial(board.watch, frozenset()),
            partial(board.publish, {}, [], {}),
            partial(board.tell, "clear", {}),
            board.others,
            partial(board.told, 0),
            board.latest,
            board.watched,
            partial(board.count, "run evicted", 1),
            board.counts,
        ):
            use()
            assert board.problem is None
        there.history.clear(restorable=True)
        there.history.restore()
        there.history.clear()
        assert there.history.problem is None


def test_a_full_redis_is_named_and_what_waits_is_written_once_there_is_room(
    redis: RedisServer, soon: None
) -> None:
    client = redis.client()
    with served(make(history=redis.url)) as there:
        ids = there.get("/before")
        client.config_set("maxmemory", "1")
        try:
            ids.append(there.send("/full"))
            wait_for(lambda: there.history.problem)
            assert f"{redis.url} is full: its maxmemory is reached" in str(there.history.problem)
            # What is there can be read.
            assert [each["path"] for each in there.history.summaries()] == ["/before"]
            assert "is full" in str(there.history.problem)
        finally:
            client.config_set("maxmemory", "0")
        wait_for(lambda: [each["id"] for each in there.history.summaries()] == ids[::-1])
        wait_for(lambda: there.history.problem is None)


def test_a_replica_is_named(redis: RedisServer, soon: None) -> None:
    client = redis.client()
    client.slaveof("127.0.0.1", 1)
    try:
        assert fails(redis.url) == f"{redis.url} is a replica, which cannot be written"
    finally:
        client.slaveof()


def _silent(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


def _http(connection: socket.socket) -> None:
    connection.recv(100)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def _endless(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"+" + b"a" * 65536)


def _large(connection: socket.socket) -> None:
    connection.sendall(b"$99999999999\r\n")
    while True:
        connection.sendall(b"a" * 65536)


def _nested(connection: socket.socket) -> None:
    connection.sendall(b"*1\r\n" * 10_000)
    _silent(connection)


def _many(connection: socket.socket) -> None:
    connection.sendall(b"*99999999999999999999\r\n" + b":1\r\n" * 10_000)
    while True:
        connection.sendall(b":1\r\n" * 10_000)


def _random(connection: socket.socket) -> None:
    connection.sendall(bytes(range(128, 256)) + b"\r\n")
    _silent(connection)


def _number(connection: socket.socket) -> None:
    connection.sendall(b":" + b"9" * 5000 + b"\r\n")
    _silent(connection)


def _closes(connection: socket.socket) -> None:
    connection.recv(1)


def _agrees(connection: socket.socket) -> None:
    while connection.recv(65536):
        connection.sendall(b"+OK\r\n")


def _errors(connection: socket.socket) -> None:
    while data := connection.recv(65536):
        connection.sendall(b"-ERR unknown command 'x', with args: hunter2 " + data[:0] + b"\r\n")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (_http, "what answers at {} is not Redis"),
        (_endless, "what answers at {} is not Redis"),
        (_large, "what answers at {} is not Redis"),
        (_nested, "what answers at {} is not Redis"),
        (_many, "what answers at {} is not Redis"),
        (_random, "what answers at {} is not Redis"),
        (_number, "what answers at {} is not Redis"),
        (_agrees, "what answers at {} is not Redis"),
        (_closes, "{} cannot be reached: Connection reset by peer"),
        (_silent, "{} does not answer in time"),
        (_errors, "{} is too old: Redis 6.2 or later, or Valkey, is needed"),
    ],
)
def test_what_is_not_redis_is_named(
    soon: None, answer: Callable[[socket.socket], None], reason: str
) -> None:
    with listening(answer) as url:
        assert fails(url) == reason.format(url)


def test_what_answers_one_byte_after_the_other_is_not_waited_for(
    soon: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flask_lifecycle.history.redis.connection._WHOLE", 0.3)

    def drip(connection: socket.socket) -> None:
        while True:
            connection.sendall(b"a")
            time.sleep(0.02)

    with listening(drip) as url, pytest.raises(HistoryError, match="does not answer in time"):
        Redis(url).ask(("PING",))


def test_a_slow_connection_is_used(redis: RedisServer) -> None:
    with delayed(redis.port, 0.1) as url, served(make(history=url)) as there:
        ids = there.get(*(f"/{number}" for number in range(20)))
        wait_for(lambda: len(there.history.summaries()) == len(ids))
        assert there.history.problem is None


def test_a_connection_that_was_closed_while_it_was_not_used_is_opened_again(
    redis: RedisServer,
) -> None:
    asked = Redis(redis.url)
    for _ in range(3):
        assert asked.ask(("PING",)) == [b"PONG"]
        redis.client().client_kill_filter(_type="normal", skipme=True)


def test_after_a_failure_nobody_waits_again_at_once(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flask_lifecycle.history.redis.connection._AWAY_SECONDS", 600.0)
    asked = Redis(f"{redis.url}?socket_timeout=0.5")
    redis.pause()
    try:
        with pytest.raises(HistoryError, match="in time"):
            asked.ask(("PING",))
        with calls() as called, pytest.raises(HistoryError, match="in time"):
            asked.ask(("PING",))
        assert "flask_lifecycle.history.redis.connection" in called.modules
        assert called.waits == set()
    finally:
        redis.resume()
    assert asked.ask(("PING",), anyway=True) == asked.ask(("PING",)) == [b"PONG"]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (f"redis://user:{ESCAPED}@[::1]:6380/2?ssl_password=x", "redis://[::1]:6380/2"),
        ("rediss://:hunter2@cache.example", "rediss://cache.example"),
        ("unix://ada:hunter2@/run/redis.sock?db=1&password=x", "unix:///run/redis.sock"),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, expected: str) -> None:
    assert shown(url) == expected


WITHOUT = """
import sys
sys.modules["redis"] = None
import flask
from flask_lifecycle import Lifecycle

app = flask.Flask("app")
app.config.update(LIFECYCLE_HISTORY="redis://:hunter2@127.0.0.1:1")
# It is not needed where it is off.
Lifecycle(app)
app.debug = True
assert app.test_client().get("/").status_code == 404
print(len(Lifecycle().traces(app)))

other = flask.Flask("other")
other.debug = True
other.config.update(app.config)
try:
    Lifecycle(other)
except ValueError as error:
    print(error)
print("lifecycle" in other.extensions)
"""


def test_where_redis_py_is_missing_the_extra_is_named_at_start(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    recorded, error, is_set = done.stdout.splitlines()
    assert (recorded, is_set) == ("1", "False")
    assert 'pip install "flask-lifecycle[redis]"' in error
    assert 'pip install "flask-lifecycle[redis]"' in done.stderr
    assert "hunter2" not in done.stdout + done.stderr


def test_an_option_that_redis_py_does_not_take_is_wrong() -> None:
    with pytest.raises(ValueError, match=r"LIFECYCLE_HISTORY got .*it takes") as caught:
        make(history="redis://:hunter2@localhost?colour=hunter2")
    assert "hunter2" not in str(caught.value)
