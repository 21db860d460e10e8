"""A crash in debug: who answered it, with what, and the link to it after the traceback."""

from __future__ import annotations

import http.client
import json
import re
import sys
import typing as t
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.debug import DebuggedApplication
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

from flask_lifecycle import Lifecycle
from flask_lifecycle.announcement import add_note
from tests.helpers.servers import PATIENCE, Server, wait_for

APP = """
from flask import Flask, Response, request
from flask_lifecycle import Lifecycle

app = Flask(__name__)
app.debug = True
app.config["LIFECYCLE_TOKEN"] = "t" * 40
Lifecycle(app)

@app.get("/")
def index():
    return "hello"

@app.get("/crash")
def crash():
    raise LookupError("in the view")

@app.get("/first")
def first():
    def body():
        raise LookupError("before the first chunk")
        yield b""
    return Response(body())

@app.get("/later")
def later():
    def body():
        yield b"x"
        raise LookupError("after the first chunk")
    return Response(body())

@app.get("/teardown")
def torn():
    return "torn"

@app.teardown_request
def teardown(_error):
    if request.path == "/teardown":
        raise LookupError("in teardown")

@app.get("/logged")
def logged():
    app.config["PROPAGATE_EXCEPTIONS"] = False
    raise LookupError("answered by the app")

@app.teardown_request
def propagate(_error):
    app.config["PROPAGATE_EXCEPTIONS"] = None

if __name__ == "__main__":
    import sys
    app.run(port=int(sys.argv[1]), debug=True)
"""
RUN = ("flask", "--app", "app", "run", "--debug", "--port", "{port}")
# Without, the line stands before the traceback of any server without a debugger.
HAS_NOTES = sys.version_info >= (3, 11)
SIGNED_IN = {"Cookie": f"lifecycle_token={'t' * 40}"}
SERVERS = {
    "flask run": [*RUN],
    "flask run without its debugger": [*RUN, "--no-debugger", "--no-reload"],
    "app.run": ["app", "{port}"],
    "gunicorn": ["gunicorn", "--reload", "--bind", "127.0.0.1:{port}", "app:app"],
    "waitress": ["waitress", "--listen=127.0.0.1:{port}", "app:app"],
}
PATHS = ("/crash", "/first", "/later", "/teardown", "/logged")
LINK = re.compile(r"Lifecycle: (http://\S+/_lifecycle/\?view=exception#(\w+))")


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path, SERVERS[request.param], APP)
    yield server
    server.stop()


def ask(server: Server, path: str) -> tuple[int, str]:
    host, _, port = server.address.partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=PATIENCE)
    connection.request("GET", path, headers=SIGNED_IN)
    answer = connection.getresponse()
    try:
        body = answer.read()
    except http.client.IncompleteRead as error:
        body = error.partial
    finally:
        connection.close()
    return answer.status, body.decode("utf-8", "replace")


def traces(server: Server, query: str = "") -> list[dict[str, t.Any]]:
    status, body = ask(server, f"/_lifecycle/api/traces?{query}")
    assert status == 200, body
    return t.cast("list[dict[str, t.Any]]", json.loads(body)["traces"])


def test_it_has_the_status_that_was_sent_and_the_link_stands_after_its_traceback(
    server: Server,
) -> None:
    sent = {path: ask(server, path) for path in PATHS}
    # Some servers print a traceback once they have answered, beside the next request.
    wait_for(lambda: len(LINK.findall(server.log.read_text())) >= len(PATHS))
    wait_for(lambda: {each["state"] for each in traces(server)} == {"done"})
    found = {each["path"]: each for each in traces(server) if each["path"] in PATHS}
    by_debugger = "gunicorn" not in server.command and "waitress" not in server.command
    by_debugger = by_debugger and "--no-debugger" not in server.command
    assert sent["/crash"][0] == 500
    for path, each in found.items():
        # What the app had sent before, and what was sent in its place.
        told = each["status"] if each["server_error_by"] is None else 500
        assert told == sent[path][0], path
        who = "debugger" if by_debugger else "server"
        assert each["server_error_by"] in (None, who)
    assert found["/crash"]["server_error_by"] is not None
    failed = {path for path, (status, _) in sent.items() if status == 500}
    assert {each["path"] for each in traces(server, "q=status:5xx")} == failed

    log = server.log.read_text()
    links = list(LINK.finditer(log))
    assert sorted(link[2] for link in links) == sorted(found[path]["id"] for path in PATHS)
    for link in links if by_debugger or HAS_NOTES else []:
        told = log[: link.start()].splitlines()[-1]
        assert told.startswith("LookupError: "), told
    assert {link[1].partition("/_")[0] for link in links} == {f"http://{server.address}"}
    # Werkzeug's page has it too.
    assert bool(LINK.search(sent["/crash"][1])) == (by_debugger and HAS_NOTES)
    # The panel's address is printed once, as the server has it.
    assert re.findall(r" \* Lifecycle: (.*)", log) == [f"http://{server.address}/_lifecycle/"]


def test_the_panels_own_requests_are_not_in_the_access_log(tmp_path: Path) -> None:
    gunicorn = [*SERVERS["gunicorn"][:-1], "--access-logfile", "-", "app:app"]
    for command in (SERVERS["flask run"], gunicorn):
        folder = tmp_path / command[0]
        folder.mkdir()
        server = Server(folder, command, APP)
        for path in ("/_lifecycle/", "/_lifecycle/api/traces", "/_lifecycle/toolbar.js"):
            assert ask(server, path)[0] == 200
        assert ask(server, "/of/_lifecycle/")[0] == 404
        assert ask(server, "/_lifecycle/api/none")[0] == 404
        wait_for(partial(is_in, "api/none", server.log))
        server.stop()
        log = server.log.read_text()
        assert re.findall(r"GET (/[^ ]*_lifecycle/[^ ]*)", log) == [
            "/of/_lifecycle/",
            "/_lifecycle/api/none",
        ]
        assert "GET / HTTP/1.1" in log


def test_the_debugger_is_said_to_have_answered() -> None:
    app = Flask(__name__)
    app.debug = True
    lifecycle = Lifecycle(app)
    app.add_url_rule("/", "index", lambda: raises(LookupError("x")))
    assert Client(DebuggedApplication(app)).get("/").status_code == 500
    whole = lifecycle.traces(app)[0].to_dict()
    told = "LookupError leaves the app, so Werkzeug's debugger answers with 500."
    assert whole["steps"][0]["explain"] == told
    assert "answered with 500 by Werkzeug's debugger" in [
        each["text"] for each in whole["highlights"]
    ]


def test_nothing_is_added_to_an_exception_without_a_server_or_without_debug() -> None:
    for debug in (True, False):
        app = Flask(__name__)
        app.debug = debug
        app.config.update(LIFECYCLE_ENABLED=True, PROPAGATE_EXCEPTIONS=True)
        Lifecycle(app)
        error = LookupError("x")
        app.add_url_rule("/", "index", lambda error=error: raises(error))
        software = {} if debug else {"SERVER_SOFTWARE": "a server"}
        with pytest.raises(LookupError):
            app.test_client().get("/", environ_base=software)
        assert not hasattr(error, "__notes__")


def test_an_error_handler_gets_the_exception_without_the_link_that_was_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Kept(Flask):
        def log_exception(self, *args: t.Any, **kwargs: t.Any) -> None:
            logged.append(getattr(args[-1][1], "__notes__", None))
            super().log_exception(*args, **kwargs)

    app = Kept(__name__)
    app.debug = True
    app.config["PROPAGATE_EXCEPTIONS"] = False
    lifecycle = Lifecycle(app)
    logged: list[t.Any] = []
    errors = [LookupError("plain"), LookupError("noted")]
    vars(errors[1])["__notes__"] = ["the app's"]
    left = iter(errors)
    app.add_url_rule("/", "index", lambda: raises(next(left)))
    given: list[t.Any] = []

    @app.errorhandler(500)
    def handler(error: t.Any) -> tuple[str, int]:
        given.append(getattr(error.original_exception, "__notes__", None))
        return "sorry", 500

    server = {"SERVER_SOFTWARE": "a server", "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "5000"}
    for _ in errors:
        assert app.test_client().get("/", environ_overrides=server).text == "sorry"
    links = [
        f"Lifecycle: http://127.0.0.1:5000/_lifecycle/?view=exception#{trace.id}"
        for trace in reversed(lifecycle.traces(app))
    ]
    if HAS_NOTES:
        assert logged == [[links[0]], ["the app's", links[1]]]
        assert all(link in caplog.text for link in links)
    assert given == [None, ["the app's"]]


def test_one_exception_of_several_requests_has_the_link_to_the_last() -> None:
    app = Flask(__name__)
    app.debug = True
    lifecycle = Lifecycle(app)
    error = LookupError("x")
    vars(error)["__notes__"] = ["the app's"]
    app.add_url_rule("/", "index", lambda: raises(error))
    vars(app)["wsgi_app"] = DispatcherMiddleware(app.wsgi_app, {})
    for _ in range(3):
        with pytest.raises(LookupError):
            app.test_client().get(
                "/",
                base_url="http://evil.example/shop",
                environ_overrides={
                    "SERVER_SOFTWARE": "a server",
                    "SERVER_NAME": "0.0.0.0",
                    "SERVER_PORT": "5000",
                },
            )
    last = lifecycle.traces(app)[0].id
    link = f"Lifecycle: http://127.0.0.1:5000/shop/_lifecycle/?view=exception#{last}"
    assert vars(error)["__notes__"] == ["the app's", link]
    assert len([each for each in vars(error)["__notes__"] if each.startswith("Lifecycle")]) == 1


def test_a_class_of_the_apps_own_is_not_asked() -> None:
    class Strange(Exception):
        def __setattr__(self, *_: object) -> t.NoReturn:
            raise AssertionError

        def __getattribute__(self, name: str) -> t.NoReturn:
            raise AssertionError

        def add_note(self, _note: str) -> t.NoReturn:
            raise AssertionError

    error = Strange("x")
    add_note(error, "Lifecycle: here")
    assert BaseException.__getattribute__(error, "__dict__")["__notes__"] == ["Lifecycle: here"]


def is_in(text: str, log: Path) -> bool:
    return text in log.read_text()


def raises(error: Exception) -> t.NoReturn:
    raise error
