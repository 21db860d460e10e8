"""A stream that goes on: what a viewer sees of its chunks while they are sent."""

from __future__ import annotations

import os
import socket
import typing as t
from pathlib import Path

import pytest

from tests.helpers.servers import Server, batch

# An SSE stream that sends one event for each line of a pipe.
APP = """
from flask import Flask, Response
from flask_lifecycle import Lifecycle

app = Flask(__name__)
Lifecycle(app)

@app.get("/")
def index():
    return "hello"

@app.get("/events")
def events():
    def made():
        with open("lines") as lines:
            for number, _ in enumerate(lines):
                yield f"data: {number}\\n\\n"
    return Response(made(), mimetype="text/event-stream")
"""
EVENT = len("data: 0\n\n")
FLASK_RUN = ["flask", "--app", "app", "run", "--debug", "--no-reload", "--port", "{port}"]


@pytest.fixture
def server(tmp_path: Path) -> t.Iterator[Server]:
    os.mkfifo(tmp_path / "lines")
    server = Server(tmp_path, FLASK_RUN, APP)
    yield server
    server.stop()


def events(server: Server) -> socket.socket:
    """Ask for the stream; return the connection that it comes on."""
    client = server.connect()
    client.sendall(b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    return client


def test_the_events_of_a_stream_are_counted_as_they_are_sent(server: Server) -> None:
    ws, _ = server.watch()
    client = events(server)

    streams: set[str] = set()

    def counted(chunks: int) -> dict[str, t.Any]:
        """Read messages until the body has so many chunks."""
        while True:
            received = batch(ws)
            streams.update(e["id"] for e in received["traces"] if e["path"] == "/events")
            parts = (part for part in received["steps"] if part["trace"] in streams)
            for step in (step for part in parts for step in part["steps"]):
                if step["stage"] == "body" and step["detail"]["chunks"] == chunks:
                    return dict(step)

    lines = (server.app.parent / "lines").open("wb", buffering=0)
    for number in range(3):
        lines.write(b"next\n")
        step = counted(number + 1)
        assert step["end"] is None
        assert step["detail"]["bytes"] == (number + 1) * EVENT
        assert len(step["detail"]["sent"]) == number + 1
        so_far = f"{number + 1} chunk{'s' if number else ''} ({(number + 1) * EVENT} bytes) so far."
        assert step["explain"] == f"The server is still sending the body: {so_far}"
    lines.write(b"last\n")
    lines.close()
    while counted(4)["end"] is None:
        pass
    client.close()
    ws.close()


def test_the_api_has_what_was_sent_so_far(server: Server) -> None:
    client = events(server)
    lines = (server.app.parent / "lines").open("wb", buffering=0)
    lines.write(b"next\n")
    received = b""
    while b"data: 0" not in received:
        received += client.recv(4096)
    newest = server.api("traces")["traces"][0]["id"]
    body = next(step for step in server.api(f"traces/{newest}")["steps"] if step["stage"] == "body")
    assert [size for _, size in body["detail"]["sent"]] == [EVENT]
    assert (body["detail"]["chunks"], body["end"]) == (1, None)
    lines.close()
    client.close()
