"""An app that uses all of Flask's lifecycle, and what ``sys.setprofile`` saw Python call of it."""

from __future__ import annotations

import functools
import inspect
import logging
import sys
import threading
import types
import typing as t
from collections.abc import Iterator
from contextlib import suppress

import flask
from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    after_this_request,
    flash,
    redirect,
    render_template_string,
    request,
    stream_template_string,
    stream_with_context,
    url_for,
)
from flask.views import MethodView, View

from flask_lifecycle import Lifecycle, Trace

USER_STAGES = {
    "view",
    "before_request",
    "after_request",
    "after_this_request",
    "teardown_request",
    "teardown_appcontext",
    "error_handler",
    "context_processor",
    "url_value_preprocessor",
    "url_defaults",
}


def phases() -> dict[types.CodeType, str]:
    """List the code of Flask's own methods that are steps, with their stages."""
    app_context, interface = flask.ctx.AppContext, flask.sessions.SecureCookieSessionInterface
    request_context = vars(flask.ctx).get("RequestContext", app_context)
    methods = {
        "request_context": flask.Flask.request_context,
        "app_context_push": app_context.push,
        "app_context_pop": app_context.pop,
        "url_match": request_context.match_request,
        "session_open": interface.open_session,
        "session_save": interface.save_session,
        "dispatch": flask.Flask.dispatch_request,
        "make_response": flask.Flask.make_response,
    }
    if request_context is not app_context:
        methods["request_context_push"] = request_context.push
        methods["request_context_pop"] = request_context.pop
    return {inspect.unwrap(method).__code__: stage for stage, method in methods.items()}


class Oracle:
    """Remember the name of each registered function, in the order of the calls."""

    def __init__(self) -> None:
        self.names: dict[types.CodeType, str] = {}
        self.called: list[str] = []

    def know(self, func: t.Any) -> t.Any:
        """Watch a function; coroutine functions are seen once, not at each resumption."""
        self.names[func.__code__] = f"{func.__module__}:{func.__qualname__}"
        return func

    def __enter__(self) -> Oracle:
        self.called.clear()
        self._resumed: dict[int, types.FrameType] = {}
        threading.setprofile(self._saw)
        sys.setprofile(self._saw)
        return self

    def __exit__(self, *_exc: object) -> None:
        sys.setprofile(None)
        threading.setprofile(None)
        self._resumed.clear()

    def _saw(self, frame: types.FrameType, event: str, _arg: t.Any) -> None:
        if event != "call" or frame.f_code not in self.names:
            return
        if frame.f_code.co_flags & 0x80:  # CO_COROUTINE: resumed after each await
            if id(frame) in self._resumed:
                return
            self._resumed[id(frame)] = frame  # kept, so that its id stays its own
        self.called.append(self.names[frame.f_code])


class Teapot(Exception):
    pass


class CallableHook:
    def __call__(self) -> None:
        return None


def make_oracle_app(oracle: Oracle, **config: t.Any) -> Flask:
    app = Flask(__name__)
    app.config.update(LIFECYCLE_ENABLED=True, SECRET_KEY="oracle", **config)
    know = oracle.know

    @app.url_value_preprocessor
    @know
    def preprocess_app(_endpoint: t.Any, _values: t.Any) -> None: ...

    @app.url_defaults
    @know
    def default_app(_endpoint: str, _values: dict[str, t.Any]) -> None: ...

    @app.before_request
    @know
    def before_one() -> t.Any:
        return "stopped" if request.args.get("stop") == "app" else None

    @app.before_request
    @know
    async def before_async() -> None: ...

    app.before_request(CallableHook())
    app.before_request(functools.partial(know(lambda _value: None), 1))

    @app.after_request
    @know
    def after_one(response: Response) -> Response:
        if "after_raises" in request.args:
            raise Teapot("after")
        return response

    @app.after_request
    @know
    def after_two(response: Response) -> Response:
        return response

    @app.teardown_request
    @know
    def teardown_one(_error: t.Any) -> None: ...

    @app.teardown_appcontext
    @know
    def teardown_context(_error: t.Any) -> None: ...

    @app.context_processor
    @know
    def processor() -> dict[str, t.Any]:
        return {"colour": "blue"}

    @app.errorhandler(Teapot)
    @know
    def handle_teapot(error: Teapot) -> tuple[str, int]:
        return f"teapot: {error}", 418

    @app.errorhandler(404)
    @know
    def handle_missing(_error: t.Any) -> tuple[str, int]:
        return render_template_string("nothing {{ colour }}"), 404

    if "no_500" not in config:

        @app.errorhandler(500)
        @know
        def handle_broken(_error: t.Any) -> tuple[str, int]:
            return "broken", 500

    parent = Blueprint("parent", __name__, url_prefix="/parent")
    child = Blueprint("child", __name__, url_prefix="/child")

    for blueprint in (parent, child):
        _hooks(oracle, blueprint)

    @child.get("/<int:number>")
    @know
    def child_view(number: int) -> str:
        return render_template_string("{{ number }} {{ colour }}", number=number)

    @child.get("/abort")
    @know
    def child_aborts() -> t.NoReturn:
        abort(404)

    @child.get("/raise")
    @know
    def child_raises() -> t.NoReturn:
        raise KeyError("child")

    @child.errorhandler(KeyError)
    @know
    def handle_child(_error: t.Any) -> tuple[str, int]:
        return "child", 400

    @app.get("/plain")
    @know
    def plain() -> str:
        return "plain"

    @app.get("/teapot")
    @know
    def teapot() -> t.NoReturn:
        raise Teapot("view")

    @app.get("/crash")
    @know
    def crash() -> t.NoReturn:
        raise RuntimeError("crash")

    @app.get("/none")
    @know
    def none() -> t.Any:
        return None

    @app.get("/exit")
    @know
    def leave() -> t.NoReturn:
        raise SystemExit(3)

    @app.get("/redirect")
    @know
    def away() -> t.Any:
        return redirect(url_for("plain"))

    @app.get("/slash/")
    @know
    def slash() -> str:
        return "slash"

    @app.get("/generator")
    @know
    def generator() -> Iterator[str]:
        return iter(["a", "b"])

    @app.get("/stream")
    @know
    def stream() -> Iterator[str]:
        return stream_with_context(word for word in ("a", request.path))

    @app.get("/stream-template")
    @know
    def stream_template() -> Iterator[str]:
        return stream_template_string("{{ colour }}")

    @app.get("/flash")
    @know
    def flashes() -> str:
        flash("hello")
        return "flashed"

    @app.get("/async")
    @know
    async def wait() -> str:
        return "waited"

    @app.get("/after-this")
    @know
    def after_this() -> str:
        @after_this_request
        @know
        def only_once(response: Response) -> Response:
            return response

        return "after"

    @app.get("/nested")
    @know
    def nested() -> str:
        return app.test_client().get("/plain").text

    other = Flask("other")

    @other.get("/")
    def other_view() -> str:
        return "other"

    @app.get("/wsgi")
    @know
    def returns_app() -> t.Any:
        return other.wsgi_app

    class Method(MethodView):
        def get(self) -> str:
            return "get"

    class Dispatch(View):
        def dispatch_request(self) -> str:
            return "dispatched"

    know(Method.get)
    know(Dispatch.dispatch_request)
    app.add_url_rule("/method", view_func=Method.as_view("method"))
    app.add_url_rule("/dispatch", view_func=Dispatch.as_view("dispatch"))
    app.add_url_rule("/builtin", view_func=functools.partial(str, "builtin"), endpoint="builtin")

    parent.register_blueprint(child)
    app.register_blueprint(parent)
    return app


def _hooks(oracle: Oracle, blueprint: Blueprint) -> None:
    know = oracle.know
    name = blueprint.name

    def before() -> t.Any:
        return "stopped" if request.args.get("stop") == name else None

    def after(response: Response) -> Response:
        return response

    def teardown(_error: t.Any) -> None: ...

    def preprocess(_endpoint: t.Any, _values: t.Any) -> None: ...

    def processor() -> dict[str, t.Any]:
        return {}

    for register, func in (
        (blueprint.before_request, before),
        (blueprint.after_request, after),
        (blueprint.teardown_request, teardown),
        (blueprint.url_value_preprocessor, preprocess),
        (blueprint.context_processor, processor),
    ):
        # Code is compared by value: each hook of each blueprint gets a line of its own.
        func.__code__ = func.__code__.replace(co_name=f"{name}_{func.__name__}")
        func.__name__ = f"{name}_{func.__name__}"
        func.__qualname__ = func.__name__
        register(know(func))


REQUESTS = [
    ("GET", "/plain"),
    ("GET", "/parent/child/7"),
    ("GET", "/parent/child/7?stop=app"),
    ("GET", "/parent/child/7?stop=parent"),
    ("GET", "/parent/child/7?stop=child"),
    ("GET", "/parent/child/abort"),
    ("GET", "/parent/child/raise"),
    ("GET", "/parent/child/none-such"),
    ("GET", "/nowhere"),
    ("GET", "/nowhere?stop=app"),
    ("POST", "/plain"),
    ("OPTIONS", "/plain"),
    ("HEAD", "/plain"),
    ("GET", "/static/none.css"),
    ("GET", "/teapot"),
    ("GET", "/crash"),
    ("GET", "/none"),
    ("GET", "/redirect"),
    ("GET", "/slash"),
    ("GET", "/generator"),
    ("GET", "/stream"),
    ("GET", "/stream-template"),
    ("GET", "/flash"),
    ("GET", "/async"),
    ("GET", "/after-this"),
    ("GET", "/method"),
    ("HEAD", "/method"),
    ("GET", "/dispatch"),
    ("GET", "/wsgi"),
    ("GET", "/builtin"),
    ("GET", "/plain?after_raises"),
    ("GET", "/exit"),
]


def oracle_traces(*, propagate: bool) -> list[Trace]:
    """Send each request once; return their traces, newest first.

    :param propagate: whether exceptions go out to the server.
    """
    app = oracle_app(propagate=propagate)
    return t.cast("list[Trace]", app.extensions["lifecycle"].traces())


def oracle_app(*, propagate: bool) -> Flask:
    """Return an app to which each request was sent once.

    :param propagate: whether exceptions go out to the server.
    """
    app = make_oracle_app(Oracle(), PROPAGATE_EXCEPTIONS=propagate)
    app.logger.setLevel(logging.CRITICAL)
    Lifecycle(app)
    client = app.test_client()
    for method, path in REQUESTS:
        with suppress(Exception, SystemExit):
            client.open(path, method=method, buffered=True).close()
    return app
