from __future__ import annotations

import os
import socket
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import Client

from flask_lifecycle import Lifecycle
from flask_lifecycle.panel.access import peer
from tests.helpers.apps import TOKEN

WWW_DATA, NOBODY, PERSON = 33, 65534, 1000


@pytest.fixture
def asked() -> Iterator[dict[str, t.Any]]:
    """Connect as a client does, and give what a server says of it."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
    ):
        ports = {"REMOTE_PORT": client.getsockname()[1], "SERVER_PORT": server.getsockname()[1]}
        yield {name: str(port) for name, port in ports.items()}


def status(asked: dict[str, t.Any], path: str = "", **more: str) -> int:
    app = Flask(__name__)
    app.config["LIFECYCLE_TOKEN"] = TOKEN
    app.debug = True
    Lifecycle(app)
    environ = {"REMOTE_ADDR": "127.0.0.1", **asked, **more}
    client = Client(app, use_cookies=False)
    return client.get(f"/_lifecycle/{path}", environ_overrides=environ).status_code


@pytest.fixture
def owned_by(
    asked: dict[str, t.Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> t.Callable[[int], None]:
    """Let another account own the client's end, in what Linux tells of it."""
    client, server = (f":{int(port):04X}" for port in asked.values())

    def write(uid: int) -> None:
        lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
        # Where others open connections meanwhile, a line may come twice.
        ours = [line for line in lines if line[1].endswith(client) and line[2].endswith(server)]
        assert {int(line[7]) for line in ours} == {os.getuid()}
        for line in ours:
            line[7] = str(uid)
        table = tmp_path / "tcp"
        table.write_text("\n".join(map(" ".join, lines)))
        # There is none of IPv6 on every machine.
        monkeypatch.setattr(peer, "_TABLES", (tmp_path / "tcp6", table))

    return write


def test_a_program_of_ones_own_needs_no_token(asked: dict[str, t.Any]) -> None:
    assert status(asked) == 200


@pytest.mark.parametrize(("uid", "told"), [(WWW_DATA, 403), (NOBODY, 403), (PERSON, 200), (0, 200)])
def test_a_service_needs_it(
    uid: int, told: int, asked: dict[str, t.Any], owned_by: t.Callable[[int], None]
) -> None:
    """As nginx since 1.29.7, which passes on what strangers ask as if it were a program's."""
    owned_by(uid)
    for path in ("", "api/traces", "api/app"):
        assert status(asked, path) == told
    assert status(asked, f"?token={TOKEN}") == 303
    assert status(asked, HTTP_COOKIE=f"lifecycle_token={TOKEN}") == 200


def test_a_service_meets_its_own_app(
    asked: dict[str, t.Any], owned_by: t.Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    owned_by(WWW_DATA)
    monkeypatch.setattr(os, "getuid", lambda: WWW_DATA)
    assert status(asked) == 200


@pytest.mark.parametrize("port", ["", "x", None])
def test_who_cannot_be_told_is_no_service(port: str | None) -> None:
    assert status({"REMOTE_PORT": port, "SERVER_PORT": "5000"}) == 200
