"""Requests that an app sends are steps, linked to what they become; seen by who is asked."""

from __future__ import annotations

import asyncio
import http.client
import re
import socket
import threading
import typing as t
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import httpx
import pytest
import requests
from flask import Flask
from opentelemetry import trace as otel
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from werkzeug.serving import make_server

from flask_lifecycle import Lifecycle, Trace
from flask_lifecycle.collectors.outgoing import call
from flask_lifecycle.summary.summarize import summarize
from tests.helpers.apps import make_app, steps_of
from tests.helpers.servers import wait_for

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
SPAN = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7"
CALLER = "18ecc36a2e669e0067ce3f00"


@pytest.fixture(autouse=True)
def _no_server_is_known() -> None:
    call._recorded.clear()


class Served(t.NamedTuple):
    """An app that a server serves: its views may call it by its address."""

    app: Flask
    lifecycle: Lifecycle
    address: str

    def get(self, path: str, **headers: str) -> Trace:
        """Ask for a path, and return the trace of that once it is done."""
        asked = urllib.request.Request(f"{self.address}{path}", headers=headers)
        with urllib.request.urlopen(asked) as response:
            found = response.headers.get("X-Lifecycle-Trace") or response.headers["X-Own"]
        wait_for(lambda: self.trace(found).state == "done")
        return self.trace(found)

    def trace(self, trace_id: str) -> Trace:
        return next(each for each in self.lifecycle.traces(self.app) if each.id == trace_id)


@pytest.fixture
def served(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Served]:
    settings = {"LIFECYCLE_HISTORY": str(tmp_path / "history"), **getattr(request, "param", {})}
    app, lifecycle = make_app(**settings)
    app.add_url_rule("/called", "called", lambda: "called")
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield Served(app, lifecycle, f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    thread.join()
    server.server_close()
    app.extensions["lifecycle"].disable(app)


async def _httpx_async(url: str) -> None:
    async with httpx.AsyncClient() as client:
        await client.get(url)


async def _aiohttp(url: str) -> None:
    async with aiohttp.ClientSession() as session, session.get(url):
        pass


CLIENTS: dict[str, t.Callable[[str], t.Any]] = {
    "urllib": lambda url: urllib.request.urlopen(url).close(),
    "requests": requests.get,
    "httpx": httpx.get,
    "httpx, async": _httpx_async,
    "aiohttp, async": _aiohttp,
}


@pytest.mark.parametrize("name", CLIENTS)
def test_a_request_that_a_view_sends_names_what_it_became_and_is_named_by_it(
    served: Served, name: str
) -> None:
    client = CLIENTS[name]
    url = f"{served.address}/called?token=secret"
    if name.endswith("async"):

        async def view() -> str:
            await client(url)
            return "sent"
    else:

        def view() -> str:  # type: ignore[misc]
            client(url)
            return "sent"

    served.app.add_url_rule("/calls", "calls", view)
    calling = served.get("/calls")
    (step,) = steps_of(calling, "span")
    assert step.parent is not None
    assert calling.steps[step.parent].stage == "view"
    called = served.trace(step.detail["trace"])
    assert (called.path, called.parent) == ("/called", None)
    assert called.caller is not None
    assert called.caller.trace == calling.id
    assert called.caller.step in (step.id, None), "None: in a thread of its own"
    assert step.detail["target"] == f"GET {served.address.removeprefix('http://')}"
    assert step.detail["attributes"]["http.response.status_code"] == 200
    assert "secret" not in str(step.detail)
    assert f"sends {step.detail['target']} and gets 200 after" in calling.explain()
    live = served.app.extensions["lifecycle"]._store.get(calling.id)
    assert summarize(live)["sent"] == [{"step": step.id, "trace": called.id, "traceparent": None}]


class Heard:
    """A server that is not Flask's: it notes what it gets, byte for byte, and answers at once."""

    def __init__(self, *headers: str) -> None:
        self.requests: list[bytes] = []
        self._headers = "".join(f"{each}\r\n" for each in headers)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._answer)
        self._thread.start()

    def _answer(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            with connection:
                got = b""
                while not got.endswith(b"\r\n\r\n") and (more := connection.recv(65536)):
                    got += more
                if not got:
                    return
                self.requests.append(got)
                head = f"HTTP/1.1 200 OK\r\n{self._headers}Content-Length: 0\r\n\r\n"
                connection.sendall(head.encode())

    def close(self) -> None:
        socket.create_connection(("127.0.0.1", self.port)).close()
        self._thread.join()
        self._listener.close()


@pytest.fixture
def heard(request: pytest.FixtureRequest) -> Iterator[Heard]:
    server = Heard(*getattr(request, "param", ()))
    yield server
    server.close()


def send(heard: Heard, **headers: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", heard.port)
    connection.request("GET", "/", headers=headers)
    connection.getresponse().read()
    connection.close()


def sends(served: Served, heard: Heard, headers: dict[str, str]) -> Trace:
    def view() -> str:
        send(heard, **headers)
        return "sent"

    served.app.add_url_rule("/sends", "sends", view)
    return served.get("/sends")


def test_a_server_of_this_machine_is_told_who_calls_and_gets_all_else_as_the_app_sent_it(
    served: Served, heard: Heard
) -> None:
    calling = sends(served, heard, {"X-A": "1"})
    send(heard, **{"X-A": "1"})
    with_ours, without = heard.requests
    (step,) = steps_of(calling, "span")
    added = f"X-Lifecycle-Trace: {calling.id}/{step.id}\r\n".encode()
    assert with_ours == without.replace(b"\r\n\r\n", b"\r\n" + added + b"\r\n")
    assert "trace" not in step.detail, "it does not say that it is recorded"


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Host": "example.com"}, id="another host"),
        pytest.param({"Host": "127.0.0.1.nip.io"}, id="a name like this machine's"),
        pytest.param({"traceparent": TRACEPARENT}, id="traced"),
        pytest.param({"Authorization": "AWS4-HMAC-SHA256 Credential=x"}, id="signed for AWS"),
        pytest.param({"Signature-Input": 'x=("@method")'}, id="signed"),
        pytest.param({"X-Lifecycle-Trace": "of the app's own"}, id="its own"),
    ],
)
def test_what_is_for_others_or_signed_or_traced_is_sent_as_it_is(
    served: Served, heard: Heard, headers: dict[str, str]
) -> None:
    sends(served, heard, headers)
    send(heard, **headers)
    assert heard.requests[0] == heard.requests[1]


@pytest.mark.parametrize("served", [{"LIFECYCLE_HEADER": None}], indirect=True)
def test_without_the_header_nothing_is_sent(served: Served, heard: Heard) -> None:
    def view() -> tuple[str, dict[str, str]]:
        send(heard)
        return "sent", {"X-Own": served.lifecycle.traces(served.app)[0].id}

    served.app.add_url_rule("/sends", "sends", view)
    calling = served.get("/sends")
    send(heard)
    assert heard.requests[0] == heard.requests[1]
    assert len(steps_of(calling, "span")) == 1


@pytest.mark.parametrize("heard", [(f"X-Lifecycle-Trace: {CALLER}",)], indirect=True)
def test_another_host_that_has_named_its_trace_is_told_from_then_on(
    served: Served, heard: Heard
) -> None:
    calling = sends(served, heard, {"Host": "example.com"})
    served.get("/sends")
    first, second = heard.requests
    assert b"X-Lifecycle-Trace" not in first
    assert b"X-Lifecycle-Trace" in second
    assert steps_of(calling, "span")[0].detail["trace"] == CALLER


LIES = ("", "x", CALLER.upper(), f"{CALLER}0", f"{CALLER}/-1", "<b>", "a" * 8000)


@pytest.mark.parametrize("heard", [[f"X-Lifecycle-Trace: {each}"] for each in LIES], indirect=True)
def test_an_answer_that_names_no_trace_links_nothing(served: Served, heard: Heard) -> None:
    calling = sends(served, heard, {})
    assert "trace" not in steps_of(calling, "span")[0].detail


def test_what_a_request_says_of_its_sender_is_read_or_nothing(served: Served) -> None:
    for lie in LIES[1:]:
        found = served.get("/called", **{"X-Lifecycle-Trace": lie, "traceparent": lie})
        assert (found.caller, found.traceparent) == (None, None), lie
    zeros = f"00-{'0' * 32}-00f067aa0ba902b7-01"
    for lie in (zeros, TRACEPARENT + "-more", f"ff{TRACEPARENT[2:]}", TRACEPARENT.upper()):
        assert served.get("/called", traceparent=lie).traceparent is None, lie
    later = f"01{TRACEPARENT[2:]}-more"
    for valid in (TRACEPARENT, later):
        assert served.get("/called", traceparent=valid).traceparent == SPAN
    assert served.get("/called", **{"X-Lifecycle-Trace": CALLER}).caller is not None


def test_an_outgoing_traceparent_is_noted_beside_the_step(served: Served, heard: Heard) -> None:
    calling = sends(served, heard, {"traceparent": TRACEPARENT})
    assert steps_of(calling, "span")[0].detail["traceparent"] == SPAN


def test_aiohttp_sends_what_the_app_does_beside_the_header(served: Served, heard: Heard) -> None:
    async def send_all() -> None:
        url = f"http://127.0.0.1:{heard.port}/sent"
        for headers in ({"X-A": "1"}, {"traceparent": TRACEPARENT}, {"Host": "example.com"}):
            async with aiohttp.ClientSession(headers=headers) as session, session.get(url):
                pass

    async def view() -> str:
        await send_all()
        return "sent"

    served.app.add_url_rule("/sends", "sends", view)
    calling = served.get("/sends")
    asyncio.run(send_all())
    with_ours, *others = heard.requests[:3]
    without, *expected = heard.requests[3:]
    first, second, third = steps_of(calling, "span")
    added = re.compile(rb"X-Lifecycle-Trace: " + calling.id.encode() + rb"(/\d+)?\r\n")
    assert len(added.findall(with_ours)) == 1
    assert added.sub(b"", with_ours) == without
    assert others == expected
    assert second.detail["traceparent"] == SPAN
    assert {each.detail["library"] for each in (first, second, third)} == {"aiohttp"}


def test_a_test_client_sends_what_the_app_does(served: Served, heard: Heard) -> None:
    def view() -> str:
        send(heard)
        return "sent"

    served.app.add_url_rule("/sends", "sends", view)
    served.app.test_client().get("/sends").close()
    send(heard)
    assert heard.requests[0] == heard.requests[1]


def test_a_span_of_opentelemetry_has_the_link_in_place_of_a_step_of_ours(served: Served) -> None:
    if not isinstance(otel.get_tracer_provider(), TracerProvider):
        otel.set_tracer_provider(TracerProvider())
    RequestsInstrumentor().instrument()
    try:

        def view() -> str:
            requests.get(f"{served.address}/called", timeout=60).close()
            return "sent"

        served.app.add_url_rule("/calls", "calls", view)
        calling = served.get("/calls")
    finally:
        RequestsInstrumentor().uninstrument()
    (step,) = steps_of(calling, "span")
    assert step.detail["library"] == "opentelemetry.instrumentation.requests"
    called = served.trace(step.detail["trace"])
    assert called.caller is None, "the tracer has a header of its own"
    assert called.traceparent == step.detail["traceparent"]
    assert re.fullmatch("[0-9a-f]{32}-[0-9a-f]{16}", step.detail["traceparent"])


def test_a_request_that_fails_ends_with_its_exception(served: Served) -> None:
    nowhere = "http://127.0.0.1:1/"

    async def view() -> str:
        for client in (requests.get, httpx.get):
            with pytest.raises((requests.ConnectionError, httpx.ConnectError)):
                client(nowhere)
        with pytest.raises(aiohttp.ClientConnectorError):
            await _aiohttp(nowhere)
        return "none"

    served.app.add_url_rule("/fails", "fails", view)
    steps = steps_of(served.get("/fails"), "span")
    assert [each.outcome for each in steps] == ["raised"] * 3
