"""Whatever an app holds and a client sends: the answer is as without, and soon."""

from __future__ import annotations

import io
import logging
import math
import sys
import threading
import time
import typing as t

import pytest
from flask import Flask, abort, flash, g, get_flashed_messages, render_template_string, request
from werkzeug.local import LocalProxy
from werkzeug.routing import BaseConverter
from werkzeug.test import EnvironBuilder, run_wsgi_app

from flask_lifecycle import Lifecycle

LITTLE = 5.0  # seconds of a thread's own time, for what takes milliseconds


class Hostile:
    """Every special method fails, and says so."""

    def _fails(self, *_: t.Any) -> t.NoReturn:
        raise ZeroDivisionError("touched")

    __repr__ = __str__ = __eq__ = __hash__ = __bool__ = __len__ = __iter__ = _fails

    def __getattr__(self, name: str) -> t.NoReturn:
        raise ZeroDivisionError(name)


class Slow:
    """Its text takes long; whoever asks for it is noted, and has to wait no longer."""

    asked: t.ClassVar[list[None]] = []

    def __repr__(self) -> str:
        self.asked.append(None)
        return "slow"

    __str__ = __repr__


class Endless:
    def __repr__(self) -> str:
        return repr(self)


class NoText:
    def __repr__(self) -> str:
        return 1  # type: ignore[return-value]


class Elsewhere:
    @property  # type: ignore[misc]
    def __class__(self) -> type:
        raise ZeroDivisionError("class")


def deep() -> list[t.Any]:
    made: list[t.Any] = []
    for _ in range(10_000):
        made = [made]
    return made


def cyclic() -> dict[str, t.Any]:
    made: dict[str, t.Any] = {}
    made["self"] = made
    return made


OBJECTS: dict[str, t.Callable[[], t.Any]] = {
    "hostile": Hostile,
    "slow": Slow,
    "endless": Endless,
    "no text": NoText,
    "elsewhere": Elsewhere,
    "deep": deep,
    "cyclic": cyclic,
    "wide": lambda: dict.fromkeys(range(1_000_000)),
    "long": lambda: "x" * 100_000_000,
    "bytes": lambda: b"x" * 100_000_000,
    "nan": lambda: math.nan,
    "inf": lambda: math.inf,
    "int": lambda: 10**5000,
    "surrogate": lambda: "\ud800 \x00 \u202e \x1b[31m",
    "proxy": lambda: LocalProxy(lambda: g.none),
    "generator": lambda: (each for each in "abc"),
    "lock": threading.Lock,
    "file": lambda: sys.stdout,
}


def answers(make: t.Callable[[Flask], None], environ: dict[str, t.Any]) -> list[t.Any]:
    """Return status, headers and body, with and without; neither takes much time."""
    found = []
    for watched in (True, False):
        app = Flask(__name__)
        app.config.update(LIFECYCLE_ENABLED=watched, SECRET_KEY="x")
        lifecycle = Lifecycle(app)
        make(app)
        begun = time.thread_time()
        sent = {**environ, "wsgi.input": io.BytesIO(b"abc")}
        body, status, headers = run_wsgi_app(app, sent)
        text = b"".join(body)
        t.cast("t.Any", body).close()
        assert time.thread_time() - begun < LITTLE
        headers.remove("X-Lifecycle-Trace")
        found.append((status, list(headers), text))
        if watched:
            # And what was kept can be read.
            assert [trace.to_dict() for trace in lifecycle.traces(app)]
    return found


@pytest.mark.parametrize("name", OBJECTS)
def test_objects_are_not_touched(name: str, caplog: pytest.LogCaptureFixture) -> None:
    value = OBJECTS[name]()

    class Made(BaseConverter):
        def to_python(self, _text: str) -> t.Any:
            return value

    class Raised(Exception):
        def __str__(self) -> str:
            return str(value)

    def make(app: Flask) -> None:
        app.url_map.converters["made"] = Made
        logger = logging.getLogger("bad.input")
        logger.disabled = False

        @app.before_request
        def before() -> None:
            g.value = value

        @app.context_processor
        def processor() -> dict[str, t.Any]:
            return {"value": value}

        @app.errorhandler(Raised)
        def handled(_error: Raised) -> tuple[str, int]:
            return "handled", 400

        @app.get("/<made:thing>")
        def view(thing: t.Any) -> t.Any:
            assert thing is value
            flash(value, value if isinstance(value, str) else "message")
            get_flashed_messages()
            # Handlers would format it, with or without us.
            logger.makeRecord("bad", logging.INFO, "file", 1, "%s", (value,), None)
            render_template_string("page", other=value)
            raise Raised

    with caplog.at_level(logging.CRITICAL, logger="flask.app"):
        watched, bare = answers(make, EnvironBuilder("/x").get_environ())
    assert watched == bare
    assert "failed; the app is not affected" not in caplog.text
    assert Slow.asked == []


@pytest.mark.parametrize("name", ["hostile", "elsewhere", "no text", "generator"])
def test_what_a_view_returns_is_not_touched(name: str) -> None:
    def make(app: Flask) -> None:
        app.add_url_rule("/", "view", OBJECTS[name])

    watched, bare = answers(make, EnvironBuilder("/").get_environ())
    assert watched == bare


def test_a_dict_that_another_thread_changes() -> None:
    value: dict[int, int] = {}
    over = threading.Event()

    def change() -> None:
        number = 0
        while not over.is_set():
            value[number % 500] = number
            value.pop((number + 250) % 500, None)
            number += 1

    def make(app: Flask) -> None:
        @app.get("/")
        def view() -> str:
            for _ in range(200):
                flash(value)  # type: ignore[arg-type]
            get_flashed_messages()
            return "done"

    thread = threading.Thread(target=change)
    thread.start()
    try:
        watched, bare = answers(make, EnvironBuilder("/").get_environ())
    finally:
        over.set()
        thread.join()
    assert watched[0] == bare[0] == "200 OK"


def test_exceptions_of_odd_shapes() -> None:
    def make(app: Flask) -> None:
        def recurse(depth: int) -> t.NoReturn:
            if depth:
                recurse(depth - 1)
            raise ValueError("deep")

        @app.errorhandler(Exception)
        def handled(error: Exception) -> tuple[str, int]:
            return type(error).__name__, 400

        @app.get("/<kind>")
        def view(kind: str) -> t.NoReturn:
            if kind == "cause":
                first, second = ValueError("first"), ValueError("second")
                first.__cause__, second.__cause__ = second, first
                raise first
            if kind == "frames":
                recurse(500)
            if kind == "group" and sys.version_info >= (3, 11):
                raise ExceptionGroup("many", [ValueError(n) for n in range(1000)])  # noqa: F821
            abort(404)

    for kind in ("cause", "frames", "group"):
        watched, bare = answers(make, EnvironBuilder(f"/{kind}").get_environ())
        assert watched == bare


def echo(app: Flask) -> None:
    @app.route("/", defaults={"path": ""}, methods=["GET", "POST", "PUT", "OPTIONS", "TRACE"])
    @app.route("/<path:path>", methods=["GET", "POST", "PUT", "OPTIONS", "TRACE"])
    def view(path: str) -> t.Any:
        return {
            "path": path,
            "query": request.query_string.decode("latin-1"),
            "cookies": dict(request.cookies),
            "body": request.get_data(as_text=True),
            "root": request.script_root,
        }


@pytest.mark.parametrize(
    "changes",
    [
        {"PATH_INFO": "/\xff\xfe"},
        {"PATH_INFO": "/caf\xc3\xa9"},
        {"PATH_INFO": "/a\x00b"},
        {"PATH_INFO": "//_lifecycle"},
        {"PATH_INFO": "/_lifecyclex"},
        {"PATH_INFO": ""},
        {"QUERY_STRING": "\xff=%ff&a=%00"},
        {"QUERY_STRING": "a=" + "x" * 60_000},
        {"QUERY_STRING": "&".join(f"a{number}=1" for number in range(20_000))},
        {"HTTP_COOKIE": "a=\xff; session=\xfe; =; ;"},
        {"HTTP_HOST": ""},
        {"CONTENT_LENGTH": "-1"},
        {"CONTENT_LENGTH": "abc"},
        {"REQUEST_METHOD": "PUT", "CONTENT_LENGTH": "3"},
        {"REQUEST_METHOD": "OPTIONS"},
        {"REQUEST_METHOD": "TRACE"},
        {"REQUEST_METHOD": "BREW"},
        {"REQUEST_METHOD": "x" * 10_000},
        {"SCRIPT_NAME": "/prefix"},
        {"SCRIPT_NAME": "/\xff"},
        {"HTTP_X_HTTP_METHOD_OVERRIDE": "DELETE"},
        {f"HTTP_X_{number}": "y" for number in range(8_000)},
    ],
    ids=lambda changes: str(changes)[:40],
)
def test_requests_are_answered_as_without(changes: dict[str, str]) -> None:
    environ = {**EnvironBuilder("/").get_environ(), **changes}
    watched, bare = answers(echo, environ)
    assert watched == bare


def test_variables_that_are_left_out_are_empty() -> None:
    environ = EnvironBuilder("/").get_environ()
    for name in ("SCRIPT_NAME", "QUERY_STRING"):
        del environ[name]
    watched, bare = answers(echo, environ)
    assert watched == bare
    assert watched[0] == "200 OK"
