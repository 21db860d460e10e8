"""What lives on: nothing that does not without us, and no more memory however long it goes on."""

from __future__ import annotations

import gc
import logging
import subprocess
import sys
import typing as t
import warnings
import weakref
from collections import Counter
from pathlib import Path

import flask.globals
import jinja2
import pytest
from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    after_this_request,
    flash,
    g,
    render_template,
    render_template_string,
    request,
    session,
    stream_template,
    stream_template_string,
    stream_with_context,
    url_for,
)
from flask.sessions import SecureCookieSessionInterface
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool
from werkzeug.test import EnvironBuilder, run_wsgi_app

from flask_lifecycle import Lifecycle
from flask_lifecycle.settings import COLLECTORS

#: Requests that differ, for the memory of a process; `make soak` sends 20,000.
REQUESTS = 2000

quiet = logging.Logger("quiet")
quiet.addHandler(logging.NullHandler())

Seen = t.Callable[[t.Any], t.Any]
View = t.Callable[[Flask, Seen], t.Any]


class Thing:
    """An object of the app's."""


def quietly(*_args: t.Any, **_kwargs: t.Any) -> None:
    """Show no warning."""


def strings(app: Flask, seen: Seen) -> t.Any:
    template = seen(
        app.jinja_env.from_string("{{ thing }} {% for each in range(3) %}x{% endfor %}")
    )
    return render_template(template, thing=seen(Thing())) + render_template_string("again")


def named_templates(app: Flask, seen: Seen) -> t.Any:
    return render_template("page.html", thing=seen(Thing()))


def classes_in_a_context(app: Flask, seen: Seen) -> t.Any:
    class Form:
        app_of_mine = app
        asked = request._get_current_object()  # type: ignore[attr-defined]

    return render_template_string("{{ form }}", form=seen(Form)())


def streamed_templates(app: Flask, seen: Seen) -> t.Any:
    return stream_template("page.html", thing=seen(Thing()))


def streamed_strings(app: Flask, seen: Seen) -> t.Any:
    return stream_template_string("{{ thing }} streams", thing=seen(Thing()))


def a_stream_with_its_context(app: Flask, seen: Seen) -> t.Any:
    def chunks(thing: Thing) -> t.Iterator[str]:
        yield request.path
        with app.app_context() as context:
            seen(context)
            yield str(type(thing))

    return Response(stream_with_context(chunks(seen(Thing()))))


def an_engine(app: Flask, seen: Seen) -> t.Any:
    engine = seen(create_engine("sqlite://", poolclass=NullPool))
    with engine.connect() as connection:
        seen(connection)
        seen(connection.execute(text("select :name"), {"name": "x"})).all()
    engine.dispose()
    return "sql"


def plain_sqlite(app: Flask, seen: Seen) -> t.Any:
    import sqlite3

    class Connection(sqlite3.Connection):
        app_of_mine = app

    class Cursor(sqlite3.Cursor):
        app_of_mine = app

    connection = sqlite3.connect(":memory:", factory=seen(Connection))
    connection.execute("select ?", ["x"]).close()
    connection.cursor(seen(Cursor)).execute("select 1").close()
    connection.close()
    return "sqlite"


def logs(app: Flask, seen: Seen) -> t.Any:
    quiet.warning("%s and %r", seen(Thing()), seen(Thing()))
    app.logger.debug("not on")
    return "logged"


def raises(app: Flask, seen: Seen) -> t.Any:
    class Mine(Exception):
        app_of_mine = app

        def __str__(self) -> str:
            return str(id(self))

    seen(Mine)
    local = seen(Thing())
    raise seen(Mine(local))


def raises_and_logs(app: Flask, seen: Seen) -> t.Any:
    try:
        raise seen(ValueError("kept by nobody"))
    except ValueError:
        quiet.exception("it raised")
    abort(418)


def handles_and_goes_on(app: Flask, seen: Seen) -> t.Any:
    handle: t.Any = app.handle_user_exception
    try:
        raise seen(LookupError("in a frame that goes on"))
    except LookupError as error:
        try:
            return handle(error)
        except TypeError:  # Flask 3.2 and later
            return handle(vars(flask.globals)["_cv_app"].get(), error)


def flashes(app: Flask, seen: Seen) -> t.Any:
    flash("hello", "a category")
    session["thing"] = "x"
    g.thing = seen(Thing())
    g.many = [seen(Thing()), {"inner": seen(Thing())}]
    del g.thing
    return "flashed"


async def asynchronous(app: Flask, seen: Seen) -> t.Any:
    g.thing = seen(Thing())
    return render_template_string("{{ thing }}", thing=g.thing)


def nested_apps(app: Flask, seen: Seen) -> t.Any:
    inner = seen(Flask("inner"))
    inner.config["LIFECYCLE_ENABLED"] = app.config["LIFECYCLE_ENABLED"]
    Lifecycle(inner)
    inner.add_url_rule("/", "index", seen(lambda: render_template_string("inner")))
    answer = inner.test_client().get("/")
    with inner.app_context() as context:
        seen(context)
        g.thing = seen(Thing())
    return answer.text


def nested_requests(app: Flask, seen: Seen) -> t.Any:
    app.test_client().get("/missing").close()
    with app.test_request_context("/other") as context:
        seen(context)
        g.thing = seen(Thing())
    return url_for("kind", _external=True)


def spans(app: Flask, seen: Seen) -> t.Any:
    trace = pytest.importorskip("opentelemetry.trace")
    tracer = trace.get_tracer("app")
    with tracer.start_as_current_span(f"span {id(app)}") as span:
        span.set_attribute("thing", "x")
        seen(span)
    seen(tracer.start_span("never ended"))
    return "spans"


def warns(app: Flask, seen: Seen) -> t.Any:
    class Mine(UserWarning):
        app_of_mine = app

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = quietly
        warnings.warn(seen(Mine)("careful"), stacklevel=1)
    return "warned"


def functions_of_one_request(app: Flask, seen: Seen) -> t.Any:
    thing = seen(Thing())

    @after_this_request
    def after(response: Response) -> Response:
        assert thing is not None
        return response

    seen(after)

    def replaced() -> None: ...

    app.before_request_funcs.setdefault(None, []).append(seen(replaced))
    app.preprocess_request()
    app.before_request_funcs[None].remove(replaced)
    return "functions"


def other_responses(app: Flask, seen: Seen) -> t.Any:
    class Mine(Response):
        app_of_mine = app

    return seen(Mine)("mine")


VIEWS: dict[str, View] = {
    view.__name__: view
    for view in (
        strings,
        named_templates,
        classes_in_a_context,
        streamed_templates,
        streamed_strings,
        a_stream_with_its_context,
        an_engine,
        plain_sqlite,
        logs,
        raises,
        raises_and_logs,
        handles_and_goes_on,
        flashes,
        asynchronous,
        nested_apps,
        nested_requests,
        spans,
        warns,
        functions_of_one_request,
        other_responses,
    )
}


class Lives:
    """Weak references to what was there, with what each was."""

    def __init__(self) -> None:
        self.refs: list[tuple[str, weakref.ref[t.Any]]] = []

    def __call__(self, thing: t.Any) -> t.Any:
        name = getattr(thing, "__qualname__", type(thing).__qualname__)
        self.refs.append((name, weakref.ref(thing)))
        return thing

    def left(self) -> Counter[str]:
        """Count what is still there."""
        return Counter(name for name, ref in self.refs if ref() is not None)


def make_app(seen: Lives, watched: bool, **config: t.Any) -> Flask:
    app: Flask = seen(Flask(__name__))
    app.config.update(LIFECYCLE_ENABLED=watched, SECRET_KEY="x", **config)
    Lifecycle(app)
    app.jinja_loader = jinja2.DictLoader(
        {
            "base.html": "<p>{% block body %}{% endblock %}{% include 'part.html' %}",
            "page.html": "{% extends 'base.html' %}{% block body %}{{ thing }}{% endblock %}",
            "part.html": "a part",
        }
    )
    ref = weakref.ref(app)

    class Interface(SecureCookieSessionInterface):
        app_of_mine = ref

    app.session_interface = seen(Interface())
    bp = Blueprint("bp", __name__)

    @bp.before_request
    def before() -> None:
        g.local = seen(Thing())
        seen(request._get_current_object())  # type: ignore[attr-defined]
        seen(g._get_current_object())
        if "thing" not in session:
            seen(session._get_current_object())  # type: ignore[attr-defined]

    @bp.after_request
    def after(response: Response) -> Response:
        return t.cast("Response", seen(response))

    @app.errorhandler(Exception)
    def handled(_error: Exception) -> tuple[str, int]:
        return "handled", 500

    for each in (before, after, handled):
        seen(each)

    def add(view: View) -> None:
        def plain() -> t.Any:
            return view(t.cast("Flask", ref()), seen)

        async def awaited() -> t.Any:
            return await view(t.cast("Flask", ref()), seen)

        func = seen(awaited if view is asynchronous else plain)
        bp.add_url_rule(f"/{view.__name__}", view.__name__, func)

    for view in VIEWS.values():
        add(view)
    app.register_blueprint(bp)
    app.add_url_rule("/kind", "kind", lambda: "kind")
    return app


def get(app: Flask, path: str) -> None:
    """Send a request as a server does."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        body, _status, _headers = run_wsgi_app(app, EnvironBuilder(path).get_environ())
        for _ in body:
            pass
        close = getattr(body, "close", None)
        if close is not None:
            close()


def of_requests(kind: str, watched: bool) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Count what is left of a request at once, when garbage was collected, and with its app."""
    seen = Lives()
    app = make_app(seen, watched)
    get(app, f"/{kind}")  # what is made once, and kept
    gc.collect()
    made = seen.refs
    seen.refs = []
    gc.disable()
    try:
        get(app, f"/{kind}")
        at_once = seen.left()
    finally:
        gc.enable()
    assert len(seen.refs) > 4
    gc.collect()
    collected = seen.left()
    seen.refs += made
    del app
    gc.collect()
    return at_once, collected, seen.left()


@pytest.mark.parametrize("kind", VIEWS)
def test_nothing_lives_longer_than_without(kind: str) -> None:
    if kind == "spans":
        with_spans()
    of_requests(kind, watched=True)  # what libraries make once
    bare = of_requests(kind, watched=False)
    assert of_requests(kind, watched=True) == bare
    assert bare[2] == Counter()


def with_spans() -> None:
    """Turn OpenTelemetry's SDK on, as an app would."""
    trace = pytest.importorskip("opentelemetry.trace")
    sdk = pytest.importorskip("opentelemetry.sdk.trace")
    if not isinstance(trace.get_tracer_provider(), sdk.TracerProvider):
        trace.set_tracer_provider(sdk.TracerProvider())


def test_what_a_function_has_of_its_own_locals_stays_its_own() -> None:
    seen = Lives()
    app = make_app(seen, watched=True)
    held: list[dict[str, t.Any]] = []

    def view() -> t.Any:
        name = "mine"
        held.append(locals())
        raise LookupError(name)

    app.view_functions["kind"] = view
    get(app, "/kind")
    assert held[0]["name"] == "mine"


@pytest.mark.parametrize("watched", [False, True])
def test_apps_that_are_made_and_dropped_are_gone(watched: bool) -> None:
    seen = Lives()
    for _ in range(10):
        app = make_app(seen, watched, LIFECYCLE_COLLECTORS=(*COLLECTORS, "cpu"))
        for kind in VIEWS:
            if kind != "spans":
                get(app, f"/{kind}")
        if watched:
            get(app, "/_lifecycle/")
            get(app, "/_lifecycle/api/app")
            get(app, "/_lifecycle/api/traces")
        del app
    gc.collect()
    assert seen.left() == Counter()


def test_an_app_whose_panel_was_open_leaves_nothing_at_the_servers_logs() -> None:
    filters = [len(logging.getLogger(name).filters) for name in ("werkzeug", "gunicorn.access")]
    seen = Lives()
    for _ in range(3):
        get(make_app(seen, watched=True), "/_lifecycle/api/traces")
    gc.collect()
    now = [len(logging.getLogger(name).filters) for name in ("werkzeug", "gunicorn.access")]
    assert now == filters


@pytest.mark.parametrize("watched", [False, True])
def test_functions_that_an_app_lets_go_of_are_gone(watched: bool) -> None:
    seen = Lives()
    app = make_app(seen, watched)
    app.errorhandler(404)(seen(lambda _error: ("none", 404)))
    registries = (
        app.before_request_funcs,
        app.after_request_funcs,
        app.teardown_request_funcs,
        app.url_value_preprocessors,
        app.url_default_functions,
        app.template_context_processors,
    )
    takes = (
        lambda: None,
        lambda response: response,
        lambda _error: None,
        lambda _endpoint, _values: None,
        lambda _endpoint, _values: None,
        dict,
    )
    for registry, take in zip(registries, takes, strict=True):

        def call(*args: t.Any, take: t.Any = take) -> t.Any:
            return take(*args)

        registry[None].append(seen(call))  # type: ignore[index]
        del call
    app.teardown_appcontext_funcs.append(seen(lambda _error: None))
    app.view_functions["kind"] = seen(lambda: url_for("kind") + render_template_string("x"))
    app.wsgi_app = seen(Outer(app.wsgi_app))  # type: ignore[method-assign]
    get(app, "/kind")
    get(app, "/missing")
    del seen.refs[: -len(registries) - 4]
    assert sum(seen.left().values()) == len(registries) + 4

    for registry in registries:
        registry[None].pop()
    app.teardown_appcontext_funcs.clear()
    app.view_functions.clear()
    app.error_handler_spec.clear()
    del app.wsgi_app
    get(app, "/missing")
    gc.collect()
    assert seen.left() == Counter()


class Outer:
    """A middleware."""

    def __init__(self, inner: t.Any) -> None:
        self.inner = inner

    def __call__(self, *args: t.Any) -> t.Any:
        return self.inner(*args)


@pytest.mark.parametrize("settings", ["default", "demo"])
def test_memory_is_level_however_many_requests_differ(settings: str) -> None:
    command = [sys.executable, str(Path(__file__).parent / "lives.py"), settings, str(REQUESTS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
