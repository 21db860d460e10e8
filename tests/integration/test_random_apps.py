"""Random apps and requests: the recorded steps are what ``sys.setprofile`` saw, each time."""

from __future__ import annotations

import dataclasses
import functools
import gc
import itertools
import typing as t
from contextlib import suppress
from contextvars import copy_context

import pytest
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
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flask_lifecycle import Lifecycle, Trace
from flask_lifecycle.trace.model import Step
from tests.helpers.oracle import USER_STAGES, Oracle, phases
from tests.helpers.recordings import assert_recorded

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


PHASES = phases()
WATCHED = USER_STAGES.union(PHASES.values())

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


def refused(step: Step) -> bool:
    """Tell whether asgiref would not run a coroutine function: inside an async view's loop.

    Flask called it, and what it called raised; the function itself never began.
    """
    error = step.error
    hook = step.stage in USER_STAGES and step.stage != "view"
    return hook and error is not None and "use AsyncToSync" in error.message


def steps_of(traces: list[Trace]) -> list[tuple[str, str]]:
    """Return the name and outcome of each call, in the order of calls.

    Functions of the user's go by their names, methods of Flask's by their stages.
    """
    found = sorted(
        (trace.started_at + step.begin / 1e9, step.id, step)
        for trace in traces
        for step in trace.steps
        if step.stage in WATCHED and not refused(step)
    )
    return [
        (step.name if step.stage in USER_STAGES else step.stage, step.outcome or "")
        for _, _, step in found
    ]


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(spec=specs)
def every_call_is_a_step_and_every_step_a_call(spec: Spec) -> None:
    oracle = Oracle()
    oracle.names.update(PHASES)
    app, path = build(spec, oracle)
    lifecycle = Lifecycle(app)
    with oracle:
        try:
            app.test_client().open(path, method=spec.method, buffered=True).close()
        except Exception as error:
            assert not isinstance(error, AssertionError), error  # noqa: PT017
    while streams:
        # One that was dropped, as its response was, would be closed at any time and place.
        with suppress(Exception):
            streams.pop().close()

    traces = lifecycle.traces(app)
    steps = steps_of(traces)
    assert [name for name, _ in steps] == [name.rpartition(":")[2] for name in oracle.called]
    for name, outcome in steps:
        does = name.partition("_")[0]
        if does in ("raise", "abort"):
            assert outcome == "raised", name
        elif does == "ok":
            assert outcome == "ok", name
    assert_recorded(traces)
    for trace in traces:
        assert trace.state == "done"
        assert trace.compare(trace).is_empty
        for step in trace.steps:
            assert step.end is not None
            if step.parent is not None:
                parent = trace.steps[step.parent]
                assert parent.end is not None
                assert parent.begin <= step.begin <= step.end <= parent.end


def test_every_call_is_a_step_and_every_step_a_call() -> None:
    def all_examples() -> None:
        every_call_is_a_step_and_every_step_a_call()
        gc.collect()

    # A stream that is dropped can leave Flask's contexts behind, with or without us, and pops
    # them whenever it is freed: all of that in a context of its own.
    copy_context().run(all_examples)


pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    # What a dropped stream's teardown raises, and coroutines that asgiref would not run.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:coroutine:RuntimeWarning"),
]
