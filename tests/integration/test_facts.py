"""What Flask really does, quirk by quirk, on the Flask that is installed: whole sequences.

A sequence is written as one line: a step is its stage, or ``~signal``, or ``stage:name@scope``
where a person names it; what lies inside follows in parentheses; ``!`` marks a step that an
exception left, ``/`` one that answered in place of the view.
"""

from __future__ import annotations

import threading
import typing as t
from collections.abc import Iterator
from importlib.metadata import version

import pytest
from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    after_this_request,
    copy_current_request_context,
    flash,
    redirect,
    render_template_string,
    request,
    stream_template_string,
    stream_with_context,
)
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import EnvironBuilder, run_wsgi_app

from flask_lifecycle import Lifecycle, Trace
from flask_lifecycle._compat import SEPARATE_CONTEXTS
from flask_lifecycle.trace.model import FUNCTION_STAGES, Step
from tests.helpers.apps import make_app, steps_of

MAIN = not SEPARATE_CONTEXTS
FLASK = tuple(int(part) for part in version("flask").split(".")[:3] if part.isdigit())
STREAMS_LATE = not MAIN and FLASK >= (3, 1, 2)

# Pieces that come back: entering and leaving, with what stands in between.
SESSION = "session_open"
POPPED = "~appcontext_tearing_down ~appcontext_popped"
DONE = "session_save ~request_finished"


def push(match: str = "url_match", session: str = SESSION) -> str:
    inside = f"{session} {match}".strip()
    if MAIN:
        return f"request_context app_context_push(~appcontext_pushed {inside})"
    return f"request_context request_context_push(app_context_push(~appcontext_pushed) {inside})"


def pop(request_functions: str = "", app_functions: str = "") -> str:
    inner = f"{app_functions} {POPPED}".strip()
    torn = f"{request_functions} ~request_tearing_down".strip()
    if MAIN:
        return f"app_context_pop({torn} {inner})"
    return f"request_context_pop({torn} app_context_pop({inner}))"


def served(inside: str, functions: tuple[str, str] = ("", ""), match: str = "url_match") -> str:
    """A call that is answered, and whose body is sent."""
    begun = f"{push(match)} ~request_started {inside}"
    return f"wsgi({begun} {DONE} start_response {pop(*functions)}) body body_close"


def written(trace: Trace) -> str:
    """Write a trace's sequence."""
    children: dict[int | None, list[Step]] = {}
    for step in trace.steps:
        children.setdefault(step.parent, []).append(step)

    def write(step: Step) -> str:
        text = step.stage
        if step.stage == "signal":
            text = f"~{step.name}"
        elif step.stage in FUNCTION_STAGES:
            text = f"{step.stage}:{step.name}@{step.scope}"
        text += {"raised": "!", "short_circuit": "/"}.get(step.outcome or "", "")
        inside = " ".join(write(child) for child in children.get(step.id, ()))
        return f"{text}({inside})" if inside else text

    return " ".join(write(step) for step in children[None])


def get(app: t.Any, path: str = "/", method: str = "GET", **more: t.Any) -> tuple[str, str]:
    """Call as a server does; return the status and the body."""
    environ = EnvironBuilder(path, method=method, **more).get_environ()
    body, status, _headers = run_wsgi_app(app, environ)
    try:
        text = b"".join(body).decode()
    finally:
        t.cast("t.Any", body).close()
    return status, text


def named(name: str, func: t.Callable[..., t.Any]) -> t.Any:
    func.__name__ = func.__qualname__ = name
    return func


def hooks(scaffold: t.Any, name: str) -> None:
    """Register one hook of each kind, called by the name of who registers it."""
    scaffold.url_value_preprocessor(named(f"p_{name}", lambda _endpoint, _values: None))
    scaffold.before_request(named(f"b_{name}", lambda: None))
    scaffold.after_request(named(f"a_{name}", lambda response: response))
    scaffold.teardown_request(named(f"t_{name}", lambda _error: None))


def view(app: t.Any, func: t.Callable[..., t.Any], rule: str = "/") -> None:
    app.add_url_rule(rule, "view", named("view", func))


VIEW = "dispatch(view:view@app)"


def the(lifecycle: Lifecycle, app: Flask) -> str:
    (trace,) = lifecycle.traces(app)
    assert trace.state == "done"
    return written(trace)


def test_the_order_of_a_plain_request() -> None:
    app, lifecycle = make_app()
    hooks(app, "app")
    app.teardown_appcontext(named("c", lambda _error: None))
    view(app, lambda: "hello")
    assert get(app) == ("200 OK", "hello")
    assert the(lifecycle, app) == served(
        "url_value_preprocessor:p_app@app before_request:b_app@app "
        f"{VIEW} make_response after_request:a_app@app",
        functions=("teardown_request:t_app@app", "teardown_appcontext:c@app"),
    )


def test_an_app_context_that_is_active_is_reused_before_32() -> None:
    app, lifecycle = make_app()
    app.teardown_appcontext(named("c", lambda _error: None))
    view(app, lambda: "hello")
    with app.app_context():
        get(app)
    steps = the(lifecycle, app)
    if MAIN:
        assert steps == served(f"{VIEW} make_response", functions=("", "teardown_appcontext:c@app"))
    else:
        assert steps == (
            f"wsgi(request_context request_context_push({SESSION} url_match) ~request_started "
            f"{VIEW} make_response {DONE} start_response "
            "request_context_pop(~request_tearing_down)) body body_close"
        )


def test_the_order_of_blueprints() -> None:
    app, lifecycle = make_app()
    parent, child = Blueprint("parent", __name__), Blueprint("child", __name__)
    for scaffold, name in ((app, "app"), (parent, "parent"), (child, "child")):
        hooks(scaffold, name)
        scaffold.before_request(named(f"b2_{name}", lambda: None))
        scaffold.after_request(named(f"a2_{name}", lambda response: response))
        scaffold.teardown_request(named(f"t2_{name}", lambda _error: None))
    parent.before_app_request(named("b_from_parent", lambda: None))

    def after_this() -> str:
        after_this_request(named("once", lambda response: response))
        after_this_request(named("twice", lambda response: response))
        return "hello"

    view(child, after_this)
    parent.register_blueprint(child)
    app.register_blueprint(parent)
    get(app)
    inward, outward = ("app", "parent", "child"), ("child", "parent", "app")
    scopes = {"app": "app", "parent": "parent", "child": "parent.child"}
    before = [f"url_value_preprocessor:p_{name}@{scopes[name]}" for name in inward]
    for name in inward:
        before += [f"before_request:{each}_{name}@{scopes[name]}" for each in ("b", "b2")]
        if name == "app":
            before.append("before_request:b_from_parent@app")
    after = ["after_this_request:once@app", "after_this_request:twice@app"]
    after += [f"after_request:{each}_{n}@{scopes[n]}" for n in outward for each in ("a2", "a")]
    torn = [f"teardown_request:{each}_{n}@{scopes[n]}" for n in outward for each in ("t2", "t")]
    assert the(lifecycle, app) == served(
        f"{' '.join(before)} dispatch(view:view@parent.child) make_response {' '.join(after)}",
        functions=(" ".join(torn), ""),
    )


def test_context_processors_run_from_the_app_inward() -> None:
    app, lifecycle = make_app()
    blueprint = Blueprint("bp", __name__)
    app.context_processor(named("of_app", lambda: {"who": "app"}))
    blueprint.context_processor(named("of_bp", lambda: {"who": "bp"}))
    view(blueprint, lambda: render_template_string("{{ who }} {{ what }}", what="x"))
    app.register_blueprint(blueprint)
    assert get(app)[1] == "bp x"
    assert the(lifecycle, app) == served(
        "dispatch(view:view@bp(context_processor:of_app@app context_processor:of_bp@bp "
        "~before_render_template template ~template_rendered)) make_response"
    )


@pytest.mark.parametrize("path", ["/", "/missing"])
def test_a_short_circuit_skips_the_view_and_even_masks_a_404(path: str) -> None:
    app, lifecycle = make_app()
    hooks(app, "app")
    app.before_request(named("stop", lambda: "stopped"))
    app.before_request(named("never", lambda: None))
    blueprint = Blueprint("bp", __name__)
    hooks(blueprint, "bp")
    view(blueprint, lambda: "hello")
    app.register_blueprint(blueprint)
    assert get(app, path) == ("200 OK", "stopped")
    inside = path == "/"
    pre = "url_value_preprocessor:p_app@app " + (
        "url_value_preprocessor:p_bp@bp " if inside else ""
    )
    after = ("after_request:a_bp@bp " if inside else "") + "after_request:a_app@app"
    torn = ("teardown_request:t_bp@bp " if inside else "") + "teardown_request:t_app@app"
    assert the(lifecycle, app) == served(
        f"{pre}before_request:b_app@app before_request:stop@app/ make_response {after}",
        functions=(torn, ""),
        match="url_match" if inside else "url_match!",
    )


@pytest.mark.parametrize(("path", "method"), [("/bp/missing", "GET"), ("/bp/", "POST")])
def test_404_and_405_meet_no_hook_of_a_blueprint(path: str, method: str) -> None:
    app, lifecycle = make_app()
    hooks(app, "app")
    blueprint = Blueprint("bp", __name__, url_prefix="/bp")
    hooks(blueprint, "bp")
    view(blueprint, lambda: "hello")
    blueprint.register_error_handler(404, named("of_bp", lambda _error: ("bp", 404)))
    app.register_blueprint(blueprint)
    get(app, path, method)
    assert the(lifecycle, app) == served(
        "url_value_preprocessor:p_app@app before_request:b_app@app dispatch! make_response "
        "after_request:a_app@app",
        ("teardown_request:t_app@app", ""),
        match="url_match!",
    )


def test_abort_in_a_blueprints_view_does() -> None:
    app, lifecycle = make_app()
    blueprint = Blueprint("bp", __name__)
    view(blueprint, lambda: abort(404))
    blueprint.register_error_handler(404, named("of_bp", lambda _error: ("bp", 404)))
    app.register_error_handler(404, named("of_app", lambda _error: ("app", 404)))
    app.register_blueprint(blueprint)
    assert get(app) == ("404 NOT FOUND", "bp")
    assert the(lifecycle, app) == served(
        "dispatch!(view:view@bp!) error_handler:of_bp@bp make_response"
    )


def test_a_slash_redirect_meets_no_handler() -> None:
    app, lifecycle = make_app()
    app.before_request(named("b", lambda: None))
    app.register_error_handler(Exception, named("never", lambda _error: "never"))
    view(app, lambda: "hello", "/slash/")
    assert get(app, "/slash")[0] == "308 PERMANENT REDIRECT"
    # Flask raises it, and it is no error.
    assert the(lifecycle, app) == served("before_request:b@app dispatch/ make_response")


def test_redirect_is_303_since_32() -> None:
    app, lifecycle = make_app()
    view(app, lambda: redirect("/x"))
    assert get(app)[0] == ("303 SEE OTHER" if MAIN else "302 FOUND")
    assert the(lifecycle, app) == served(f"{VIEW} make_response")


def test_options_runs_hooks_and_no_view() -> None:
    app, lifecycle = make_app()
    app.before_request(named("b", lambda: None))
    view(app, lambda: "hello")
    get(app, method="OPTIONS")
    assert the(lifecycle, app) == served("before_request:b@app dispatch make_response")


def test_head_runs_the_view_of_get() -> None:
    app, lifecycle = make_app()
    view(app, lambda: "hello")
    assert get(app, method="HEAD") == ("200 OK", "")
    assert the(lifecycle, app) == served(f"{VIEW} make_response")


def test_static_is_an_endpoint_like_others() -> None:
    app, lifecycle = make_app()
    app.before_request(named("b", lambda: None))
    get(app, "/static/none.css")
    assert "before_request:b@app dispatch!(view:" in the(lifecycle, app)


def test_an_untrusted_host_is_not_matched_since_31() -> None:
    app, lifecycle = make_app(TRUSTED_HOSTS=["good.test"])
    app.before_request(named("b", lambda: None))
    view(app, lambda: "hello")
    status, _ = get(app, base_url="http://bad.test")
    if MAIN or FLASK >= (3, 1):
        assert status == "400 BAD REQUEST"
        expected = served("before_request:b@app dispatch! make_response", match="")
    else:
        assert status == "200 OK"
        expected = served(f"before_request:b@app {VIEW} make_response")
    assert the(lifecycle, app) == expected


def test_the_handler_nearest_by_code_then_class_is_taken() -> None:
    class Base(Exception):
        pass

    class Derived(Base):
        pass

    def fails() -> t.NoReturn:
        raise Derived

    app, lifecycle = make_app()
    blueprint = Blueprint("bp", __name__)
    app.register_error_handler(Derived, named("app_derived", lambda _error: "app"))
    blueprint.register_error_handler(Base, named("bp_base", lambda _error: "bp"))
    view(blueprint, fails)
    app.register_blueprint(blueprint)
    assert get(app)[1] == "bp"
    assert the(lifecycle, app) == served(
        "dispatch!(view:view@bp!) error_handler:bp_base@bp make_response"
    )


def crash() -> t.NoReturn:
    raise RuntimeError("crash")


def test_what_nobody_handles_goes_to_the_500_handler() -> None:
    app, lifecycle = make_app()
    app.after_request(named("a", lambda response: response))
    app.register_error_handler(500, named("broken", lambda _error: ("broken", 500)))
    view(app, crash)
    assert get(app) == ("500 INTERNAL SERVER ERROR", "broken")
    assert the(lifecycle, app) == served(
        "dispatch!(view:view@app!) ~got_request_exception log error_handler:broken@app "
        "make_response after_request:a@app"
    )


def test_propagated_the_after_hooks_are_lost() -> None:
    app, lifecycle = make_app(PROPAGATE_EXCEPTIONS=True)
    app.after_request(named("never", lambda response: response))
    app.teardown_request(named("t", lambda _error: None))
    view(app, crash)
    with pytest.raises(RuntimeError):
        get(app)
    assert the(lifecycle, app) == (
        f"wsgi!({push()} ~request_started dispatch!(view:view@app!) ~got_request_exception "
        f"{pop('teardown_request:t@app')})"
    )


def test_after_request_that_raises_runs_twice() -> None:
    def fails(_response: Response) -> t.NoReturn:
        raise LookupError

    app, lifecycle = make_app()
    app.after_request(named("a", fails))
    app.register_error_handler(LookupError, named("never", lambda _error: "never"))
    view(app, lambda: "hello")
    assert get(app)[0] == "500 INTERNAL SERVER ERROR"
    assert the(lifecycle, app) == (
        f"wsgi({push()} ~request_started {VIEW} make_response after_request:a@app! "
        "~got_request_exception log make_response after_request:a@app! log start_response "
        f"{pop()}) body body_close"
    )


def test_a_view_that_returns_none_fails_in_make_response() -> None:
    app, lifecycle = make_app()
    view(app, lambda: None)
    assert get(app)[0] == "500 INTERNAL SERVER ERROR"
    assert the(lifecycle, app) == served(
        f"{VIEW} make_response! ~got_request_exception log make_response"
    )


@pytest.mark.parametrize("leaving", [SystemExit, KeyboardInterrupt])
def test_exits_are_not_handled(leaving: type[BaseException]) -> None:
    def leave() -> t.NoReturn:
        raise leaving

    seen: list[t.Any] = []
    app, lifecycle = make_app()
    app.register_error_handler(500, named("never", lambda _error: "never"))
    app.teardown_request(named("t", lambda error: seen.append(error)))
    view(app, leave)
    with pytest.raises(leaving):
        get(app)
    assert the(lifecycle, app) == (
        f"wsgi!({push()} ~request_started dispatch!(view:view@app!) "
        f"{pop('teardown_request:t@app')})"
    )
    assert seen == [None] or isinstance(seen[0], leaving)


def test_open_session_that_raises_has_no_request_started() -> None:
    from flask.sessions import SecureCookieSessionInterface

    class Broken(SecureCookieSessionInterface):
        def open_session(self, *_: t.Any) -> t.NoReturn:
            raise LookupError("session")

    app, lifecycle = make_app()
    app.session_interface = Broken()
    view(app, lambda: "hello")
    try:
        get(app)
    except Exception as error:
        assert "session" in str(error) or isinstance(error, LookupError)  # noqa: PT017
    steps = the(lifecycle, app)
    assert "session_open!" in steps
    assert "~request_started" not in steps
    assert "view:" not in steps


def test_teardown_that_raises() -> None:
    def fails(_error: t.Any) -> t.NoReturn:
        raise LookupError("teardown")

    app, lifecycle = make_app()
    app.teardown_request(named("other", lambda _error: None))
    app.teardown_request(named("fails", fails))
    app.teardown_appcontext(named("c", lambda _error: None))
    view(app, lambda: "hello")
    with pytest.raises((LookupError, Exception)):
        get(app)
    steps = the(lifecycle, app)
    torn = steps[steps.index("start_response ") + len("start_response ") :]
    if MAIN:
        # All run; the errors come out together.
        assert torn == (
            "app_context_pop!(teardown_request:fails@app! teardown_request:other@app "
            f"~request_tearing_down teardown_appcontext:c@app {POPPED}))"
        )
    else:
        # The rest of the phase is lost, and its signal.
        assert torn == (
            "request_context_pop!(teardown_request:fails@app! "
            f"app_context_pop(teardown_appcontext:c@app {POPPED})))"
        )


def test_a_generator_runs_after_teardown() -> None:
    def chunks() -> Iterator[str]:
        yield render_template_string("no context") if request else "none"

    app, lifecycle = make_app()
    view(app, lambda: Response(chunks()))
    assert get(app)[1] == "none"
    assert the(lifecycle, app) == served(f"{VIEW} make_response")


def test_stream_with_context() -> None:
    app, lifecycle = make_app()
    app.teardown_request(named("t", lambda _error: None))
    view(app, lambda: stream_with_context(part for part in ("a", request.path)))
    assert get(app)[1] == "a/"
    steps = the(lifecycle, app)
    torn = "teardown_request:t@app"
    if MAIN:
        # The push is counted: one teardown, after the body.
        assert steps == (
            f"wsgi({push()} ~request_started dispatch(view:view@app(app_context_push)) "
            f"make_response {DONE} start_response app_context_pop) body({pop(torn)}) body_close"
        )
    elif STREAMS_LATE:
        # Torn down, then pushed again at the first chunk, then torn down again.
        again = (
            "app_context_push(~appcontext_pushed) request_context_push(url_match) "
            f"request_context_pop({torn} ~request_tearing_down) app_context_pop({POPPED})"
        )
        assert steps == served(f"{VIEW} make_response", functions=(torn, "")).replace(
            " body ", f" body({again}) "
        )
    else:
        # Pushed once more in the view, where it is matched again.
        assert steps.count("url_match") == 2
        assert steps.count(torn) == 1
        assert "view:view@app(request_context_push(" in steps


def test_a_client_that_leaves_closes_the_generator() -> None:
    app, lifecycle = make_app()

    def chunks() -> Iterator[str]:
        yield "a"
        yield "never"

    view(app, lambda: Response(chunks()))
    body = app(EnvironBuilder("/").get_environ(), lambda *_: None)  # type: ignore[arg-type]
    next(iter(body))
    t.cast("t.Any", body).close()
    (trace,) = lifecycle.traces(app)
    assert written(trace) == served(f"{VIEW} make_response")
    assert steps_of(trace, "body")[0].detail["chunks"] == 1


def test_a_streamed_template_is_rendered_at_the_end_of_the_body() -> None:
    app, lifecycle = make_app()
    view(app, lambda: stream_template_string("hello"))
    assert get(app)[1] == "hello"
    steps = the(lifecycle, app)
    assert "~before_render_template" in steps.partition("make_response")[0]
    assert "~template_rendered" in steps.partition(" body(")[2]
    assert steps.partition(" body(")[2].startswith(("template", "app_context_push"))


def test_flashes_are_seen() -> None:
    app, lifecycle = make_app()

    def flashes() -> str:
        flash("hello")
        return "flashed"

    view(app, flashes)
    get(app)
    assert the(lifecycle, app) == served(
        "dispatch(view:view@app(~message_flashed(flash))) make_response"
    )


def test_copy_current_request_context_pushes_in_another_thread() -> None:
    app, lifecycle = make_app()
    seen: list[str] = []

    def starts() -> str:
        thread = threading.Thread(
            target=copy_current_request_context(lambda: seen.append(request.path))
        )
        thread.start()
        thread.join()
        return "hello"

    view(app, starts)
    get(app)
    assert seen == ["/"]
    # Another thread has no trace, and its context is no part of the request's life.
    assert the(lifecycle, app) == served(f"{VIEW} make_response")


def test_an_async_view_runs_on_another_thread() -> None:
    app, lifecycle = make_app()

    async def waits() -> str:
        return render_template_string("async")

    view(app, waits)
    assert get(app)[1] == "async"
    assert the(lifecycle, app) == served(
        "dispatch(view:view@app(~before_render_template template ~template_rendered)) make_response"
    )


def test_a_view_that_calls_its_own_app_has_a_trace_inside() -> None:
    app, lifecycle = make_app()
    app.add_url_rule("/inner", "inner", named("inner", lambda: "inner"))
    view(app, lambda: get(app, "/inner")[1])
    assert get(app)[1] == "inner"
    inner, outer = lifecycle.traces(app)
    assert inner.parent == outer.id
    assert written(outer) == served(f"{VIEW} make_response")
    inside = written(inner)
    if MAIN:
        assert inside == served("dispatch(view:inner@app) make_response")
    else:
        # The active app context is reused: no signals of it.
        assert "appcontext" not in inside
        assert "dispatch(view:inner@app)" in inside


def test_an_app_that_is_returned_runs_in_make_response() -> None:
    app, lifecycle = make_app()
    other, others = make_app()
    view(other, lambda: "other")
    view(app, lambda: other.wsgi_app)
    assert get(app)[1] == "other"
    (outer,), (inner,) = lifecycle.traces(app), others.traces(other)
    assert inner.parent == outer.id
    made = steps_of(outer, "make_response")[0]
    assert made.begin <= round((inner.started_at - outer.started_at) * 1e9) + 1000


def test_dispatcher_middleware_runs_one_app() -> None:
    app, lifecycle = make_app()
    other, others = make_app()
    view(app, lambda: "app")
    view(other, lambda: "other")
    get(DispatcherMiddleware(app, {"/other": other}), "/other/")
    assert lifecycle.traces(app) == []
    assert the(others, other) == served(f"{VIEW} make_response")


def test_a_websocket_rule_is_a_400_over_http() -> None:
    app, lifecycle = make_app()
    app.add_url_rule("/", "view", named("view", lambda: "hello"), websocket=True)
    assert get(app)[0] == "400 BAD REQUEST"
    assert the(lifecycle, app) == served("dispatch! make_response", match="url_match!")


def test_a_client_that_preserves_the_context_pushes_it_after_the_call() -> None:
    app, lifecycle = make_app()
    view(app, lambda: "hello")
    with app.test_client() as client:
        client.get("/").close()
        assert request.path == "/"
    # What the client pushes and pops on its own is not in the call.
    assert the(lifecycle, app) == served(f"{VIEW} make_response")
