"""The thread in which an async function ran is the one that the function itself saw."""

from __future__ import annotations

import asyncio
import functools
import threading
import traceback
import typing as t
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask, Response, after_this_request, render_template_string
from flask.views import MethodView

from flask_lifecycle import Lifecycle
from flask_lifecycle.trace.model import FUNCTION_STAGES
from tests.helpers.apps import is_ours, make_app, steps_of

Seen = dict[str, int]


class InPlace(Flask):
    """Run async functions in the request's own thread."""

    def async_to_sync(self, func: t.Any) -> t.Any:
        return lambda *args, **kwargs: asyncio.run(func(*args, **kwargs))


class InPlaceAtOnce(Flask):
    """Decide of async and other functions alike."""

    def ensure_sync(self, func: t.Any) -> t.Any:
        @functools.wraps(func)
        def run(*args: t.Any, **kwargs: t.Any) -> t.Any:
            result = func(*args, **kwargs)
            return asyncio.run(result) if asyncio.iscoroutine(result) else result

        return run


class InPool(Flask):
    """Make the coroutine here and run it there."""

    def async_to_sync(self, func: t.Any) -> t.Any:
        def run(*args: t.Any, **kwargs: t.Any) -> t.Any:
            with ThreadPoolExecutor(1, "pool") as pool:
                return pool.submit(asyncio.run, func(*args, **kwargs)).result()

        return run


def make(kind: type[Flask]) -> tuple[Flask, Lifecycle, Seen]:
    """Make an app whose functions are async and note where they are, but for `plain`."""
    app = kind(__name__)
    app.config["LIFECYCLE_ENABLED"] = True
    seen: Seen = {}

    def here(name: str) -> None:
        seen[name] = threading.get_ident()

    async def before_request() -> None:
        here("before_request")

    async def after_request(response: Response) -> Response:
        here("after_request")
        return response

    async def teardown_request(_error: BaseException | None) -> None:
        here("teardown_request")

    async def teardown_appcontext(_error: BaseException | None) -> None:
        here("teardown_appcontext")

    async def error_handler(error: Exception) -> tuple[str, int]:
        here("error_handler")
        for frame in traceback.extract_tb(error.__traceback__):
            assert not is_ours(frame.filename)
        return "handled", 418

    async def view() -> str:
        here("view")

        @after_this_request
        async def after_this(response: Response) -> Response:
            here("after_this")
            return response

        return "view"

    async def raises() -> t.NoReturn:
        here("raises")
        raise LookupError("gone")

    def plain() -> str:
        return render_template_string("plain")

    class Methods(MethodView):
        async def get(self) -> str:
            here("Methods.get")
            return "methods"

    app.before_request(before_request)
    app.after_request(t.cast("t.Any", after_request))
    app.teardown_request(t.cast("t.Any", teardown_request))
    app.teardown_appcontext(t.cast("t.Any", teardown_appcontext))
    app.register_error_handler(LookupError, t.cast("t.Any", error_handler))
    for each in (view, raises, plain):
        app.add_url_rule(f"/{each.__name__}", view_func=t.cast("t.Any", each))
    app.add_url_rule("/methods", view_func=Methods.as_view("methods"))
    return app, Lifecycle(app), seen


def threads(app: Flask, lifecycle: Lifecycle, path: str) -> dict[str, t.Any]:
    """Ask for a path; return what each function's step says of its thread."""
    app.test_client().get(path).close()
    newest = next(iter(lifecycle.traces(app)))
    return {
        step.name: step.detail.get("thread")
        for step in newest.steps
        if step.stage in FUNCTION_STAGES
    }


@pytest.mark.parametrize("kind", [Flask, InPlace, InPlaceAtOnce, InPool])
@pytest.mark.parametrize("path", ["/view", "/raises", "/methods"])
def test_each_async_function_says_where_it_ran(kind: type[Flask], path: str) -> None:
    app, lifecycle, seen = make(kind)
    told = threads(app, lifecycle, path)
    assert {name: thread["ident"] for name, thread in told.items()} == seen
    assert len(seen) >= 5
    own = threading.get_ident()
    for thread in told.values():
        assert thread["other"] == (thread["ident"] != own)
        assert thread["other"] == (kind in (Flask, InPool))
        if kind is InPool:
            assert thread["name"].startswith("pool")
        elif not thread["other"]:
            assert thread["name"] == threading.current_thread().name


def test_another_function_says_nothing() -> None:
    app, lifecycle, _ = make(Flask)
    assert threads(app, lifecycle, "/plain")["plain"] is None


def test_it_is_said_while_the_function_runs() -> None:
    app, lifecycle = make_app()

    @app.get("/")
    async def view() -> dict[str, t.Any]:
        running = next(iter(lifecycle.traces(app)))
        (step,) = steps_of(running, "view")
        assert step.end is None
        return {"own": threading.get_ident(), "told": step.detail["thread"]["ident"]}

    told = app.test_client().get("/").get_json()
    assert told["told"] == told["own"] != threading.get_ident()
