from __future__ import annotations

import gc
import io
import subprocess
import sys
import threading
import typing as t
import weakref
from contextlib import ExitStack

import click
import flask
import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_lifecycle import Lifecycle
from flask_lifecycle.collectors import changes, signals
from flask_lifecycle.collectors.patch import Patch
from flask_lifecycle.trace.owner import Owner
from flask_lifecycle.trace.writer import LiveTrace
from tests.helpers.apps import make_app


def app_not_watched(**config: t.Any) -> Flask:
    app = Flask(__name__)
    app.config.update(config)

    @app.get("/")
    def index() -> str:
        return "hello"

    return app


def test_two_on_one_app_is_an_error() -> None:
    app = app_not_watched()
    Lifecycle(app)
    with pytest.raises(RuntimeError, match="has a Lifecycle already"):
        Lifecycle(app)


def test_one_on_two_apps_works() -> None:
    lifecycle = Lifecycle()
    first, second = app_not_watched(LIFECYCLE_ENABLED=True), app_not_watched(LIFECYCLE_ENABLED=True)
    lifecycle.init_app(first)
    lifecycle.init_app(second)
    first.test_client().get("/?a").close()
    assert [trace.query for trace in lifecycle.traces(first)] == ["a"]
    assert lifecycle.traces(second) == []


def test_after_the_first_request_is_an_error_as_flasks_own() -> None:
    app = app_not_watched()
    app.test_client().get("/")
    with pytest.raises(AssertionError, match=r"Lifecycle\.init_app"):
        Lifecycle(app)


def test_an_app_that_is_gone_leaves_nothing_to_the_next_one_with_its_id() -> None:
    app = app_not_watched(LIFECYCLE_ENABLED=True)
    Lifecycle(app)
    owners = {
        each for each in changes.record.owners if isinstance(each, Owner) and each.app() is app
    }
    assert len(owners) == 1
    del app
    gc.collect()
    assert not owners & changes.record.owners


def test_an_app_may_be_collected_while_its_thread_holds_a_lock_of_ours() -> None:
    apps = [app_not_watched(LIFECYCLE_ENABLED=True)]
    Lifecycle(apps[0])
    owner = next(
        each for each in changes.record.owners if isinstance(each, Owner) and each.app() is apps[0]
    )
    modules = [each for name, each in [*sys.modules.items()] if name.startswith("flask_lifecycle")]
    locks = [vars(module)["_lock"] for module in modules if "_lock" in vars(module)]
    patches = [each for module in modules for each in vars(module).values() if type(each) is Patch]
    assert signals._patch in patches
    locks += [each._lock for each in patches]

    def collect() -> None:
        with ExitStack() as held:
            for lock in locks:
                held.enter_context(lock)
            apps.clear()
            gc.collect()

    # Where it waits for itself, it does so for ever.
    thread = threading.Thread(target=collect, daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    assert owner not in changes.record.owners


def test_traces_of_an_app_without_one_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="has no Lifecycle"):
        Lifecycle().traces(app_not_watched())


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ({}, "debug is off and LIFECYCLE_ENABLED is not set. Set it to True"),
        ({"LIFECYCLE_ENABLED": False}, "LIFECYCLE_ENABLED is False. Set it to True"),
    ],
)
def test_traces_of_an_app_that_is_not_recorded_is_an_error_that_says_what_to_set(
    config: dict[str, t.Any], why: str
) -> None:
    app = app_not_watched(**config)
    lifecycle = Lifecycle(app)
    app.test_client().get("/").close()
    with pytest.raises(RuntimeError, match=why) as raised:
        lifecycle.traces(app)
    assert str(raised.value).endswith("It takes None (on with debug), True or False.")


def test_traces_before_the_first_request_are_none() -> None:
    app = app_not_watched()
    lifecycle = Lifecycle(app)
    app.debug = True
    assert lifecycle.traces(app) == []


def test_off_leaves_the_same_objects() -> None:
    app = app_not_watched(LIFECYCLE_ENABLED=False)
    before = dict(vars(app))
    Lifecycle(app)
    assert type(app) is Flask
    assert {name: id(value) for name, value in vars(app).items()} == {
        name: id(value) for name, value in before.items()
    }
    assert app.test_client().get("/_lifecycle/").status_code == 404


def test_without_debug_one_look_at_the_first_request_remains() -> None:
    app = app_not_watched()
    Lifecycle(app)
    assert type(app).__name__ == "Flask"
    assert app.test_client().get("/_lifecycle/").status_code == 404
    assert type(app) is Flask


def test_debug_turned_on_after_init_app_turns_it_on() -> None:
    app = app_not_watched()
    lifecycle = Lifecycle(app)
    app.debug = True
    response = app.test_client().get("/")
    assert "X-Lifecycle-Trace" in response.headers
    response.close()
    assert len(lifecycle.traces(app)) == 1


@pytest.mark.parametrize("enabled", [True, None])
def test_undo_gives_the_class_and_the_signals_back(enabled: bool | None) -> None:
    import logging

    # Another test's app may go meanwhile, and with the last one what it has replaced.
    gc.collect()
    signals = {name: type(getattr(flask.signals, name)) for name in dir(flask.signals)}
    factory = logging.getLogRecordFactory()
    app = app_not_watched(LIFECYCLE_ENABLED=enabled)
    lifecycle = Lifecycle(app)
    app.test_client().get("/").close()
    lifecycle.undo(app)
    assert type(app) is Flask
    assert {name: type(getattr(flask.signals, name)) for name in dir(flask.signals)} == signals
    assert logging.getLogRecordFactory() is factory
    assert "X-Lifecycle-Trace" not in app.test_client().get("/").headers


def test_the_app_is_freed_by_its_reference_count() -> None:
    gc.collect()
    gc.disable()
    try:
        app, _ = make_app()
        freed = weakref.ref(app)
        del app
        assert freed() is None
    finally:
        gc.enable()


def test_ignored_paths_and_endpoints_are_not_kept() -> None:
    app = app_not_watched(LIFECYCLE_ENABLED=True, LIFECYCLE_IGNORE=("/static/*", "index"))
    lifecycle = Lifecycle(app)
    client: FlaskClient = app.test_client()
    for path in ("/", "/static/none", "/missing"):
        client.get(path).close()
    assert [trace.path for trace in lifecycle.traces(app)] == ["/missing"]


@pytest.mark.parametrize("name", ["index", "/", "other"])
def test_what_is_not_kept_is_answered_as_without(name: str) -> None:
    app = app_not_watched(LIFECYCLE_ENABLED=True, LIFECYCLE_IGNORE=[name])
    app.view_functions["index"] = lambda: "<html><body>hello</body></html>"
    Lifecycle(app)
    answer = app.test_client().get("/", headers={"Sec-Fetch-Dest": "document"})
    told = ["X-Lifecycle-Trace" in answer.headers, b"toolbar.js" in answer.data]
    assert told == [name == "other"] * 2


def test_nowhere_to_print_the_token_is_no_fault_of_the_apps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closed = io.StringIO()
    closed.close()
    app = app_not_watched(LIFECYCLE_ENABLED=True)
    run = click.Context(click.Command("run"), info_name="run")
    run.params["reload"] = False
    with run, monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", closed)
        Lifecycle(app)
    assert app.test_client().get("/").text == "hello"


def test_off_imports_next_to_nothing() -> None:
    code = (
        "import sys, flask, flask.cli, flask_lifecycle\n"
        "app = flask.Flask('x')\n"
        "app.config['LIFECYCLE_ENABLED'] = False\n"
        "before = {*sys.modules}\n"
        "flask_lifecycle.Lifecycle(app)\n"
        "assert before == {*sys.modules}\n"
        "flask_lifecycle.Lifecycle(flask.Flask('decides when it is called'))\n"
        "print(*sorted(each for each in sys.modules if each.startswith('flask_lifecycle.')))\n"
        "print({'flask_socketio', 'socketio', 'engineio', 'simple_websocket'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    ours, websockets = done.stdout.splitlines()
    assert websockets == "set()"
    assert ours.replace("flask_lifecycle.", "").split() == [
        *("address", "announcement", "collector_table", "extension", "faults", "forks"),
        *("instrumentation", "instrumentation.debugger", "locks"),
        *("pids", "private_folder", "recorder", "recorder.subclass", "run_token"),
        *("settings", "trace", "trace.notebook"),
    ]


def test_a_page_of_the_list_begins_after_the_last_whoever_was_kept_first() -> None:
    app = app_not_watched(LIFECYCLE_ENABLED=True, DEBUG=True)
    Lifecycle(app)
    client = app.test_client()
    client.get("/")
    store = app.extensions["lifecycle"]._store
    oldest, early = store.newest()[0], LiveTrace(None, "GET", "/early")
    client.get("/")
    # As where its thread had to wait between the two.
    store.add(early)

    seen: list[str] = []
    following: str | None = ""
    while following is not None:
        page = client.get(f"/_lifecycle/api/traces?limit=1&before={following}").get_json()
        seen += (each["id"] for each in page["traces"])
        following = page["next"]
    assert early.id in seen
    assert seen[-1] == oldest.id
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 3


def test_the_start_is_told_by_the_wall_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The monotonic one stands still while a machine sleeps."""
    app = app_not_watched(LIFECYCLE_ENABLED=True)
    lifecycle = Lifecycle(app)
    awake = 4e9
    monkeypatch.setattr("flask_lifecycle.trace.writer.time", lambda: awake)
    app.test_client().get("/")
    assert lifecycle.traces(app)[0].started_at == awake


FIRST_REQUEST = """
import re, sys
import flask
from flask_lifecycle import Lifecycle

app = flask.Flask("first")
app.config.update(DEBUG=True, LIFECYCLE_HISTORY=None)
app.add_url_rule("/", "index", lambda: "<!doctype html><html><body>x</body></html>")
Lifecycle(app)
compiler = sys.modules.get("re._compiler") or sys.modules["sre_compile"]

def profile(frame, event, arg):
    if event == "call" and frame.f_code is compiler.compile.__code__:
        while frame is not None and not frame.f_globals["__name__"].startswith("flask_lifecycle."):
            frame = frame.f_back
        # Below `__call__` of the recorded app is all that it calls, Werkzeug's own imports too.
        if frame is not None and frame.f_code.co_name != "__call__":
            print(frame.f_globals["__name__"], frame.f_code.co_name)

headers = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64)", "Sec-Fetch-Dest": "document"}
client = app.test_client()
sys.setprofile(profile)
client.get("/", headers=headers)
"""


def test_the_first_request_does_not_wait_for_patterns() -> None:
    # Else, what takes 10 ms after each change of the app's code is drawn as time of the app's.
    code = [sys.executable, "-c", FIRST_REQUEST]
    done = subprocess.run(code, capture_output=True, text=True, check=True)
    assert done.stdout == ""
