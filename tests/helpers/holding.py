"""A threaded server in this process, and a tool with the token that holds its requests."""

from __future__ import annotations

import http.client
import json
import threading
import typing as t
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from flask import Flask
from werkzeug.serving import BaseWSGIServer, make_server

from tests.helpers.apps import TOKEN
from tests.helpers.servers import PATIENCE, wait_for

Json = dict[str, t.Any]
#: What a watched app needs, so that its answers are those of the bare one.
CONFIG: Json = {
    "LIFECYCLE_TOKEN": TOKEN,
    "LIFECYCLE_HEADER": None,
    "LIFECYCLE_TOOLBAR": False,
    "LIFECYCLE_HISTORY": None,
    "SECRET_KEY": "x",
}


class Answer(t.NamedTuple):
    """An answer as the client gets it; dates differ."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class Tool:
    """Sends requests to a server, and lets those go that are held."""

    def __init__(self, address: str) -> None:
        self.address = address
        #: The answers of requests that were sent in the background.
        self.answers: list[Answer] = []

    def send(
        self,
        path: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        connection = http.client.HTTPConnection(self.address, timeout=PATIENCE)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            named = [pair for pair in answer.getheaders() if pair[0].lower() != "date"]
            try:
                received = answer.read()
            except http.client.IncompleteRead as cut:
                received = cut.partial
            return Answer(answer.status, named, received)
        finally:
            connection.close()

    def call(self, path: str, method: str = "GET", body: t.Any = None) -> tuple[int, Json]:
        """Call the API with the token."""
        text = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        answer = self.send(f"/_lifecycle/api/{path}", method, text, headers)
        return answer.status, json.loads(answer.body)

    def set(self, *breakpoints: Json, on: bool = True) -> Json:
        status, answer = self.call(
            "breakpoints", "PUT", {"on": on, "breakpoints": list(breakpoints)}
        )
        assert status == 200, answer
        return answer

    def begin(self, path: str, method: str = "GET", body: bytes | None = None) -> threading.Thread:
        """Send a request in the background."""

        def send() -> None:
            # A server that ends may cut it short.
            with suppress(OSError, http.client.HTTPException):
                self.answers.append(self.send(path, method, body))

        thread = threading.Thread(target=send)
        thread.start()
        return thread

    def held(self) -> list[Json]:
        return t.cast("list[Json]", self.call("held")[1]["held"])

    def wait(self, count: int = 1) -> Json:
        """Wait until so many requests are held, and return the oldest."""
        wait_for(lambda: len(self.held()) == count)
        return self.held()[0]

    def tell(self, held: Json, do: str, **more: t.Any) -> tuple[int, Json]:
        return self.call(f"held/{held['trace']}", "POST", {"do": do, **more})

    def runs(self) -> bool:
        """Return whether any request does."""
        return bool(self.call("traces?q=is:running")[1]["traces"])

    def go_through(self, sent: threading.Thread, do: str = "go") -> list[Json]:
        """Let a request go on each time that it is held; return where it was."""
        seen: list[Json] = []
        while True:
            # The server closes the body when the client has it.
            wait_for(lambda: self.held() or not (sent.is_alive() or self.runs()))
            found = self.held()
            if not found:
                if sent.is_alive() or self.runs():
                    continue
                return seen
            seen.append(found[0])
            status, answer = self.tell(found[0], do)
            assert status == 200, answer


@contextmanager
def serving(app: Flask, *, threaded: bool = True) -> Iterator[Tool]:
    """Serve an app in this process."""
    server: BaseWSGIServer = make_server("127.0.0.1", 0, app, threaded=threaded)
    # Looked for its end often, as some tests serve many apps.
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield Tool(f"127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
