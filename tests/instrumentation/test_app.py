"""The wrapped methods pass on what they get, whatever Flask's version gives them."""

from __future__ import annotations

import contextlib
import gc
import typing as t
from functools import partial

import pytest
from flask import Flask, Response, abort, flash, g, render_template_string, request, session
from werkzeug.exceptions import NotFound

from flask_lifecycle import Lifecycle, faults
from flask_lifecycle.recorder.current import current
from flask_lifecycle.trace.writer import NOBODY, LiveTrace
from tests.helpers.apps import make_app, steps_of

# Those that Flask's main branch calls with the context in front (pallets/flask#5639).
METHODS = (
    "dispatch_request",
    "make_response",
    "process_response",
    "preprocess_request",
    "do_teardown_request",
    "do_teardown_appcontext",
    "update_template_context",
    "inject_url_defaults",
    "handle_exception",
    "log_exception",
    "handle_user_exception",
)


class Spy(Flask):
    """Answers each method with what it was called with."""


def _spy(name: str) -> t.Any:
    def method(self: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
        return args, kwargs

    method.__name__ = name
    return method


for _name in METHODS:
    # Not in the class's body, which Flask's main branch checks for the old signatures.
    setattr(Spy, _name, _spy(_name))


def writer_of(app: Flask) -> LiveTrace:
    """Return what writes the steps of a request for the app."""
    found: list[LiveTrace] = []

    inner = app.wsgi_app

    def wsgi_app(*args: t.Any) -> t.Any:
        found.append(current.get())
        return inner(*args)

    app.wsgi_app = wsgi_app  # type: ignore[assignment]
    with contextlib.suppress(Exception):
        app.test_client().get("/").close()
    return found[0]


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("traced", [False, True])
def test_arguments_and_result_pass_through(name: str, traced: bool) -> None:
    app = Spy(__name__)
    app.config["LIFECYCLE_ENABLED"] = True
    Lifecycle(app)
    writer = writer_of(app)
    context, error = object(), NotFound()
    token = current.set(writer if traced else NOBODY)
    try:
        assert getattr(app, name)(context, error, key=1) == ((context, error), {"key": 1})
        assert getattr(app, name)(error) == ((error,), {})
    finally:
        current.reset(token)


def test_a_view_that_returns_none_fails_as_without(caplog: pytest.LogCaptureFixture) -> None:
    app, lifecycle = make_app(PROPAGATE_EXCEPTIONS=True)
    app.add_url_rule("/", "nothing", view_func=lambda: None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="did not return a valid response"):
        app.test_client().get("/")
    (trace,) = lifecycle.traces(app)
    assert trace.error is not None
    assert trace.error.step is not None
    assert trace.steps[trace.error.step].stage == "make_response"


@pytest.mark.parametrize(("code", "error"), [(500, "InternalServerError"), (404, None)])
def test_an_http_exception_is_an_error_where_it_is_answered_with_500(
    code: int, error: str | None
) -> None:
    app, lifecycle = make_app()
    app.add_url_rule("/", "view", lambda: abort(code))
    assert app.test_client().get("/").status_code == code
    trace = lifecycle.traces(app)[0]
    assert (trace.error and trace.error.type) == error
    if trace.error is not None and trace.error.step is not None:
        assert trace.steps[trace.error.step].stage == "view"


def test_what_collectors_see_is_bounded_and_flasks_own_steps_are_kept() -> None:
    app, lifecycle = make_app(LIFECYCLE_MAX_STEPS=50)
    app.after_request(lambda response: response)

    @app.get("/")
    def many() -> str:
        for number in range(200):
            flash(str(number))
            app.logger.warning("%d", number)
            render_template_string("{{ number }}", number=number)
        return "many"

    app.test_client().get("/").close()
    (trace,) = lifecycle.traces(app)
    stages = [step.stage for step in trace.steps]
    assert stages.count("log") > 0
    # A flash and its signal, a log, a template and its two signals, 200 times.
    kept = sum(stage in ("signal", "flash", "log", "template") for stage in stages)
    of_flask = 6  # signals of the contexts and the request
    assert kept - of_flask + trace.dropped_steps == 200 * 6
    assert len(stages) < 80
    assert stages[-2:] == ["body", "body_close"]
    assert "after_request" in stages


@pytest.mark.parametrize(
    "name",
    [
        "instrumentation.contexts.Contexts._class",
        "instrumentation.function_tracepoints.FunctionTracepoints._make_tracepoint",
        "instrumentation.routing.Routes._args",
        "instrumentation.routing.Routes._route",
    ],
)
def test_a_fault_of_ours_is_not_the_apps(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_args: t.Any, **_kwargs: t.Any) -> t.NoReturn:
        raise LookupError(name)

    monkeypatch.setattr(faults, "_faults", {})
    monkeypatch.setattr(f"flask_lifecycle.{name}", fails)
    app = Flask(__name__)
    app.config.update(LIFECYCLE_ENABLED=True, SECRET_KEY="x")
    app.before_request(lambda: None)
    app.add_url_rule("/<int:number>", "view", lambda number: str(number))
    Lifecycle(app)
    for number in range(8):
        with app.test_client().get(f"/{number}") as answer:
            assert (answer.status_code, answer.data) == (200, str(number).encode())


def test_a_dispatch_request_set_on_the_app_is_a_step() -> None:
    app = Flask(__name__)
    # Set as an extension does: Flask's types take no method for it.
    untyped: t.Any = app
    app.config["LIFECYCLE_ENABLED"] = True
    lifecycle = Lifecycle(app)

    @app.get("/")
    def index() -> str:
        return "x"

    @app.before_request
    def hook() -> None: ...

    def own(*_args: t.Any) -> t.Any:
        # As Flask-DebugToolbar's: not by ensure_sync.
        return app.view_functions["index"]()

    untyped.dispatch_request = own
    assert app.test_client().get("/").text == "x"
    (trace,) = lifecycle.traces(app)
    named = [step.stage for step in trace.steps if step.stage in ("before_request", "dispatch")]
    assert named == ["before_request", "dispatch"]

    def other(*_args: t.Any) -> t.Any:
        return "other"

    untyped.dispatch_request = other
    assert app.test_client().get("/").text == "other"
    assert vars(app)["dispatch_request"] is other
    del app.dispatch_request
    assert app.test_client().get("/").text == "x"
    for trace in lifecycle.traces(app):
        assert [step.outcome for step in trace.steps if step.stage == "dispatch"] == ["ok"]
    untyped.dispatch_request = own
    lifecycle.undo(app)
    assert app.dispatch_request is own


@pytest.mark.parametrize("first", [True, False])
def test_what_an_app_itself_does_with_exceptions_is_recorded(first: bool) -> None:
    app = Flask(__name__)
    # Set as an extension does: Flask's types take no method for it.
    untyped: t.Any = app
    app.config["LIFECYCLE_ENABLED"] = True
    lifecycle = Lifecycle()
    if first:
        lifecycle.init_app(app)

    @app.get("/<word>")
    def index(word: str) -> str:
        if word == "after":
            g.fails = True
            return ""
        raise KeyError(word)

    @app.after_request
    def fail(response: Response) -> Response:
        if "fails" in g:
            del g.fails
            raise ValueError
        return response

    # As those of Flask-RESTful and Flask-RESTX.
    def route(flasks: t.Any, *args: t.Any) -> t.Any:
        return flasks(*args) if request.path == "/flask" else Response("taken", 418)

    untyped.handle_user_exception = partial(route, app.handle_user_exception)
    untyped.handle_exception = held = partial(route, app.handle_exception)
    if not first:
        lifecycle.init_app(app)
    client = app.test_client()
    assert [client.get(path).status_code for path in ("/own", "/flask", "/after")] == [
        418,
        500,
        418,
    ]
    after, flasks, own = lifecycle.traces(app)
    for trace in (own, flasks):
        (view,) = steps_of(trace, "view")
        assert t.cast("t.Any", view.detail["exception"])["type"] == "KeyError"
    assert own.error is None
    assert flasks.error is not None
    assert flasks.error.type == "KeyError"
    assert after.error is not None
    assert after.error.type == "ValueError"
    lifecycle.undo(app)
    assert app.handle_exception is held


def test_a_request_goes_on_whose_app_is_given_back_in_the_middle() -> None:
    app = Flask(__name__)
    app.config.update(LIFECYCLE_ENABLED=True, SECRET_KEY="x")
    lifecycle = Lifecycle(app)
    called: list[str] = []

    @app.before_request
    def before() -> None:
        called.append("before")

    @app.get("/")
    def index() -> str:
        session["a"] = 1
        if type(app) is not Flask:
            lifecycle.undo(app)
        # What records this very function is not in use by anything else now.
        app.view_functions["index"] = index
        gc.collect()
        return "text"

    @app.after_request
    def after(response: Response) -> Response:
        called.append("after")
        return response

    assert app.test_client().get("/").text == "text"
    assert called == ["before", "after"]
    assert type(app) is Flask
    assert app.test_client().get("/").text == "text"
    assert called == ["before", "after"] * 2
