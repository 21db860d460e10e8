"""Many requests at once, each with steps of its own: none gets another's."""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
import typing as t
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path

import gevent
import pytest
from flask import (
    Flask,
    copy_current_request_context,
    render_template_string,
    request,
)

from flask_lifecycle import Lifecycle, Trace
from tests.helpers.servers import FLASK_RUN, PATIENCE, Server

THREADS = 50
REQUESTS = int(os.environ.get("LIFECYCLE_TEST_REQUESTS", "20"))

APP = """
import logging
from flask import Flask, Blueprint, after_this_request, render_template_string
from flask_lifecycle import Lifecycle

app = Flask(__name__)
app.config.update(LIFECYCLE_ENABLED=True, LIFECYCLE_HEADER="X-Trace", LIFECYCLE_MAX_TRACES=100_000)
app.debug = True
Lifecycle(app)

def hook(name, value=None):
    def func(*args):
        return args[0] if args else None
    func.__name__ = func.__qualname__ = name
    return func

for number in range(4):
    bp = Blueprint(f"bp{number}", __name__, url_prefix=f"/{number}")
    for count in range(number + 1):
        bp.before_request(hook(f"before_{number}_{count}"))
        bp.after_request(hook(f"after_{number}_{count}"))

    @bp.get("/<int:which>")
    def view(which, number=number):
        for each in range(which % 5):
            after_this_request(hook(f"this_{which}_{each}"))
        return "".join(render_template_string("{{ each }}", each=each) for each in range(which % 3))

    app.register_blueprint(bp)

@app.get("/")
def index():
    return "up"
"""

COMMANDS = {
    "werkzeug": FLASK_RUN,
    "gthread": [
        *("gunicorn", "--worker-class", "gthread", "--threads", "16"),
        *("--bind", "127.0.0.1:{port}", "app:app"),
    ],
    "gevent": [
        *("gunicorn", "--worker-class", "gevent", "--bind", "127.0.0.1:{port}", "app:app"),
    ],
}


@pytest.fixture(params=COMMANDS)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path, COMMANDS[request.param], APP)
    yield server
    server.stop()


def expected(number: int, which: int) -> list[str]:
    """Say what the functions of a request are called, in their order."""
    return [
        *(f"before_{number}_{count}" for count in range(number + 1)),
        "view",
        *(f"this_{which}_{each}" for each in range(which % 5)),
        *(f"after_{number}_{count}" for count in reversed(range(number + 1))),
    ]


def recorded(server: Server, ids: list[str]) -> dict[str, dict[str, t.Any]]:
    """Return whole traces by their ids, many at once: one call for each takes most of the time."""
    found: dict[str, dict[str, t.Any]] = {}
    for begin in range(0, len(ids), 100):
        call = urllib.request.Request(
            f"http://{server.address}/_lifecycle/api/recordings",
            json.dumps({"ids": ids[begin : begin + 100], "as": "json"}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(call, timeout=PATIENCE) as answer:
            found |= {trace["id"]: trace for trace in json.load(answer)["traces"]}
    return found


def test_no_request_gets_a_step_of_another(server: Server) -> None:
    def one(seed: int) -> tuple[str, int, int]:
        number, which = seed % 4, seed % 97
        url = f"http://{server.address}/{number}/{which}"
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
            answer.read()
            return answer.headers["X-Trace"], number, which

    with ThreadPoolExecutor(THREADS) as pool:
        sent = list(pool.map(one, range(THREADS * REQUESTS)))
    traces = recorded(server, [trace_id for trace_id, _, _ in sent])
    stages = ("before_request", "view", "after_this_request", "after_request")
    for trace_id, number, which in sent:
        trace = traces[trace_id]
        assert trace["path"] == f"/{number}/{which}"
        names = [step["name"] for step in trace["steps"] if step["stage"] in stages]
        assert names == expected(number, which)
        assert sum(step["stage"] == "template" for step in trace["steps"]) == which % 3


def recording() -> tuple[Flask, Lifecycle]:
    app = Flask(__name__)
    app.config["LIFECYCLE_ENABLED"] = True
    return app, Lifecycle(app)


def nested(trace: Trace, stage: str) -> list[tuple[str, str | None]]:
    """Return the steps of a stage, each with what it lies in."""
    return [
        (step.name, None if step.parent is None else trace.steps[step.parent].name)
        for step in trace.steps
        if step.stage == stage
    ]


def test_threads_greenlets_and_tasks_at_once_each_have_their_own_steps() -> None:
    app, lifecycle = recording()

    def pause() -> None:
        # Others run now: of the same thread, or of all.
        (gevent.sleep if "greenlet" in request.args else time.sleep)(0)

    def render(which: int) -> None:
        for _ in range(which % 4):
            render_template_string("{{ which }}", which=which)

    app.before_request(pause)
    app.teardown_request(lambda _error: pause())

    @app.get("/waits/<int:which>")
    async def waits(which: int) -> str:
        await asyncio.sleep(0)
        render(which)
        return "done"

    @app.get("/pauses/<int:which>")
    def pauses(which: int) -> str:
        render(which)
        pause()
        render(which)
        return "done"

    def get(url: str) -> None:
        assert app.test_client().get(url).text == "done"

    def one_by_one(urls: list[str]) -> None:
        for url in urls:
            get(url)

    async def tasks(urls: list[str]) -> None:
        await asyncio.gather(*(asyncio.to_thread(get, url) for url in urls))

    def greenlets(urls: list[str]) -> None:
        gevent.joinall([gevent.spawn(get, f"{url}?greenlet") for url in urls], raise_error=True)

    paths = [
        [f"/{view}/{at}{each}" for view in ("waits", "pauses") for each in range(30)]
        for at in range(1, 5)
    ]
    ways = [lambda urls: asyncio.run(tasks(urls)), greenlets, one_by_one, one_by_one]
    with ThreadPoolExecutor(len(ways)) as pool:
        for run in [*map(pool.submit, ways, paths)]:
            run.result()
    traces = {trace.path: trace for trace in lifecycle.traces(app)}
    assert sorted(traces) == sorted(path for some in paths for path in some)
    for path, trace in traces.items():
        _, view, which = path.split("/")
        times = int(which) % 4 * (1 if view == "waits" else 2)
        assert nested(trace, "template") == [("<string>", view)] * times
        assert [name for name, _ in nested(trace, "before_request")] == ["pause"]
        assert [name for name, _ in nested(trace, "view")] == [view]
        assert all(step.end is not None for step in trace.steps)


def test_threads_with_the_views_context_are_inside_the_view() -> None:
    app, lifecycle = recording()
    barrier = threading.Barrier(5)

    def work(name: int) -> None:
        barrier.wait(PATIENCE)
        for _ in range(20):
            render_template_string("{{ name }}", name=name)

    @app.get("/")
    def fan_out() -> str:
        contexts = [copy_context() for _ in range(4)]
        threads = [
            threading.Thread(target=context.run, args=(work, number))
            for number, context in enumerate(contexts)
        ]
        for thread in threads:
            thread.start()
        work(4)
        for thread in threads:
            thread.join()
        return "done"

    app.test_client().get("/").close()
    (trace,) = lifecycle.traces(app)
    assert nested(trace, "template") == [("<string>", "fan_out")] * 100
    begins = [step.begin for step in trace.steps]
    assert begins == sorted(begins)
    assert all(step.end is not None for step in trace.steps)


def test_a_thread_with_a_copy_of_the_request_is_not_the_request() -> None:
    app, lifecycle = recording()
    seen: list[str] = []

    @app.teardown_request
    def teardown(_error: BaseException | None) -> None:
        seen.append(threading.current_thread().name)

    @app.get("/")
    def starts() -> str:
        @copy_current_request_context
        def work() -> None:
            seen.append(request.path)

        thread = threading.Thread(target=work, name="worker")
        thread.start()
        thread.join()
        return "done"

    app.test_client().get("/").close()
    (trace,) = lifecycle.traces(app)
    assert seen == ["/", "worker", "MainThread"]
    assert [name for name, _ in nested(trace, "teardown_request")] == ["teardown"]


def test_what_a_thread_does_after_the_request_is_not_in_it() -> None:
    app, lifecycle = recording()
    over = threading.Event()
    threads: list[threading.Thread] = []

    def work() -> None:
        assert over.wait(PATIENCE)
        with app.app_context():
            render_template_string("late")

    @app.get("/")
    def starts() -> str:
        threads.append(threading.Thread(target=copy_context().run, args=(work,)))
        threads[0].start()
        return "done"

    app.test_client().get("/").close()
    before = json.dumps(lifecycle.traces(app)[0].to_dict())
    over.set()
    threads[0].join()
    assert json.dumps(lifecycle.traces(app)[0].to_dict()) == before


def test_an_async_view_renders_inside_itself() -> None:
    app, lifecycle = recording()

    @app.get("/")
    async def waits() -> str:
        return render_template_string("async")

    app.test_client().get("/").close()
    (trace,) = lifecycle.traces(app)
    assert nested(trace, "template") == [("<string>", "waits")]
    assert nested(trace, "make_response") == [("make_response", "wsgi")]
