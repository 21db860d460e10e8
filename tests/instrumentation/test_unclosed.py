"""Requests whose clients reset the connection, on Werkzeug's server."""

from __future__ import annotations

import gc
import socket
import struct
from pathlib import Path

import pytest
from flask import Response

from flask_lifecycle import Lifecycle
from flask_lifecycle.instrumentation import unclosed
from tests.helpers.history import Served, make, run, served
from tests.helpers.servers import wait_for


def reset(there: Served, path: str) -> None:
    """Send a request, and reset the connection at the first bytes of the response."""
    host, port = there.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as sock:
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert sock.recv(1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_a_request_is_finished_whose_body_is_neither_closed_nor_collected() -> None:
    app = make()
    open_bodies: list[None] = []
    kept: list[Exception] = []

    class Body(list[bytes]):
        def close(self) -> None:
            open_bodies.pop()

    @app.errorhandler(404)
    def missing(error: Exception) -> tuple[Response, int]:
        open_bodies.append(None)
        # Its frames refer to the server's, whose locals have the body.
        kept.append(error)
        return app.response_class(Body([b"missing"])), 404

    gc.disable()
    try:
        with served(app) as there:
            while len(open_bodies) < 3:
                reset(there, "/")
                wait_for(lambda: {each.state for each in Lifecycle().traces(app)} == {"done"})
            wait_for(lambda: len(there.history.summaries()) == len(kept))
    finally:
        gc.enable()


def test_a_fault_of_ours_leaves_the_server_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(trace: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(unclosed, "finish", fails)
    with served(make()) as there:
        while "a fault of ours" not in caplog.text:
            reset(there, "/a")
        assert there.send("/b")


PATCHED = """
import gc
from werkzeug.serving import WSGIRequestHandler
from flask_lifecycle import Lifecycle
from tests.helpers.history import make

def is_original():
    return vars(WSGIRequestHandler)["connection_dropped"] is original

original = vars(WSGIRequestHandler)["connection_dropped"]
first, second = make("first"), make("second")
found = [is_original()]
Lifecycle().undo(first)
found.append(is_original())
del second
gc.collect()
print([*found, is_original()])
"""


def test_the_servers_class_is_as_it_was_after_the_last_app(tmp_path: Path) -> None:
    assert run(PATCHED, tmp_path) == "[False, False, True]\n"
