"""The app behaves as without the extension: compared, request by request, with a bare one."""

from __future__ import annotations

import gc
import io
import logging
import traceback
import typing as t
import warnings
import weakref
from pathlib import Path

import flask
import pytest
from flask import (
    Blueprint,
    Flask,
    Request,
    Response,
    g,
    render_template_string,
    request,
    send_file,
    session,
)
from flask.json.provider import DefaultJSONProvider
from flask.sessions import SecureCookieSessionInterface
from flask_socketio import SocketIO
from itsdangerous import TimestampSigner
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import BaseConverter
from werkzeug.test import EnvironBuilder, run_wsgi_app
from werkzeug.wsgi import FileWrapper

from flask_lifecycle import Lifecycle
from tests.helpers.oracle import REQUESTS, Oracle, make_oracle_app

Make = t.Callable[[], Flask]


@pytest.fixture(autouse=True)
def one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Session cookies bear the second in which they were signed."""
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _self: 1_700_000_000)


class Seen(t.NamedTuple):
    """All that can be seen of one call, from outside."""

    status: str
    headers: list[tuple[str, str]]
    chunks: list[bytes]
    error: list[str]
    called: list[str]
    logged: list[str]
    warned: list[str]
    file: bool


def call(app: Flask, oracle: Oracle, environ: dict[str, t.Any]) -> Seen:
    """Call an app as a server does that sends files by itself."""
    environ["wsgi.file_wrapper"] = FileWrapper
    logged: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: logged.append(f"{record.name} {record.getMessage()}")  # type: ignore[method-assign]
    logging.getLogger().addHandler(handler)
    status, headers, chunks, error, file = "", [], [], [], False

    def start_response(given: str, fields: list[tuple[str, str]], *_: t.Any) -> t.Any:
        nonlocal status, headers
        status, headers = given, fields

    with warnings.catch_warnings(record=True) as warned, oracle:
        warnings.simplefilter("always")
        try:
            body = app(environ, start_response)
            file = isinstance(body, FileWrapper)
            chunks = list(body)
            t.cast("t.Any", body).close()
        except BaseException as raised:
            # But for the outermost: ``__call__``, of either class.
            error = [
                f"{frame.filename.rpartition('/')[2]} {frame.name}"
                for frame in traceback.extract_tb(raised.__traceback__)[2:]
                if frame.name != "record"  # Python 3.10 puts the outermost back
            ] + [repr(raised)]
    logging.getLogger().removeHandler(handler)
    # The date is that of the answer, to the second.
    ours = [field for field in headers if field[0] not in ("X-Lifecycle-Trace", "Date")]
    return Seen(
        status,
        ours,
        chunks,
        error,
        list(oracle.called),
        logged,
        [str(each.message) for each in warned],
        file,
    )


def seen(make: t.Callable[[Oracle], Flask], watched: bool, **environ: t.Any) -> Seen:
    oracle = Oracle()
    app = make(oracle)
    app.config["LIFECYCLE_ENABLED"] = watched
    Lifecycle(app)
    call(app, oracle, EnvironBuilder("/plain").get_environ())
    return call(app, oracle, EnvironBuilder(**environ).get_environ())


@pytest.mark.parametrize(("method", "path"), REQUESTS, ids=lambda part: str(part))
@pytest.mark.parametrize("propagate", [False, True])
def test_it_answers_as_without(method: str, path: str, propagate: bool) -> None:
    def make(oracle: Oracle) -> Flask:
        return make_oracle_app(oracle, PROPAGATE_EXCEPTIONS=propagate)

    watched, bare = (seen(make, each, path=path, method=method) for each in (True, False))
    assert watched == bare


def sessions(oracle: Oracle) -> Flask:
    app = make_oracle_app(oracle)

    @app.get("/reads")
    def reads() -> str:
        return str(session.get("count", 0))

    @app.get("/writes")
    def writes() -> str:
        session["count"] = 1
        return "written"

    @app.get("/file")
    def file() -> Response:
        return send_file(Path(__file__))

    @app.post("/form")
    def form() -> str:
        return request.stream.read().decode()

    @app.get("/list")
    def items() -> t.Any:
        return Response([b"one", b"two", b"", b"three"])

    @app.get("/empty")
    def empty() -> t.Any:
        return "", 204

    return app


@pytest.mark.parametrize(
    "environ",
    [
        {"path": "/reads"},
        {"path": "/reads", "headers": {"Cookie": "session=eyJjb3VudCI6MX0.none"}},
        {"path": "/writes"},
        {"path": "/file"},
        {"path": "/file", "headers": {"Range": "bytes=0-9"}},
        {"path": "/file", "method": "HEAD"},
        {"path": "/form", "method": "POST", "data": "a=1", "content_type": "text/plain"},
        {
            "path": "/form",
            "method": "POST",
            "data": "a=1",
            "content_type": "application/x-www-form-urlencoded",
        },
        {"path": "/list"},
        {"path": "/empty"},
    ],
    ids=lambda environ: " ".join(map(str, environ.values())),
)
def test_sessions_files_and_bodies_are_as_without(environ: dict[str, t.Any]) -> None:
    watched, bare = (seen(sessions, each, **environ) for each in (True, False))
    assert watched == bare


def test_a_file_goes_to_the_servers_own_wrapper() -> None:
    app = sessions(Oracle())
    app.config["LIFECYCLE_ENABLED"] = True
    lifecycle = Lifecycle(app)
    environ = EnvironBuilder("/file").get_environ()
    environ["wsgi.file_wrapper"] = FileWrapper
    body = app(environ, lambda *_: None)  # type: ignore[arg-type]
    assert isinstance(body, FileWrapper)
    body.close()
    assert lifecycle.traces(app)[0].state == "done"


def left(path: str, watched: bool) -> list[t.Any]:
    """Return what is left of all that a request made, with the garbage collector off."""
    app = Flask(__name__)
    app.config.update(LIFECYCLE_ENABLED=watched, SECRET_KEY="x")
    Lifecycle(app)
    made: list[weakref.ref[t.Any]] = []

    class Local:
        pass

    @app.before_request
    def before() -> None:
        g.local = Local()
        made.append(weakref.ref(g.local))

    @app.get("/<path:kind>")
    def view(kind: str) -> t.Any:
        local = Local()
        session["kind"] = kind
        made.extend(
            weakref.ref(each)
            for each in (local, request._get_current_object(), g._get_current_object())  # type: ignore[attr-defined]
        )
        if kind == "stream":
            response = Response(iter(["a", "b"]))
        else:
            response = Response(render_template_string("{{ local }}", local="x"))
        made.append(weakref.ref(response))
        return response

    def get() -> None:
        body, _status, _headers = run_wsgi_app(app, EnvironBuilder(path).get_environ())
        for _ in body:
            pass
        t.cast("t.Any", body).close()

    get()  # what is made once and kept
    made.clear()
    gc.collect()
    gc.disable()
    try:
        get()
        assert len(made) == 5
        return [type(ref()) for ref in made]
    finally:
        gc.enable()


@pytest.mark.parametrize("path", ["/page", "/stream"])
def test_what_a_request_made_is_freed_by_reference_count_as_without(path: str) -> None:
    assert left(path, watched=True) == left(path, watched=False)


def test_undo_gives_every_object_back() -> None:
    oracle = Oracle()
    app = make_oracle_app(oracle)

    def objects() -> dict[str, t.Any]:
        return {
            **{name: id(value) for name, value in vars(app).items()},
            "class": type(app),
            "session": type(app.session_interface),
            **{
                f"{name} {scope}": [id(func) for func in functions]
                for name in ("url_value_preprocessors", "url_default_functions")
                for scope, functions in vars(app)[name].items()
            },
        }

    assert app.jinja_env  # made at its first use
    app._got_first_request = True  # as it will be
    before = objects()
    app._got_first_request = False
    lifecycle = Lifecycle()
    lifecycle.init_app(app)
    app.test_client().get("/parent/child/7").close()
    lifecycle.undo(app)
    assert objects() == before


# Shapes of apps: each returns what a server calls, the app that is recorded, and a path.

Shape = tuple[t.Any, Flask, str, dict[str, t.Any]]


def plain(**config: t.Any) -> Flask:
    app = Flask(__name__)
    app.config.update(LIFECYCLE_ENABLED=True, SECRET_KEY="x", **config)
    app.add_url_rule("/", "index", lambda: f"{request.url} {request.remote_addr}")
    return app


def dispatched() -> Shape:
    app = plain()
    Lifecycle(app)
    return DispatcherMiddleware(plain(), {"/inner": app}), app, "/inner/", {}


def dispatched_wsgi_app() -> Shape:
    app = plain()
    Lifecycle(app)
    return DispatcherMiddleware(plain(), {"/inner": app.wsgi_app}), app, "/inner/", {}


def proxied() -> Shape:
    app = plain()
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1)  # type: ignore[method-assign]
    Lifecycle(app)
    return app, app, "/", {"headers": {"X-Forwarded-For": "192.0.2.7"}}


def proxied_later() -> Shape:
    app = plain()
    Lifecycle(app)
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1)  # type: ignore[method-assign]
    return app, app, "/", {"headers": {"X-Forwarded-For": "192.0.2.7"}}


def hosts() -> Shape:
    app = Flask(__name__, host_matching=True, static_host="x.test")
    app.config.update(LIFECYCLE_ENABLED=True, SECRET_KEY="x")
    app.add_url_rule("/", "index", lambda: request.host, host="a.test")
    Lifecycle(app)
    return app, app, "/", {"base_url": "http://a.test"}


def subdomains() -> Shape:
    app = Flask(__name__, subdomain_matching=True)
    app.config.update(LIFECYCLE_ENABLED=True, SECRET_KEY="x", SERVER_NAME="shop.test")
    app.add_url_rule("/", "index", lambda: request.host, subdomain="a")
    Lifecycle(app)
    return app, app, "/", {"base_url": "http://a.shop.test"}


def rooted() -> Shape:
    app = plain(APPLICATION_ROOT="/root")
    Lifecycle(app)
    return app, app, "/", {"base_url": "http://localhost/root"}


def subclassed() -> Shape:
    class Mine(Flask):
        def dispatch_request(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
            return super().dispatch_request(*args, **kwargs)

        def make_response(self, rv: t.Any, extra: str = "mine") -> Response:
            response = super().make_response(rv)
            response.headers["X-Extra"] = extra
            return response

        def process_response(self, *args: t.Any) -> Response:
            return super().process_response(*args)

    app = Mine(__name__)
    app.config.update(LIFECYCLE_ENABLED=True, SECRET_KEY="x")
    app.add_url_rule("/", "index", lambda: "mine")
    Lifecycle(app)
    return app, app, "/", {}


def replaced() -> Shape:
    class Interface(SecureCookieSessionInterface):
        def save_session(self, *args: t.Any, **kwargs: t.Any) -> None:
            args[2].headers["X-Saved"] = "yes"

    class Json(DefaultJSONProvider):
        def dumps(self, obj: t.Any, **kwargs: t.Any) -> str:
            return super().dumps({"wrapped": obj}, **kwargs)

    class MyRequest(Request):
        @property
        def mine(self) -> str:
            return "mine"

    class Upper(BaseConverter):
        def to_python(self, value: str) -> str:
            return value.upper()

    app = plain()
    Lifecycle(app)
    app.session_interface = Interface()
    app.json = Json(app)
    app.request_class = MyRequest
    app.url_map.converters["upper"] = Upper
    app.add_url_rule("/<upper:word>", "word", lambda word: {"word": word, "mine": request.mine})  # type: ignore[attr-defined]
    return app, app, "/abc", {}


def with_socketio() -> Shape:
    app = plain()
    Lifecycle(app)
    SocketIO(app, async_mode="threading")
    return app, app, "/", {}


def with_blueprint_first() -> Shape:
    app = plain()
    lifecycle = Lifecycle()
    lifecycle.init_app(app)
    late = Blueprint("late", __name__, url_prefix="/late")
    late.before_request(lambda: None)
    late.add_url_rule("/", "index", lambda: "late")
    app.register_blueprint(late)
    return app, app, "/late/", {}


SHAPES = [
    dispatched,
    dispatched_wsgi_app,
    proxied,
    proxied_later,
    hosts,
    subdomains,
    rooted,
    subclassed,
    replaced,
    with_socketio,
    with_blueprint_first,
]


# Flask's main branch tells subclasses of the old signatures.
@pytest.mark.filterwarnings("ignore:The '.*' method now takes:DeprecationWarning")
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_apps_of_every_shape_answer_as_without_and_are_recorded(
    shape: t.Callable[[], Shape], monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(served: t.Any, path: str, more: dict[str, t.Any]) -> tuple[bytes, str, t.Any]:
        environ = EnvironBuilder(path, input_stream=io.BytesIO(), **more).get_environ()
        body, status, headers = run_wsgi_app(served, environ)
        text = b"".join(body)
        t.cast("t.Any", body).close()
        headers.remove("X-Lifecycle-Trace")
        return text, status, headers

    served, app, path, more = shape()
    watched = answer(served, path, more)
    trace = Lifecycle().traces(app)[0]
    assert watched[1] == "200 OK"
    assert trace.status == 200
    assert trace.state == "done"
    assert [step.stage for step in trace.steps].count("view") == 1
    assert [step.stage for step in trace.steps].count("session_save") == 1
    Lifecycle().undo(app)

    monkeypatch.setattr(Lifecycle, "init_app", lambda _self, _app: None)
    served, _app, path, more = shape()
    assert answer(served, path, more) == watched


def test_flask_shell_has_the_app() -> None:
    app = plain()
    Lifecycle(app)
    assert app.make_shell_context()["app"] is app
    with app.app_context():
        assert flask.current_app._get_current_object() is app  # type: ignore[attr-defined]
