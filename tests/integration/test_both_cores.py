"""Requests of any kind are recorded, and reach the server, in C as they do in Python."""

from __future__ import annotations

import enum
import gc
import json
import os
import re
import subprocess
import sys
import threading
import traceback
import typing as t
from pathlib import Path

from flask import Flask, Response, jsonify, redirect, request, send_file
from werkzeug.test import EnvironBuilder
from werkzeug.wsgi import FileWrapper

import flask_lifecycle
from flask_lifecycle import Lifecycle
from flask_lifecycle.core import compiled
from tests.helpers import ROOT

# Ids, addresses and dates.
_VARYING = re.compile('[0-9a-f]{24}| at 0x[0-9a-f]+|[A-Z][a-z]{2}, [^"]* GMT')
PACKAGE = Path(flask_lifecycle.__file__).parent
Start = t.Callable[..., t.Any]


class Broken(list[bytes]):
    """A body whose ``close`` fails."""

    def close(self) -> None:
        raise OSError("close")


class Own(Broken):
    """A body that is neither of Werkzeug's classes nor a list's."""

    def __iter__(self) -> t.Any:
        return iter((b"a", b"b"))


class Name(str, enum.Enum):
    """Names of headers, as apps have them that do not repeat texts."""

    LENGTH = "Content-Length"
    OWN = "X-Own"


class Counted(str):
    """A text whose methods are the app's."""

    __slots__ = ()
    calls: t.ClassVar[list[str]] = []

    def __hash__(self) -> int:
        self.calls.append("hash")
        return super().__hash__()

    def __eq__(self, other: object) -> bool:
        self.calls.append("eq")
        return super().__eq__(other)

    def lower(self) -> str:
        self.calls.append("lower")
        return super().lower()


class Asked:
    """A body that counts how often it is asked for a method that it does not have."""

    asks = 0

    def __init__(self) -> None:
        self.parts = iter((b"a", b"b"))

    def __iter__(self) -> t.Any:
        return self

    def __next__(self) -> bytes:
        return next(self.parts)

    def __getattr__(self, name: str) -> t.Any:
        if name == "close":
            Asked.asks += 1
        raise AttributeError(name)


class Refusing(Asked):
    """Another one, which cannot be asked."""

    def __getattr__(self, name: str) -> t.Any:
        raise OSError(name)


def middleware(inner: t.Any) -> t.Any:
    """Respond to some requests, as apps do that are no Flask's."""
    answers: dict[str, t.Any] = {
        "/own": lambda start: start("200 OK", [("A", "b")]) and [b"own"],
        "/odd": lambda start: start("299 Odd", [["Content-Length", "3"]]) and [b"odd"],
        "/asked": lambda start: start("200 OK", [("A", str(Asked.asks))]) and Asked(),
        "/refusing": lambda start: start("200 OK", []) and Refusing(),
        "/broken": lambda start: start("200 OK", [("content-LENGTH", "0")]) and Own(),
        "/none": lambda _start: [b"nothing has been started"],
        "/again": lambda start: start("500 No", [], None) and start("200 OK", headers=[]) and [],
    }

    def answer(environ: dict[str, t.Any], start: Start) -> t.Any:
        made = answers.get(environ.get("PATH_INFO", ""))
        return inner(environ, start) if made is None else made(start)

    return answer


def make() -> tuple[Flask, Lifecycle]:
    app = Flask("both")
    app.secret_key = "k"
    app.config.update(
        LIFECYCLE_ENABLED=True, LIFECYCLE_HISTORY=None, LIFECYCLE_IGNORE=["/ignored", "hidden"]
    )
    lifecycle = Lifecycle(app)

    def stream() -> t.Iterator[str]:
        yield "a"
        raise LookupError("stream")

    views: dict[str, t.Any] = {
        "/": lambda: "hello",
        "/page": lambda: "<!doctype html><title>a</title><body>page</body>",
        "/thing/<int:number>/<name>": lambda number, name: {"number": number, "name": name},
        "/reset/<token>": lambda token: token[:2],
        "/raises": lambda: 1 / 0,
        "/stream": lambda: Response(stream()),
        "/list": lambda: Response([b"a", b"b"], headers={"X-A": "ä", "Set-Cookie": "a=b; Path=/"}),
        "/names": lambda: Response("abc", headers=[(Name.OWN, "1")]),
        "/length": lambda: Response(stream(), headers=[(Name.LENGTH, "3")]),
        "/counted": lambda: Response("abc", headers=[("X-A", Counted(len(Counted.calls)))]),
        "/closing": lambda: Response(Own()),
        "/file": lambda: send_file(__file__),
        "/go": lambda: redirect("/?token=abc"),
        "/json": lambda: jsonify(request.get_json()),
        "/form": lambda: str(request.form),
        "/nested": lambda: app.test_client().get("/?inner=1").text,
        "/ignored": lambda: "ignored",
        "/slash/": lambda: "slash",
        "/exit": lambda: (_ for _ in ()).throw(SystemExit(3)),
    }
    for rule, view in views.items():
        app.add_url_rule(rule, rule, view, methods=["GET", "POST"])
    app.add_url_rule("/hidden", "hidden", lambda: "hidden")
    t.cast("t.Any", app).wsgi_app = middleware(app.wsgi_app)
    return app, lifecycle


PATHS = (
    *("/", "/?n=1&word=two", "/?token=abc", "/?n=%20", "/page", "/thing/3/ada", "/thing/4/x%20y"),
    *("/reset/0123456789abcdef0123", "/raises", "/stream", "/list", "/file", "/go", "/nested"),
    *("/ignored", "/hidden", "/slash", "/exit", "/own", "/odd", "/broken", "/none", "/again"),
    *("/names", "/length", "/counted", "/asked", "/asked", "/refusing", "/closing"),
    *("/missing", "/favicon.ico", "/static/no.css", "/ä"),
)
MORE: tuple[dict[str, t.Any], ...] = (
    {"method": "POST", "path": "/json", "json": {"password": "p", "a": 1}},
    {"method": "POST", "path": "/form", "data": {"password": "p", "a": "1"}},
    {"method": "HEAD", "path": "/list"},
    {"method": "BREW", "path": "/"},
    {"path": "/", "headers": {"Cookie": "a=1; b=2", "Authorization": "Basic eDp5"}},
    {"path": "/", "headers": {"Sec-Fetch-Dest": "empty"}},
    {"path": "/", "headers": {"Traceparent": f"00-{'0af76519' * 4}-{'b7ad6b71' * 2}-01"}},
    {"path": "/", "headers": {"Lifecycle-Trace": "x", "X-Request-Id": "y"}},
    {"path": "/", "headers": {"Upgrade": "websocket", "Connection": "Upgrade"}},
    {"path": "/", "environ_overrides": {"SERVER_PORT": 80, "SERVER_SOFTWARE": "x"}},
    {"path": "/", "environ_overrides": {"SCRIPT_NAME": "/root", "wsgi.multiprocess": True}},
    {"path": "/", "environ_overrides": {"wsgi.file_wrapper": FileWrapper}},
    {"path": "/file", "environ_overrides": {"wsgi.file_wrapper": FileWrapper}},
    {"path": "/", "environ_overrides": {"wsgi.file_wrapper": lambda file, *_: file}},
    {"path": "/", "environ_overrides": {"HTTP_COOKIE": None}},
)
#: What the server does: with `start_response`, and with the body.
SERVERS = ("plain", "refuses", "interrupted", "leaves", "closes early", "closes twice", "counts")


def serve(app: Flask, environ: dict[str, t.Any], server: str) -> list[t.Any]:
    """Be a server; return all that it gets."""
    seen: list[t.Any] = []

    def start_response(*args: t.Any, **kwargs: t.Any) -> t.Any:
        seen.append(("start", args, kwargs))
        if server == "refuses":
            raise ValueError("refused")
        if server == "interrupted":
            raise KeyboardInterrupt
        return seen.append

    body: t.Any = None
    try:
        body = app(environ, start_response)
        if server == "counts":
            seen.append(len(list(body)))
        if server not in ("leaves", "closes early"):
            seen.extend(body)
    except BaseException as error:
        frames = traceback.extract_tb(error.__traceback__)[1:]
        # On Python 3.10, there is the one from which an exception is raised again.
        names = [each.name for each in frames if PACKAGE not in Path(each.filename).parents]
        seen.append((repr(error), repr(error.__context__), names))
    for _ in range(0 if server == "leaves" else 1 + (server == "closes twice")):
        try:
            if hasattr(body, "close"):
                body.close()
        except BaseException as error:
            seen.append(("close", repr(error)))
    return seen


def describe(trace: t.Any) -> list[t.Any]:
    """Return all of a trace that is the same each time."""
    fields = ("method", "path", "query", "status", "state", "thread", "background", "caller")
    said: list[t.Any] = [repr(getattr(trace, name, None)) for name in fields]
    said.append((repr(trace.error), trace.parent is None))
    for step in trace.steps:
        detail = {key: value for key, value in step.detail.items() if key != "sent"}
        said.append((step.stage, step.name, step.parent, step.outcome, step.end is None, detail))
    return said


def report() -> t.Iterator[t.Any]:
    """Send all requests, in a thread with a name, and yield what came of each."""
    app, lifecycle = make()
    requests = [*({"path": path} for path in PATHS), *MORE]
    for server in SERVERS:
        # The second time, all is known.
        for asked in [*requests, *requests] if server == "plain" else requests:
            app.extensions["lifecycle"].clear()
            environ = EnvironBuilder(**asked).get_environ()
            yield [server, asked, serve(app, environ, server)]
            if server == "leaves":
                # A body that nobody closes may be in a cycle.
                gc.collect()
            yield [describe(each) for each in lifecycle.traces(app)]


def main() -> None:
    lines: list[str] = []

    def run() -> None:
        lines.extend(_VARYING.sub("", json.dumps(each, default=repr)) for each in report())

    thread = threading.Thread(target=run, name="both")
    thread.start()
    thread.join()
    sys.stdout.writelines(f"{line}\n" for line in lines)


def test_whatever_is_asked_is_recorded_in_the_same_way() -> None:
    if compiled is None:
        return
    found = []
    for pure in "01":
        done = subprocess.run(
            [sys.executable, "-m", "tests.integration.test_both_cores"],
            cwd=ROOT,
            env={**os.environ, "FLASK_LIFECYCLE_PURE": pure, "PYTHONHASHSEED": "0"},
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        found.append(done.stdout.splitlines())
    assert len(found[0]) == len(found[1]) > 500
    for in_c, in_python in zip(*found, strict=True):
        assert in_c == in_python


if __name__ == "__main__":
    main()
