"""Spans of OpenTelemetry's instrumentations become steps: compared with what a server was asked."""

from __future__ import annotations

import gc
import shutil
import socket
import subprocess
import threading
import typing as t
import weakref
from collections.abc import Iterator
from contextvars import copy_context
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import redis
import requests
import urllib3
from flask import Flask, request
from opentelemetry import trace
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.instrumentation.redis import RedisInstrumentor
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.instrumentation.urllib3 import URLLib3Instrumentor
from opentelemetry.sdk.trace import TracerProvider
from werkzeug.serving import make_server

from flask_lifecycle import Lifecycle
from flask_lifecycle.recorder.current import current
from flask_lifecycle.trace.model import Step
from tests.helpers.apps import make_app
from tests.helpers.servers import PATIENCE, hold_port, wait_for


@pytest.fixture(scope="module", autouse=True)
def instrumented() -> Iterator[None]:
    trace.set_tracer_provider(TracerProvider())
    instrumentors = [
        each()
        for each in (
            RequestsInstrumentor,
            HTTPXClientInstrumentor,
            RedisInstrumentor,
            URLLib3Instrumentor,
        )
    ]
    for each in instrumentors:
        each.instrument()
    yield
    for each in instrumentors:
        each.uninstrument()


class Upstream(t.NamedTuple):
    address: str
    asked: list[str]


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """Serve what the app calls; it notes what it was asked."""
    app = Flask("upstream")
    asked: list[str] = []

    @app.route("/<path:path>", methods=["GET", "POST"])
    def answer(path: str) -> tuple[str, int]:
        asked.append(f"{request.method} /{path}")
        return "answered", 503 if path == "broken" else 200

    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Upstream(f"http://127.0.0.1:{server.server_port}", asked)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def redis_port(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[int]:
    """Run a real Redis."""
    command = shutil.which("redis-server")
    assert command is not None, "the tests need redis-server (Debian's package of that name)"
    port = hold_port(request)
    with subprocess.Popen(
        [command, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)],
        stdout=subprocess.DEVNULL,
    ) as process:

        def answers() -> bool:
            assert process.poll() is None
            with socket.socket() as sock:
                return sock.connect_ex(("127.0.0.1", port)) == 0

        wait_for(answers)
        yield port
        process.terminate()


def spans(lifecycle: Lifecycle, app: Flask) -> tuple[list[Step], tuple[Step, ...]]:
    steps = lifecycle.traces(app)[0].steps
    return [step for step in steps if step.stage == "span"], steps


def path_of(step: Step) -> str:
    """Return the path that an HTTP span names."""
    attributes = step.detail["attributes"]
    url = str(attributes.get("http.url") or attributes.get("url.full"))
    return urlsplit(url).path[1:]


def test_calls_of_another_server_are_steps_of_the_function_that_made_them(
    upstream: Upstream,
) -> None:
    app, lifecycle = make_app()

    @app.before_request
    def ask() -> None:
        httpx.get(f"{upstream.address}/from-hook", timeout=PATIENCE)

    @app.get("/")
    def view() -> str:
        urllib3.request("GET", f"{upstream.address}/by-urllib3")
        return requests.post(f"{upstream.address}/from-view?token=hush", timeout=PATIENCE).text

    assert app.test_client().get("/").text == "answered"
    found, steps = spans(lifecycle, app)
    assert upstream.asked == ["GET /from-hook", "GET /by-urllib3", "POST /from-view"]
    assert [f"{step.name} /{path_of(step)}" for step in found] == upstream.asked
    assert [steps[step.parent or 0].name for step in found] == ["ask", "view", "view"]
    for step in found:
        assert step.detail["kind"] == "client"
        host = upstream.address.removeprefix("http://")
        assert step.detail["target"] == f"{step.name} {host}"
        parent = steps[step.parent or 0]
        assert parent.end is not None
        assert step.end is not None
        assert parent.begin <= step.begin <= step.end <= parent.end
        assert 200 in step.detail["attributes"].values()
    assert [step.detail["library"].rpartition(".")[2] for step in found] == [
        "httpx",
        "urllib3",
        "requests",
    ]
    assert "hush" not in str(found)


def test_a_server_that_fails_or_is_not_there(upstream: Upstream) -> None:
    app, lifecycle = make_app()
    nobody = f"http://127.0.0.1:{hold_port(app)}/"

    @app.get("/")
    def view() -> str:
        code = requests.get(f"{upstream.address}/broken", timeout=PATIENCE).status_code
        with pytest.raises(requests.ConnectionError):
            requests.get(nobody, timeout=PATIENCE)
        return str(code)

    assert app.test_client().get("/").text == "503"
    broken, absent = spans(lifecycle, app)[0]
    assert (broken.outcome, absent.outcome) == ("raised", "raised")
    assert absent.error is not None
    assert absent.error.type == "ConnectionError"
    assert 503 in broken.detail["attributes"].values()


def test_calls_of_redis_are_steps(redis_port: int) -> None:
    app, lifecycle = make_app()
    client = redis.Redis(port=redis_port, decode_responses=True)

    @app.get("/")
    def view() -> str:
        client.set("greeting", "hello")
        return str(client.get("greeting"))

    assert app.test_client().get("/").text == "hello"
    found, _ = spans(lifecycle, app)
    names = [step.name for step in found]
    called = client.info("commandstats")
    client.close()
    for name in ("SET", "GET"):
        assert names.count(name) == called[f"cmdstat_{name.lower()}"]["calls"] == 1
    assert found[-1].detail["attributes"]["db.system"] == "redis"


def test_a_span_inside_a_span_is_a_step_inside_a_step(upstream: Upstream) -> None:
    app, lifecycle = make_app()
    tracer = trace.get_tracer("the.app")

    @app.get("/")
    def view() -> str:
        with tracer.start_as_current_span("price the basket") as span:
            span.set_attributes({"items": 3, "password": "hush"})
            return httpx.get(f"{upstream.address}/price", timeout=PATIENCE).text

    app.test_client().get("/").close()
    (outer, inner), steps = spans(lifecycle, app)
    assert (outer.name, inner.name) == ("price the basket", "GET")
    assert inner.parent == outer.id
    assert steps[outer.parent or 0].name == "view"
    assert outer.detail["kind"] == "internal"
    assert outer.detail["attributes"]["items"] == 3
    assert "hush" not in str(outer)


def test_a_span_that_outlives_the_request_is_let_go() -> None:
    app, lifecycle = make_app()
    tracer = trace.get_tracer("the.app")
    kept: list[t.Any] = []

    @app.get("/")
    def view() -> str:
        kept.append(tracer.start_span("late"))
        return "x"

    app.test_client().get("/").close()
    kept.pop().end()
    (late,), steps = spans(lifecycle, app)
    assert late.name == "late"
    assert late.end == max(step.end or 0 for step in steps)


def test_spans_that_nobody_ends_hold_no_request() -> None:
    app, lifecycle = make_app(LIFECYCLE_MAX_TRACES=1)
    tracer = trace.get_tracer("the.app")
    begun: list[t.Any] = []
    seen: list[weakref.ref[t.Any]] = []

    def begin() -> None:
        begun.append(tracer.start_span("never ends"))

    @app.get("/")
    def view() -> str:
        seen.append(weakref.ref(current.get()))
        begin()
        thread = threading.Thread(target=copy_context().run, args=(begin,))
        thread.start()
        thread.join()
        return "x"

    for _ in range(20):
        app.test_client().get("/").close()
    assert len(spans(lifecycle, app)[0]) == 2
    gc.collect()
    assert [each() is not None for each in seen] == [*[False] * 19, True]
    for each in begun:
        each.end()


def test_spans_outside_a_request_and_after_undo_are_nobodys(upstream: Upstream) -> None:
    app, lifecycle = make_app()
    app.add_url_rule("/", "view", lambda: httpx.get(f"{upstream.address}/x", timeout=PATIENCE).text)
    app.test_client().get("/").close()
    httpx.get(f"{upstream.address}/outside", timeout=PATIENCE)
    assert len(spans(lifecycle, app)[0]) == 1
    lifecycle.undo(app)
    assert app.test_client().get("/").text == "answered"
    assert len(upstream.asked) == 3
