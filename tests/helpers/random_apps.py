"""Random apps and requests, whose functions an oracle knows."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import typing as t

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    redirect,
    render_template_string,
    request,
    stream_with_context,
)
from hypothesis import strategies as st

from tests.helpers.oracle import Oracle

STAGES = (
    "url_value_preprocessor",
    "before_request",
    "after_request",
    "teardown_request",
    "context_processor",
)
FORMS = ("function", "async", "partial", "method", "callable", "decorated")
DOES = ("ok", "ok", "ok", "ok", "answer", "raise", "abort")
VIEWS = ("text", "template", "raise", "abort", "none", "stream", "context", "nested", "redirect")

streams: list[t.Any] = []


class Failure(Exception):
    pass


@dataclasses.dataclass(frozen=True)
class Hook:
    stage: str
    form: str
    does: str


@dataclasses.dataclass(frozen=True)
class Level:
    """The app, or a blueprint in the one before it."""

    hooks: tuple[Hook, ...]
    #: What its handlers are for, and whether they raise.
    handlers: tuple[tuple[t.Any, bool], ...]


@dataclasses.dataclass(frozen=True)
class Spec:
    levels: tuple[Level, ...]
    teardowns: tuple[str, ...]
    view: str
    view_form: str
    propagate: bool
    method: str
    path: str


hooks = st.builds(
    Hook, st.sampled_from(STAGES), st.sampled_from(FORMS), st.sampled_from(DOES)
).filter(lambda hook: hook.stage in ("before_request", "after_request") or hook.does != "answer")
handlers = st.tuples(st.sampled_from([404, 500, 418, Failure, LookupError]), st.booleans())
levels = st.builds(
    Level, st.lists(hooks, max_size=4).map(tuple), st.lists(handlers, max_size=3).map(tuple)
)
specs = st.builds(
    Spec,
    st.lists(levels, min_size=1, max_size=3).map(tuple),
    st.lists(st.sampled_from(["ok", "ok", "raise"]), max_size=2).map(tuple),
    st.sampled_from(VIEWS),
    st.sampled_from(["function", "async", "decorated"]),
    st.booleans(),
    st.sampled_from(["GET", "GET", "HEAD", "OPTIONS", "POST"]),
    st.sampled_from(["view", "view", "view", "missing", "other"]),
)


class Maker:
    """Make the functions of one app, each with code of its own, which the oracle knows."""

    def __init__(self, oracle: Oracle) -> None:
        self.oracle = oracle
        self.made = 0

    def make(self, does: str, form: str, body: t.Callable[..., t.Any]) -> t.Any:
        name = f"{does}_{self.made}"
        self.made += 1

        def plain(*args: t.Any, **kwargs: t.Any) -> t.Any:
            return body(*args, **kwargs)

        async def coroutine(*args: t.Any, **kwargs: t.Any) -> t.Any:
            return body(*args, **kwargs)

        func: t.Any = coroutine if form == "async" else plain
        func.__code__ = func.__code__.replace(co_name=name)
        func.__name__ = func.__qualname__ = name
        self.oracle.know(func)
        if form == "partial":
            return functools.partial(func)
        if form == "method":

            def method(_self: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
                return func(*args, **kwargs)

            method.__name__ = method.__qualname__ = name
            return getattr(type("Holder", (), {name: method})(), name)
        if form == "callable":
            called = type(name, (), {"__call__": lambda _self, *a, **kw: func(*a, **kw)})
            return called()
        if form == "decorated":

            @functools.wraps(func)
            def decorated(*args: t.Any, **kwargs: t.Any) -> t.Any:
                return func(*args, **kwargs)

            return decorated
        return func


def body_of(hook: Hook) -> t.Callable[..., t.Any]:
    def body(*args: t.Any) -> t.Any:
        if hook.does == "raise":
            raise Failure(hook.stage)
        if hook.does == "abort":
            abort(418)
        if hook.does == "answer":
            return Response("answered")
        return {
            "before_request": None,
            "after_request": args[0] if args else None,
            "context_processor": {"colour": "blue"},
        }.get(hook.stage)

    return body


def view_body(app: Flask, kind: str) -> t.Callable[[], t.Any]:
    def body() -> t.Any:
        if kind == "template":
            return render_template_string("{{ colour }}")
        if kind == "raise":
            raise Failure("view")
        if kind == "abort":
            abort(404)
        if kind == "stream":
            return iter(["a", "b"])
        if kind == "context":
            streams.append(stream_with_context(part for part in ("a", request.path)))
            return streams[-1]
        if kind == "nested":
            with app.test_client().get("/other") as response:
                return response.get_data(as_text=True)
        if kind == "redirect":
            return redirect("/other")
        return None if kind == "none" else "text"

    return body


def build(spec: Spec, oracle: Oracle) -> tuple[Flask, str]:
    app = Flask(__name__)
    app.config.update(LIFECYCLE_ENABLED=True, PROPAGATE_EXCEPTIONS=spec.propagate, SECRET_KEY="x")
    maker = Maker(oracle)
    scaffolds: list[t.Any] = [app]
    scaffolds += [
        Blueprint(f"level{number}", __name__, url_prefix=f"/{number}")
        for number in range(1, len(spec.levels))
    ]

    for scaffold, level in zip(scaffolds, spec.levels, strict=True):
        for hook in level.hooks:
            # What does not pass ensure_sync cannot be async.
            form = "function" if hook.stage == STAGES[0] and hook.form == "async" else hook.form
            getattr(scaffold, hook.stage)(maker.make(hook.does, form, body_of(hook)))
        for code, raises in level.handlers:
            handler = maker.make(
                "raise" if raises else "ok", "function", functools.partial(handle, raises)
            )
            scaffold.register_error_handler(code, handler)
    for does in spec.teardowns:
        app.teardown_appcontext(
            maker.make(does, "function", body_of(Hook("teardown_appcontext", "", does)))
        )

    view = maker.make("view", spec.view_form, view_body(app, spec.view))
    scaffolds[-1].add_url_rule("/view", "view", view)
    app.add_url_rule("/other", "other", maker.make("view", "function", lambda: "other"))
    for outer, inner in reversed(list(itertools.pairwise(scaffolds))):
        outer.register_blueprint(inner)
    prefix = "".join(f"/{number}" for number in range(1, len(scaffolds)))
    path = {"view": f"{prefix}/view", "other": "/other"}.get(spec.path, f"{prefix}/missing")
    return app, path


def handle(raises: bool, _error: t.Any) -> t.Any:
    if raises:
        raise Failure("handler")
    return "handled", 400
