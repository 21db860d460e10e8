"""Each function of ours fails in its turn, and the app answers as if it had not."""

from __future__ import annotations

import ast
import asyncio
import functools
import gc
import http.client
import io
import logging
import re
import socket
import sqlite3
import sys
import threading
import types
import typing as t
import warnings
import weakref
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import aiohttp
import flask
import httpcore
import pytest
import sqlalchemy
from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    after_this_request,
    flash,
    get_flashed_messages,
    redirect,
    render_template_string,
    request,
    session,
    stream_template_string,
    url_for,
)
from flask.sessions import SecureCookieSessionInterface
from flask.views import MethodView
from jinja2 import DictLoader
from werkzeug.test import EnvironBuilder, run_wsgi_app

import flask_lifecycle
from flask_lifecycle import Lifecycle, faults
from flask_lifecycle.core import compiled

PACKAGE = Path(flask_lifecycle.__file__).parent
Code = tuple[str, str, int]  # file, name, first line

_TAG = re.compile(rb"<script.*?</script>", re.DOTALL)  # the toolbar's
PATHS = (
    ("GET", "/shop/3?token=x"),
    ("GET", "/shop/3"),
    ("POST", "/form"),
    ("GET", "/stream"),
    ("GET", "/thing"),
    ("GET", "/none"),
    ("GET", "/raise"),
    ("GET", "/raise-http"),
    ("GET", "/abort"),
    ("GET", "/go"),
    ("GET", "/bad"),
    ("GET", "/short"),
    ("HEAD", "/thing"),
    ("OPTIONS", "/thing"),
    ("GET", "/file"),
    ("GET", "/async"),
    ("GET", "/shut"),
    ("GET", "/crash"),
    ("GET", "/calls"),
)
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture(autouse=True)
def _nothing_is_collected() -> Iterator[None]:
    """What is cleaned up of an app of another test would meet the faults, too."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


class Middleware:
    def __init__(self, app: t.Any) -> None:
        self.app = app

    def __call__(self, environ: dict[str, t.Any], start_response: t.Any) -> t.Any:
        if environ["PATH_INFO"] == "/shut":
            start_response("503 Service Unavailable", [])
            return [b"shut"]
        if environ["PATH_INFO"] == "/crash":
            raise RuntimeError("before the app")
        return self.app(environ, start_response)


def receiver(sender: Flask) -> None: ...


def make(watched: bool) -> Flask:
    """Make an app whose requests meet as much of ours as there is."""
    app = Flask(__name__)
    app.config.update(SECRET_KEY="x", LIFECYCLE_ENABLED=watched, LIFECYCLE_HEADER=None)
    app.session_interface = SecureCookieSessionInterface()
    Lifecycle(app)
    app.extensions["receiver"] = receiver
    flask.request_started.connect(receiver, app)
    vars(app)["wsgi_app"] = Middleware(app.wsgi_app)
    app.jinja_loader = DictLoader({"macros": "{% macro bold(text) %}{{ text }}{% endmacro %}"})
    engine = sqlalchemy.create_engine("sqlite://", poolclass=sqlalchemy.StaticPool)
    weakref.finalize(app, engine.dispose)  # Python 3.13 warns of connections left open
    shop = Blueprint("shop", __name__, url_prefix="/shop")
    logger = logging.getLogger("faults")

    @app.url_value_preprocessor
    def values(endpoint: str | None, args: dict[str, t.Any] | None) -> None: ...

    @app.url_defaults
    def defaults(endpoint: str, args: dict[str, t.Any]) -> None: ...

    @app.before_request
    def before() -> str | None:
        return "short" if request.path == "/short" else None

    @app.context_processor
    def processor() -> dict[str, str]:
        return {"greeting": "hello"}

    @app.after_request
    @shop.after_request
    def after(response: Response) -> Response:
        # One adds it, the other replaces it.
        response.headers["X-After"] = "yes"
        return response

    @app.teardown_request
    def teardown(error: BaseException | None) -> None: ...

    @app.teardown_appcontext
    def teardown_app(error: BaseException | None) -> None: ...

    @app.errorhandler(404)
    def missing(error: Exception) -> tuple[str, int]:
        return "missing", 404

    @app.errorhandler(ZeroDivisionError)
    def divided(error: Exception) -> tuple[str, int]:
        return f"divided: {error}", 500

    @shop.get("/<int:book>")
    def book(book: int) -> str:
        session["seen"] = book
        after_this_request(lambda response: response)
        logger.warning("book %s", book)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.filterwarnings("always", "odd")
            warnings.showwarning = lambda *_, **__: None
            warnings.warn("odd", stacklevel=1)
        flash("seen")
        get_flashed_messages()
        with engine.connect() as connection:
            connection.execute(sqlalchemy.text("SELECT :x"), {"x": 1}).all()
            connection.execute(sqlalchemy.text("CREATE TABLE IF NOT EXISTS one (x)"))
            connection.execute(sqlalchemy.text("INSERT INTO one VALUES (1)"))
            connection.commit()
        with sqlite3.connect(":memory:") as own:
            own.execute("create table one (x)")
            own.execute("insert into one values (1)")
            own.executescript("select 1")
            own.execute("CREATE TABLE a (b)")
            own.executemany("INSERT INTO a VALUES (?)", [(1,), (2,)])
        own.close()
        return render_template_string(
            "<!doctype html>{% from 'macros' import bold %}<html><body>{{ bold(greeting) }} "
            "{{ url_for('go') }}</body></html>"
        )

    @app.post("/form")
    def form() -> dict[str, t.Any]:
        return dict(request.form)

    @app.get("/stream")
    def stream() -> Response:
        return Response(stream_template_string("{% for n in range(3) %}{{ n }}{% endfor %}"))

    @app.get("/async")
    async def elsewhere() -> str:
        return "elsewhere"

    class Thing(MethodView):
        def get(self) -> dict[str, int]:
            return {"thing": 1}

    app.add_url_rule("/thing", view_func=Thing.as_view("thing"))

    @app.get("/raise")
    def raises() -> t.NoReturn:
        raise ZeroDivisionError("by zero")

    @app.get("/raise-http")
    def raises_http() -> t.NoReturn:
        raise RuntimeError("x")

    @app.get("/abort")
    def aborts() -> t.NoReturn:
        abort(500)

    @app.get("/go")
    def go() -> t.Any:
        return redirect(url_for("thing"))

    @app.get("/bad")
    def bad() -> Response:
        def chunks() -> Iterator[str]:
            yield "a"
            raise ValueError("in the middle")

        return Response(chunks())

    @app.get("/calls")
    async def calls() -> list[t.Any]:
        ours, theirs = socket.socketpair()
        connection = http.client.HTTPConnection("127.0.0.1")
        connection.sock = ours
        with ours, theirs:
            theirs.send(_ANSWER)
            connection.request("GET", "/sent")
            found: list[t.Any] = [connection.getresponse().read().decode()]
            found.append(theirs.recv(65536).decode())
        with suppress(OSError):
            http.client.HTTPConnection("127.0.0.1", 1).request("GET", "/refused")
        with httpcore.ConnectionPool(network_backend=httpcore.MockBackend([_ANSWER])) as pool:
            found.append(pool.request("GET", "http://127.0.0.1/sent").content.decode())
        backend = httpcore.AsyncMockBackend([_ANSWER])
        async with httpcore.AsyncConnectionPool(network_backend=backend) as async_pool:
            response = await async_pool.request("GET", "http://127.0.0.1/sent")
            found.append(response.content.decode())
        lost = httpcore.ConnectionPool(network_backend=httpcore.MockBackend([]))
        with suppress(httpcore.RemoteProtocolError), lost as pool:
            pool.request("GET", "http://127.0.0.1/refused")
        return [*found, *await by_aiohttp()]

    async def by_aiohttp() -> list[str]:
        async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(_ANSWER)
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server, aiohttp.ClientSession() as session:
            port = server.sockets[0].getsockname()[1]
            async with session.get(f"http://127.0.0.1:{port}/sent") as response:
                found = [await response.text()]
            with suppress(aiohttp.ClientConnectorError):
                await session.get("http://127.0.0.1:1/refused")
        return found

    @app.get("/file")
    def file() -> Response:
        return Response(io.BytesIO(b"file"), direct_passthrough=True)

    app.register_blueprint(shop)
    return app


def answers(app: Flask, paths: t.Iterable[tuple[str, str]] = PATHS) -> list[t.Any]:
    return [answer(app, method, path) for method, path in paths]


@functools.cache
def bare() -> list[t.Any]:
    return answers(make(watched=False))


def answer(app: Flask, method: str, path: str) -> t.Any:
    builder = EnvironBuilder(path, method=method)
    if method == "POST":
        builder.form["a"] = "b"
    try:
        body, status, headers = run_wsgi_app(app, builder.get_environ())
        try:
            text = b"".join(body)
        finally:
            t.cast("t.Any", body).close()
        kept = [
            (name, value)
            for name, value in headers
            if name not in ("Date", "Set-Cookie", "Content-Length", "Cache-Control")
        ]
        return method, path, status, kept, _TAG.sub(b"", text)
    except Exception as error:
        return method, path, type(error), str(error)
    finally:
        builder.close()


class Injected(Exception):
    """What a function of ours fails with."""


def code_of(frame: types.FrameType) -> Code | None:
    code = frame.f_code
    name = name_in_package(code.co_filename)
    return None if name is None else (name, code.co_name, code.co_firstlineno)


# It is called for every function that a request calls.
@functools.cache
def name_in_package(file: str) -> str | None:
    path = Path(file)
    if PACKAGE not in path.parents or "panel" in path.parts:
        return None
    return str(path.relative_to(PACKAGE))


class Saboteur:
    """Makes one function fail as it begins, or one line before it is run, each time."""

    def __init__(self, target: Code | None, line: int | None = None) -> None:
        self.target = target
        self.line = line
        self.reached = 0
        self.seen: set[Code] = set()

    def __call__(self, frame: types.FrameType, event: str, arg: t.Any) -> t.Any:
        code = code_of(frame)
        if code is None or event != "call":
            return None
        self.seen.add(code)
        if code != self.target:
            return None
        if self.line is None:
            self.reached += 1
            raise Injected
        return self._at_line

    def _at_line(self, frame: types.FrameType, event: str, arg: t.Any) -> t.Any:
        if event == "line" and frame.f_lineno == self.line:
            self.reached += 1
            raise Injected
        return self._at_line

    def __enter__(self) -> Saboteur:
        self._before = sys.gettrace(), threading.gettrace()
        sys.settrace(self)
        threading.settrace(self)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(self._before[0])
        threading.settrace(t.cast("t.Any", self._before[1]))


@pytest.fixture(autouse=True)
def anew() -> Iterator[None]:
    """Forget what failed, and keep quiet about what is to fail."""
    faults._faults.clear()
    logging.getLogger("faults").disabled = False
    yield
    faults._faults.clear()


def sources() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        if "panel" not in path.parts:
            yield str(path.relative_to(PACKAGE)), ast.parse(path.read_text("utf-8"))


def first_line(node: ast.FunctionDef) -> int:
    return node.decorator_list[0].lineno if node.decorator_list else node.lineno


def guarded() -> Iterator[tuple[Code, int | None]]:
    """Find each function that fails open, and each place that says what failed there."""
    for name, tree in sources():
        for node in ast.walk(tree):
            if not isinstance(node, ast.FunctionDef):
                continue
            code = (name, node.name, first_line(node))
            if any(
                isinstance(each, ast.Name) and each.id == "fail_open"
                for each in node.decorator_list
            ):
                yield code, None
            for inner in body_of(node):
                if isinstance(inner, ast.Try) and any(map(says_fault, inner.handlers)):
                    yield code, inner.body[0].lineno


def body_of(node: ast.FunctionDef) -> Iterator[ast.AST]:
    """Walk a function, but not those in it."""
    left: list[ast.AST] = list(node.body)
    while left:
        each = left.pop()
        if not isinstance(each, ast.FunctionDef | ast.Lambda):
            yield each
            left.extend(ast.iter_child_nodes(each))


def says_fault(handler: ast.ExceptHandler) -> bool:
    return any(
        isinstance(each, ast.Call) and isinstance(each.func, ast.Name) and each.func.id == "fault"
        for each in ast.walk(handler)
    )


GUARDED = list(guarded())
# Other packages have to be there for these, or to be asked for; each has a test of its own.
ELSEWHERE = {
    *("collectors/spans.py", "collectors/profiler.py", "collectors/memory.py"),
    *("instrumentation/methods.py", "mount.py", "instrumentation/upgrades.py"),
    "instrumentation/websocket_libraries.py",
    # Where a client resets the connection: tests/instrumentation/test_unclosed.py.
    "instrumentation/unclosed.py",
    "collectors/patch.py",
    # A server's start comes by these, or what a server sends after a crash.
    "announcement.py",
    # Once, when the app is set up.
    "extension.py",
    # The same, and where the app has contexts of its own: tests/instrumentation/test_contexts.py.
    "instrumentation/contexts.py",
    # Whoever looks comes by these, and no request.
    *("trace/snapshot.py", "trace/explain.py", "trace/sentences/sentence.py"),
    "app_map/overview.py",
    "summary/summarize.py",
    # Only where requests are held; tests/integration/test_holds.py has the faults of that.
    *("holds/held.py", "holds/seen.py", "recorder/holding.py"),
    "panel/others.py",
}
if compiled is not None:
    # Only its twin comes by there.
    ELSEWHERE |= {
        "collectors/changes/mappings.py",
        "instrumentation/body_proxy.py",
        "instrumentation/body_recording.py",
        "instrumentation/trace_start.py",
    }
# The threads that write and that share with other processes, and whoever reads.
ELSEWHERE_ALL = ("history/", "processes/")


@pytest.mark.parametrize(
    ("code", "line"), GUARDED, ids=[f"{code[0]}:{code[1]}:{line or ''}" for code, line in GUARDED]
)
def test_what_fails_open_does(
    code: Code, line: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    watched = make(watched=True)
    with caplog.at_level(logging.WARNING, "flask_lifecycle"), Saboteur(code, line) as saboteur:
        found = answers(watched)
    assert found == bare()
    is_elsewhere = code[0] in ELSEWHERE or code[0].startswith(ELSEWHERE_ALL)
    if is_elsewhere and not saboteur.reached:
        return
    assert saboteur.reached, "no request of this test's comes by there"
    said = [each for each in caplog.records if each.name == "flask_lifecycle"]
    assert said
    assert len({each.message for each in said}) == len(said), "one for each place"
    assert all("failed; the app is not affected" in each.message for each in said)
    # Without the fault all is as it was.
    assert answers(watched) == bare()


def reached() -> dict[Code, list[int]]:
    """Return each function that is called, with the indexes of the paths that call it."""
    app = make(watched=True)
    found: dict[Code, list[int]] = {}
    for index, (method, path) in enumerate(PATHS):
        with Saboteur(None) as saboteur:
            answer(app, method, path)
        for code in saboteur.seen:
            found.setdefault(code, []).append(index)
    return found


# These the app, the server or a library calls in place of its own function: a fault before
# their first line would be the interpreter's. What they do themselves, beside calling what is
# guarded, is to append to a list, look up in a dict and compare.
CALLED_BY_OTHERS = {
    "instrumentation/body.py": {"recorded"},
    "instrumentation/body_proxy.py": {
        *("__getattr__", "__init__", "_closed", "_iterator", "_itself", "method"),
    },
    "instrumentation/body_recording.py": {
        *("__del__", "__init__", "add", "close", "end", "leave", "record_close"),
    },
    "instrumentation/wsgi.py": {"__call__", "_is_outside", "call", "leave", "record", "wsgi_app"},
    "instrumentation/trace_start.py": {"begin"},
    "collectors/changes/mappings.py": {"look"},
    "collectors/changes/responses.py": {"look_at_response", "sent"},
    "collectors/logs.py": {"factory"},
    "collectors/http.py": {"sent"},
    "collectors/outgoing/aiohttp.py": {"_failing", "recorded"},
    "collectors/outgoing/http_client.py": {"_failing", "recorded"},
    "collectors/outgoing/httpcore.py": {"recorded"},
    "collectors/signals.py": {"send"},
    "collectors/sql.py": {"__get__", "_begin", "_connect", "initialized", "recorded"},
    "collectors/sqlite.py": {"_cursor", "connect", "execute", "put", "recorded"},
    "collectors/templates/classes.py": {"generate", "render"},
    "collectors/templates/parts.py": {
        *("__call__", "_inside", "_is_at_home", "_is_begun", "_leave", "_part"),
        *("recording_writer", "root"),
    },
    "collectors/templates/record.py": {"get"},
    "collectors/warnings.py": {"show"},
    "instrumentation/contexts.py": {"app_context"},
    "instrumentation/error_handling.py": {
        "_hide",
        "handle_exception",
        "log_exception",
        "handle_user_exception",
        "left",
    },
    "faults.py": {"guarded"},
    "instrumentation/functions.py": {"_unrecorded", "ensure_sync"},
    "instrumentation/methods.py": {"process_response", "request_context"},
    "collectors/macros.py": {"__call__", "_recorded", "macro"},
    "instrumentation/middleware.py": {"run"},
    "recorder/errors.py": {"describe_error"},
    "recorder/steps.py": {"begin", "begin_leaf", "end", "end_leaf", "fail", "room_for"},
    "instrumentation/url_functions.py": {"<listcomp>", "__getitem__", "_record"},
    "instrumentation/return_values.py": {"returned"},
    "instrumentation/routing.py": {"matched"},
    "instrumentation/start_response.py": {"recorded"},
    "collectors/statements.py": {"begin", "end", "fail"},
    "recorder/subclass.py": {"__contains__"},
    "instrumentation/async_functions.py": {"noted"},
    "instrumentation/views.py": {"__getitem__", "own"},
    "trace/writer.py": {"running", "strand", "trace"},
}


def test_no_other_function_of_ours_can_break_the_app() -> None:
    seen = reached()
    assert len(seen) > 150
    broken = []
    for code in sorted(seen):
        guards_itself = any(code == each and line for each, line in GUARDED)
        if guards_itself or code[1] in CALLED_BY_OTHERS.get(code[0], ()):
            continue
        faults._faults.clear()
        watched = make(watched=True)
        # The paths that call it, and one after them, for what a fault may leave behind.
        asked = [*seen[code], (seen[code][-1] + 1) % len(PATHS)]
        with Saboteur(code):
            found = answers(watched, [PATHS[each] for each in asked])
        if found != [bare()[each] for each in asked]:
            broken.append(code)
    assert broken == []


def test_what_fails_again_and_again_is_no_longer_called(caplog: pytest.LogCaptureFixture) -> None:
    app = make(watched=True)
    calls = []

    def fails(*_: t.Any) -> t.NoReturn:
        calls.append(1)
        raise Injected

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("flask_lifecycle.collectors.logs._message", fails)
        with caplog.at_level(logging.WARNING, "flask_lifecycle"):
            for _ in range(50):
                answers(app)
    assert len(calls) == faults._FAULTS_ALLOWED
    assert len([each for each in caplog.records if each.name == "flask_lifecycle"]) == 1


def test_a_log_of_the_apps_that_fails_does_not_make_a_fault_of_ours_the_apps() -> None:
    expected = bare()
    app = make(watched=True)

    def fails(*_: t.Any) -> t.NoReturn:
        raise Injected

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("flask_lifecycle.collectors.logs._message", fails)
        # As one that reads `request`, where there is none.
        patch.setattr(logging.getLogger("flask_lifecycle"), "filters", [fails])
        assert answers(app) == expected


def test_what_is_no_exception_is_never_kept() -> None:
    """Also where it comes while a function of ours runs, as by Ctrl+C."""
    names = {"BaseException", "BaseExceptionGroup", *(each.__name__ for each in NO_EXCEPTIONS)}
    seen = 0
    for path in PACKAGE.rglob("*.py"):
        if path.parent.name == "cli":  # commands are processes of their own, which Ctrl+C ends
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.ExceptHandler):
                continue
            caught = {"BaseException"} if node.type is None else set(named(node.type))
            if caught & names:
                seen += 1
                last = node.body[-1]
                assert isinstance(last, ast.Raise), f"{path}:{node.lineno}"
                assert last.exc is None, f"{path}:{node.lineno}"
    assert seen


def named(node: ast.AST) -> Iterator[str]:
    return (each.id for each in ast.walk(node) if isinstance(each, ast.Name))


NO_EXCEPTIONS = (SystemExit, KeyboardInterrupt, GeneratorExit)


@pytest.mark.parametrize("kind", NO_EXCEPTIONS)
@pytest.mark.parametrize(
    "place", ["view", "before", "teardown", "body", "close", "log", "template"]
)
def test_what_is_no_exception_passes(kind: type[BaseException], place: str) -> None:
    def leave(where: str) -> None:
        if where == place:
            raise kind(where)

    ends = []
    for watched in (False, True):
        app = Flask(__name__)
        app.config["LIFECYCLE_ENABLED"] = watched
        Lifecycle(app)
        app.before_request(lambda: leave("before"))
        app.teardown_request(lambda *_: leave("teardown"))
        app.jinja_env.globals["leave"] = leave

        @app.get("/")
        def view() -> Response:
            leave("view")
            if place == "log":
                logging.getLogger("faults").warning("%s", Text(leave))
            render_template_string("{{ leave('template') }}")

            def chunks() -> Iterator[str]:
                yield "a"
                leave("body")

            response = Response(chunks())
            response.call_on_close(lambda: leave("close"))
            return response

        with pytest.raises(BaseException) as raised:
            whole(app)
        ends.append((type(raised.value), str(raised.value)))
    # Flask's main branch gathers what teardown functions raise.
    assert ends[0] == ends[1]
    assert place in ends[0][1] or place == "teardown"


def whole(app: Flask) -> None:
    body, _, _ = run_wsgi_app(app, EnvironBuilder("/").get_environ())
    try:
        list(body)
    finally:
        t.cast("t.Any", body).close()


class Text:
    """Something whose text the log asks for."""

    def __init__(self, leave: t.Callable[[str], None]) -> None:
        self._leave = leave

    def __str__(self) -> str:
        self._leave("log")
        return "text"


class Zeros(io.RawIOBase):
    """A body without end, none of which is kept."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: t.Any) -> int:
        return len(buffer)


def memory() -> int:
    """Return this process's resident memory in pages."""
    return int(Path("/proc/self/statm").read_text().split()[1])


@pytest.mark.parametrize("watched", [True, False])
def test_a_view_that_reads_a_gigabyte_has_it_alone(watched: bool) -> None:
    app = Flask(__name__)
    app.config.update(LIFECYCLE_ENABLED=watched, LIFECYCLE_BODY_PREVIEW=True)
    Lifecycle(app)
    grown = []

    @app.post("/")
    def read() -> str:
        before, total = memory(), 0
        while part := request.stream.read(1 << 20):
            total += len(part)
            grown.append(memory() - before)
        return str(total)

    builder = EnvironBuilder(method="POST", content_type="text/plain")
    environ = {**builder.get_environ(), "wsgi.input": Zeros(), "CONTENT_LENGTH": str(1 << 30)}
    body, status, _ = run_wsgi_app(app, environ, buffered=True)
    assert (status, b"".join(body)) == ("200 OK", str(1 << 30).encode())
    builder.close()
    assert max(grown) * 4096 < 16 << 20
