"""A view is a step, whatever calls it in place of Flask's own dispatch, and one step only."""

from __future__ import annotations

import asyncio
import copy
import inspect
import logging
import typing as t
from collections.abc import Iterator

import pytest
from flask import Flask, current_app, render_template_string, request
from flask.views import MethodView

from flask_lifecycle import Lifecycle


def as_debugtoolbar(*_args: t.Any) -> t.Any:
    """Look the view up and call it, as Flask-DebugToolbar does."""
    app: t.Any = current_app
    if request.routing_exception is not None:
        app.raise_routing_exception(request)
    view = app.view_functions[request.endpoint]
    seen.append(view.__name__)
    return view(**(request.view_args or {}))


def by_asyncio(*_args: t.Any) -> t.Any:
    answer = as_debugtoolbar()
    return asyncio.run(answer) if inspect.iscoroutine(answer) else answer


def by_kind(*_args: t.Any) -> t.Any:
    app: t.Any = current_app
    view = app.view_functions[request.endpoint]
    if inspect.iscoroutinefunction(view):
        return asyncio.run(view(**(request.view_args or {})))
    return view(**(request.view_args or {}))


def by_ensure_sync(*_args: t.Any) -> t.Any:
    app: t.Any = current_app
    return app.ensure_sync(app.view_functions[request.endpoint])(**(request.view_args or {}))


seen: list[str] = []


def given(ctx: t.Any) -> tuple[t.Any, ...]:
    """Return what Flask gives its methods: the context, since 3.2."""
    return () if ctx is None else (ctx,)


class Itself(Flask):
    def dispatch_request(self, ctx: t.Any = None) -> t.Any:
        return as_debugtoolbar()


class Synced(Flask):
    def dispatch_request(self, ctx: t.Any = None) -> t.Any:
        return by_ensure_sync()


class Super(Flask):
    def dispatch_request(self, ctx: t.Any = None) -> t.Any:
        return super().dispatch_request(*given(ctx))


class Full(Flask):
    def full_dispatch_request(self, ctx: t.Any = None) -> t.Any:
        finalize: t.Any = self.finalize_request
        return finalize(*given(ctx), as_debugtoolbar())


class Before(Flask):
    """Answers before Flask dispatches."""

    def preprocess_request(self, ctx: t.Any = None) -> t.Any:
        return super().preprocess_request(*given(ctx)) or as_debugtoolbar()


def held(function: t.Any) -> t.Callable[[str], Flask]:
    def make(name: str) -> Flask:
        app: t.Any = Flask(name)
        app.dispatch_request = function
        return t.cast("Flask", app)

    return make


KINDS: dict[str, t.Callable[[str], Flask]] = {
    "held": held(as_debugtoolbar),
    "held, asyncio": held(by_asyncio),
    "held, by kind, asyncio": held(by_kind),
    "held, synced": held(by_ensure_sync),
    "itself": Itself,
    "synced": Synced,
    "super": Super,
    "full": Full,
    "before": Before,
    "flask": Flask,
}


def templates(app: Flask, lifecycle: Lifecycle) -> tuple[list[str], list[str]]:
    """Return the names of the steps of views, and the stages that templates are in."""
    (trace, *_) = lifecycle.traces(app)
    steps = trace.steps
    inside = [steps[step.parent or 0].stage for step in steps if step.stage == "template"]
    return [step.name for step in steps if step.stage == "view"], inside


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_a_view_is_one_step(kind: str, late: bool) -> None:
    app = KINDS[kind](__name__)
    app.config.update(LIFECYCLE_ENABLED=True)
    lifecycle = Lifecycle(app)
    if late:
        # As real apps do.
        app.view_functions = {}

    @app.get("/<int:number>")
    def index(number: int) -> str:
        assert app.view_functions["index"] is index
        return render_template_string("{{ number }}", number=number)

    @app.get("/async")
    async def later() -> str:
        await asyncio.sleep(0)
        return render_template_string("later")

    class Both(MethodView):
        def get(self) -> str:
            return render_template_string("get")

        def post(self) -> str:
            return render_template_string("post")

    app.add_url_rule("/both", view_func=Both.as_view("both"))
    client = app.test_client()
    for number in range(2):
        assert client.get(f"/{number}").text == str(number)
        assert templates(app, lifecycle) == (["index"], ["view"])
        assert client.get("/both").text == "get"
        assert templates(app, lifecycle) == (["Both.get"], ["view"])
        assert client.post("/both").text == "post"
        assert templates(app, lifecycle) == (["Both.post"], ["view"])
    for step in lifecycle.traces(app)[0].steps:
        if step.stage == "dispatch" and kind != "flask":
            assert step.source is not None
            assert step.source.file == __file__
    if "sync" in kind or kind in ("super", "flask"):
        assert client.get("/async").text == "later"
        assert templates(app, lifecycle) == (["later"], ["view"])
    # Nobody else sees it.
    assert app.view_functions["index"] is index
    assert dict(app.view_functions)["index"] is index
    assert type(copy.copy(app.view_functions)) is dict
    assert app.view_functions == {**app.view_functions}
    app._got_first_request = False
    app.add_url_rule("/again", "index", index)
    with pytest.raises(AssertionError, match="overwriting"):
        app.add_url_rule("/other", "index", later)
    lifecycle.undo(app)
    assert type(app.view_functions) is dict
    assert app.view_functions["index"] is index
    assert set(seen) <= {"index", "both", "later"}


@pytest.mark.parametrize("name", ["preprocess_request", "do_teardown_request", "process_response"])
def test_functions_are_steps_where_a_method_is_replaced_by_a_copy(name: str) -> None:
    app: t.Any = Flask(__name__)
    app.config.update(LIFECYCLE_ENABLED=True)
    hooks: list[t.Any] = []

    def replaced(*args: t.Any) -> t.Any:
        given = args[-1:] if name != "preprocess_request" else ()
        for each in hooks:
            app.ensure_sync(each)(*given)
        return args[-1] if name == "process_response" else None

    setattr(app, name, replaced)
    lifecycle = Lifecycle(app)
    register = {
        "preprocess_request": app.before_request,
        "do_teardown_request": app.teardown_request,
        "process_response": app.after_request,
    }[name]

    def hook(*args: t.Any) -> t.Any:
        return args[0] if name == "process_response" else None

    register(hook)
    hooks.append(hook)
    app.add_url_rule("/", "index", lambda: "x")
    assert app.test_client().get("/").text == "x"
    (trace,) = lifecycle.traces(app)
    (step,) = [step for step in trace.steps if step.name == "hook"]
    assert step.stage.endswith("request")


@pytest.fixture
def _no_root_handler_of_debugtoolbar() -> Iterator[None]:
    """Remove the handler that would keep each later record, and so the app of each traceback."""
    before = {*logging.root.handlers}
    yield
    for handler in {*logging.root.handlers} - before:
        logging.root.removeHandler(handler)


@pytest.mark.skipif(
    "ctx" in inspect.signature(Flask.dispatch_request).parameters,
    reason="Flask-DebugToolbar's own dispatch takes no context yet",
)
@pytest.mark.usefixtures("_no_root_handler_of_debugtoolbar")
@pytest.mark.parametrize("profiled", [False, True])
@pytest.mark.parametrize("first", [False, True])
def test_a_view_is_one_step_beside_flask_debugtoolbar(first: bool, profiled: bool) -> None:
    from flask_debugtoolbar import DebugToolbarExtension

    app = Flask(__name__)
    app.config.update(LIFECYCLE_ENABLED=True, SECRET_KEY="x", DEBUG_TB_PROFILER_ENABLED=profiled)
    app.debug = True
    lifecycle = Lifecycle()
    if first:
        lifecycle.init_app(app)
    DebugToolbarExtension(app)
    if not first:
        lifecycle.init_app(app)
    page = "<!doctype html><body>{{ text }}</body>"

    @app.get("/<text>")
    def shown(text: str) -> str:
        return render_template_string(page, text=text)

    class Shown(MethodView):
        def get(self) -> str:
            return render_template_string(page, text="both")

    app.add_url_rule("/", view_func=Shown.as_view("both"))
    client = app.test_client()
    for path, name in (("/a", "shown"), ("/", "Shown.get"), ("/a", "shown")):
        answer = client.get(path)
        assert answer.status_code == 200
        assert 'id="flDebug"' in answer.text
        views, inside = templates(app, lifecycle)
        assert views == [name]
        # Its own pages are rendered by its hook.
        assert inside[0] == "view"
        assert set(inside[1:]) <= {"after_request", "template"}
    assert client.get("/a/none").status_code == 404
    assert templates(app, lifecycle)[0] == []
    with pytest.warns(UserWarning, match="Could not insert debug toolbar"):
        answer = client.options("/a")
    assert answer.headers["Allow"]
    assert templates(app, lifecycle)[0] == []
