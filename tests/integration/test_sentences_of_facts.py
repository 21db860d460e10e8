"""What Flask really does, quirk by quirk: each has its sentence, on the Flask that is installed."""

from __future__ import annotations

import typing as t
import warnings
from importlib.metadata import version

import pytest
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
    session,
    stream_template_string,
    stream_with_context,
    url_for,
)
from flask.sessions import SecureCookieSessionInterface
from werkzeug.test import EnvironBuilder, run_wsgi_app

from flask_lifecycle import Lifecycle, Trace
from flask_lifecycle._compat import SEPARATE_CONTEXTS

FLASK = tuple(int(part) for part in version("flask").split(".")[:3] if part.isdigit())
STREAMS_LATE = SEPARATE_CONTEXTS and FLASK >= (3, 1, 2)
CONTEXT_STAGES = ("request_context", "app_context")


class Explained:
    """One app, and the sentences of what was asked of it last."""

    def __init__(self, **config: t.Any) -> None:
        self.app = Flask(__name__)
        self.app.config.update({"LIFECYCLE_ENABLED": True, "SECRET_KEY": "x", **config})
        self.lifecycle = Lifecycle(self.app)

    def get(self, path: str = "/", method: str = "GET", **more: t.Any) -> Trace:
        environ = EnvironBuilder(path, method=method, **more).get_environ()
        try:
            body, _, _ = run_wsgi_app(self.app, environ)
            try:
                b"".join(body)
            finally:
                t.cast("t.Any", body).close()
        except (Exception, SystemExit):  # it goes out to the server
            pass
        return self.last

    @property
    def last(self) -> Trace:
        return self.lifecycle.traces(self.app)[0]

    def view(self, func: t.Callable[..., t.Any], rule: str = "/", **options: t.Any) -> None:
        self.app.add_url_rule(rule, func.__name__, func, **options)


def said(trace: Trace, stage: str, name: str | None = None) -> list[str]:
    """Return the sentences of a stage, without their times."""
    steps = trace.to_dict()["steps"]
    return [
        each["explain"] for each in steps if each["stage"] == stage and name in (None, each["name"])
    ]


def hello() -> str:
    return "hello"


def crash() -> t.NoReturn:
    raise RuntimeError("crash")


def test_contexts_are_two_or_one() -> None:
    explained = Explained()
    explained.view(hello)
    trace = explained.get()
    (pushed,) = said(trace, "app_context_push")
    (popped,) = said(trace, "app_context_pop")
    if SEPARATE_CONTEXTS:
        assert pushed == "Flask pushes the app context, so current_app and g are available."
        assert said(trace, "request_context_push") == [
            "Flask pushes the request context, so request and session are available."
        ]
        assert popped.endswith("pops the app context, so current_app and g are gone.")
    else:
        assert pushed.endswith("so current_app, g, request and session are available.")
        assert popped.endswith("so current_app, g, request and session are gone.")


def test_an_app_context_that_is_active_is_reused_before_32() -> None:
    explained = Explained()
    explained.view(hello)
    with explained.app.app_context():
        trace = explained.get()
    if SEPARATE_CONTEXTS:
        assert said(trace, "request_context_push") == [
            (
                "Flask pushes the request context onto the app context that is active already: "
                "g is shared, and no teardown_appcontext function will run."
            )
        ]
    else:
        (pushed,) = said(trace, "app_context_push")
        assert pushed.startswith("Flask pushes the app context, so")


def test_hooks_of_blueprints_run_as_well_and_after_hooks_in_reverse() -> None:
    explained = Explained()
    parent, child = Blueprint("parent", __name__), Blueprint("child", __name__)
    names = []
    for scaffold in (explained.app, parent, child):
        scaffold.before_request(lambda: None)

        def after(response: Response) -> Response:
            return response

        after.__name__ = f"after_{getattr(scaffold, 'name', 'app')}"
        names.append(after.__name__)
        scaffold.after_request(after)
    child.add_url_rule("/", view_func=hello)
    parent.register_blueprint(child)
    explained.app.register_blueprint(parent)
    trace = explained.get()
    assert said(trace, "url_match") == [
        (
            "The URL matches the rule /, so the endpoint is parent.child.hello, "
            "and the hooks of blueprints parent and parent.child run as well."
        )
    ]
    assert said(trace, "make_response") == [
        (
            "Flask makes a response from what was returned, a str; "
            "the after_request functions get it, in reverse order of registration."
        )
    ]
    first, *_, last = said(trace, "after_request")
    assert first.startswith("after_request after_child of blueprint parent.child returns")
    assert first.endswith("so the next hook gets it.")
    assert last.endswith("so the session is saved next.")
    *_, before = said(trace, "before_request")
    assert "of blueprint parent.child returns None after" in before
    assert before.endswith("so Flask goes on to dispatch.")


def test_explicit_values_win_over_those_of_context_processors() -> None:
    explained = Explained()

    @explained.app.context_processor
    def colours() -> dict[str, str]:
        return {"colour": "blue"}

    explained.view(lambda: render_template_string("{{ colour }}", colour="red"))
    assert said(explained.get(), "context_processor") == [
        (
            "context_processor colours adds values to the template context; "
            "those passed to it explicitly win."
        )
    ]


@pytest.mark.parametrize("path", ["/", "/missing"])
def test_a_short_circuit_skips_the_view_and_masks_a_404(path: str) -> None:
    explained = Explained()

    @explained.app.before_request
    def stop() -> Response:
        return Response("stopped", 203)

    explained.view(hello)
    trace = explained.get(path)
    (sentence,) = said(trace, "before_request")
    assert sentence.startswith("before_request stop returns a Response with status 203 after ")
    assert "Flask skips the other before_request functions and the view" in sentence
    assert ("not even NotFound is raised" in sentence) == (path == "/missing")
    assert sentence.endswith("the after_request functions still run.")


@pytest.mark.parametrize(
    ("method", "path", "reason", "error"),
    [
        ("GET", "/bp/missing", "No rule matches the URL", "NotFound"),
        ("POST", "/bp/", "A rule matches the URL, but not for POST", "MethodNotAllowed"),
    ],
)
def test_404_and_405_wait_for_dispatch(method: str, path: str, reason: str, error: str) -> None:
    explained = Explained()
    explained.app.url_value_preprocessor(lambda _endpoint, _values: None)
    blueprint = Blueprint("bp", __name__, url_prefix="/bp")
    blueprint.register_error_handler(404, lambda _error: "never")
    blueprint.add_url_rule("/", view_func=hello)
    explained.app.register_blueprint(blueprint)
    trace = explained.get(path, method)
    assert said(trace, "url_match") == [
        (
            f"{reason}; Flask keeps {error} until it dispatches, "
            "so the app's hooks run first, but no blueprint's."
        )
    ]
    (preprocessed,) = said(trace, "url_value_preprocessor")
    assert preprocessed.endswith("gets None for the endpoint and the URL's values: none matched.")
    assert said(trace, "dispatch") == [
        (
            f"Dispatch raises the {error} that the URL match left, for which there is no handler; "
            "as an HTTP exception it is itself the response."
        )
    ]
    (made,) = said(trace, "make_response")
    assert made.startswith(f"Flask makes a response from the exception itself, a {error}")


def test_what_another_context_matches_is_no_match_of_the_request() -> None:
    explained = Explained()

    def other() -> str:
        with explained.app.test_request_context("/missing"):
            return "other"

    explained.view(other)
    _, again = said(explained.get(), "url_match")
    assert again == (
        "No rule matches the URL of the context that is pushed, so its request keeps NotFound."
    )


def test_abort_in_a_view_asks_its_blueprints_handler() -> None:
    explained = Explained()
    blueprint = Blueprint("bp", __name__)
    blueprint.add_url_rule("/", "view", lambda: abort(404))

    @blueprint.errorhandler(404)
    def missing(_error: t.Any) -> tuple[str, int]:
        return "none", 404

    explained.app.register_blueprint(blueprint)
    trace = explained.get()
    assert said(trace, "dispatch") == [
        "Dispatch passes on the NotFound of the view, so Flask calls missing, registered for 404."
    ]
    (handler,) = said(trace, "error_handler")
    assert handler.startswith(
        "The error handler missing of blueprint bp, registered for 404, handles the NotFound in "
    )


def test_a_slash_redirect_asks_no_handler() -> None:
    explained = Explained()
    explained.app.register_error_handler(Exception, lambda _error: "never")
    explained.view(hello, "/slash/")
    trace = explained.get("/slash")
    (matched,) = said(trace, "url_match")
    assert matched.startswith("The rule ends with a slash and the URL does not, so a redirect")
    assert said(trace, "dispatch") == [
        (
            "Dispatch raises the redirect that the URL match left; "
            "no error handler is asked, and the redirect is itself the response."
        )
    ]


def test_other_redirects_of_the_router_are_not_put_down_to_a_slash() -> None:
    explained = Explained()
    explained.view(hello, "/here")
    explained.view(crash, "/there", redirect_to="/here")
    (matched,) = said(explained.get("/there"), "url_match")
    assert matched.startswith("The router asks for a redirect; Flask keeps RequestRedirect")


def test_a_response_that_is_raised_asks_no_handler() -> None:
    explained = Explained()
    explained.app.register_error_handler(Exception, lambda _error: "never")
    explained.view(lambda: abort(Response("gone", 410)))
    (raised,) = said(explained.get(), "view")
    assert raised.endswith(
        "raises HTTPException, for which Flask asks no error handler; "
        "as an HTTP exception it is itself the response."
    )


def test_an_answer_of_the_apps_own_is_not_put_down_to_the_exception() -> None:
    explained = Explained()
    explained.view(crash)
    vars(explained.app)["handle_user_exception"] = lambda *_: "answered"
    (raised,) = said(explained.get(), "view")
    assert raised == (
        "The view crash raises RuntimeError, which the app's own handle_user_exception answers."
    )


def test_redirect_has_the_status_of_this_flask() -> None:
    explained = Explained()
    explained.view(lambda: redirect("/x"))
    trace = explained.get()
    status = "302 Found" if SEPARATE_CONTEXTS else "303 See Other"
    (started,) = said(trace, "start_response")
    assert started == (
        f"The server gets the status {status} and the headers; "
        "the contexts are torn down before the body is sent."
    )
    assert f"a Response with status {status[:3]}" in said(trace, "make_response")[0]


def test_options_and_head() -> None:
    explained = Explained()
    explained.view(hello)
    assert said(explained.get(method="OPTIONS"), "dispatch") == [
        "Flask answers OPTIONS itself, with the methods that the rule allows; no view runs."
    ]
    trace = explained.get(method="HEAD")
    (viewed,) = said(trace, "view")
    assert viewed.startswith("The view hello, called as for GET, returns after ")
    assert said(trace, "body") == ["The server sends no body, as the request is HEAD."]


def test_a_static_file_is_a_view_like_others(tmp_path: t.Any) -> None:
    (tmp_path / "a.css").write_text("a {}")
    explained = Explained()
    explained.app.static_folder = str(tmp_path)
    (viewed,) = said(explained.get("/static/a.css"), "view")
    assert viewed.startswith("The view of endpoint static serves a static file like any other view")


def test_an_untrusted_host_is_not_matched_since_31() -> None:
    explained = Explained(TRUSTED_HOSTS=["good.test"])
    explained.view(hello)
    trace = explained.get(base_url="http://bad.test")
    if FLASK < (3, 1):
        assert said(trace, "dispatch") == [
            "Flask dispatches the request to the view of endpoint hello."
        ]
        return
    assert said(trace, "url_match") == []
    (dispatched,) = said(trace, "dispatch")
    assert dispatched.startswith(
        "Dispatch raises SecurityError: the request's host is not trusted, so no rule was matched"
    )
    assert dispatched.endswith("as an HTTP exception it is itself the response.")


def test_what_nothing_handles_goes_to_the_handler_of_500() -> None:
    explained = Explained()

    @explained.app.errorhandler(500)
    def broken(_error: t.Any) -> tuple[str, int]:
        return "broken", 500

    @explained.app.teardown_request
    def torn(_error: t.Any) -> None: ...

    explained.view(crash)
    trace = explained.get()
    assert said(trace, "view") == [
        (
            "The view crash raises RuntimeError, for which there is no handler, "
            "so Flask calls broken, registered for 500."
        )
    ]
    assert said(trace, "teardown_request") == [
        (
            "teardown_request torn runs before the request context is popped, "
            "and is given the RuntimeError."
        )
    ]


def test_what_nothing_handles_at_all_is_a_500() -> None:
    explained = Explained()
    explained.view(crash)
    assert said(explained.get(), "view") == [
        "The view crash raises RuntimeError, for which there is no handler, so Flask answers 500."
    ]


def test_in_debug_and_tests_it_is_raised_again() -> None:
    explained = Explained(PROPAGATE_EXCEPTIONS=True)
    explained.view(crash)
    trace = explained.get()
    assert said(trace, "view") == [
        (
            "The view crash raises RuntimeError, for which there is no handler: Flask re-raises "
            "it, as in debug mode or tests, so the after_request functions and the session are "
            "skipped."
        )
    ]
    assert said(trace, "wsgi") == [
        "RuntimeError leaves the app, so the server decides what the client gets."
    ]


def test_an_after_hook_that_raises_runs_twice() -> None:
    explained = Explained()
    explained.app.register_error_handler(LookupError, lambda _error: "never")

    @explained.app.after_request
    def seal(_response: Response) -> t.NoReturn:
        raise LookupError

    @explained.app.after_request
    def sign(response: Response) -> Response:
        return response

    explained.view(hello)
    trace = explained.get()
    assert said(trace, "after_request", "seal") == [
        (
            "after_request seal raises LookupError; its own error handler is not asked: "
            "Flask answers 500, and the after_request functions run again."
        ),
        (
            "after_request seal raises LookupError again, "
            "so Flask only logs it and sends the response as it is."
        ),
    ]
    _, again = said(trace, "after_request", "sign")
    assert again.startswith(
        "after_request sign runs a second time, now for the response of the error: it returns"
    )
    assert said(trace, "make_response")[1].endswith("the after_request functions run again on it.")


def test_an_after_hook_that_raises_on_the_response_of_an_error_is_logged() -> None:
    explained = Explained()

    @explained.app.after_request
    def seal(_response: Response) -> t.NoReturn:
        raise LookupError

    explained.view(crash)
    assert said(explained.get(), "after_request") == [
        (
            "after_request seal raises LookupError, "
            "so Flask only logs it and sends the response as it is."
        )
    ]


@pytest.mark.parametrize("registered", [False, True])
def test_a_view_that_returns_none_fails_in_make_response(registered: bool) -> None:
    explained = Explained()
    explained.app.register_error_handler(TypeError, lambda _error: "never")
    if registered:
        explained.app.register_error_handler(500, broken_handler)
    explained.view(nothing)
    failed, again = said(explained.get(), "make_response")
    so = "; only a handler for 500 is asked, and there is none, so Flask answers 500."
    if registered:
        so = ", so Flask calls broken_handler, registered for 500."
    assert failed == (
        f"Flask's make_response gets None, which is no response, and raises TypeError{so}"
    )
    assert again.startswith("Flask makes a response again, for the error, from ")


def broken_handler(_error: t.Any) -> tuple[str, int]:
    return "broken", 500


def nothing() -> None:
    return None


@pytest.mark.parametrize("leaving", [SystemExit, KeyboardInterrupt])
def test_exits_are_not_handled(leaving: type[BaseException]) -> None:
    def leave() -> t.NoReturn:
        raise leaving

    explained = Explained()

    @explained.app.teardown_request
    def torn(_error: t.Any) -> None: ...

    explained.view(leave)
    environ = EnvironBuilder("/").get_environ()
    with pytest.raises(leaving):
        run_wsgi_app(explained.app, environ)
    name = leaving.__name__
    assert said(explained.last, "view") == [
        (
            f"The view leave raises {name}, which Flask does not handle, "
            "so the after_request functions and the session are skipped."
        )
    ]
    (given,) = said(explained.last, "teardown_request")
    assert given.endswith(f"and is given the {name}.")


def test_a_session_that_cannot_be_opened() -> None:
    class Broken(SecureCookieSessionInterface):
        def open_session(self, *_: t.Any) -> t.NoReturn:
            raise LookupError("session")

    explained = Explained()
    explained.app.session_interface = Broken()
    explained.view(hello)
    opened, *_ = said(explained.get(), "session_open")
    assert opened.startswith(
        "The session interface's open_session raises LookupError before request_started is sent; "
        "only a handler for 500 is asked, and there is none, so Flask answers 500."
    )


def test_a_response_that_cannot_be_called() -> None:
    class Broken(Response):
        def __call__(self, *_: t.Any) -> t.NoReturn:
            raise LookupError("called")

    explained = Explained()

    @explained.app.teardown_request
    def torn(_error: t.Any) -> None: ...

    explained.app.response_class = Broken
    explained.view(hello)
    trace = explained.get()
    assert said(trace, "wsgi") == [
        "LookupError leaves the app, so the server decides what the client gets."
    ]
    # The functions are given none.
    assert said(trace, "teardown_request") == [
        "teardown_request torn runs before the request context is popped."
    ]


def test_a_teardown_function_that_raises() -> None:
    explained = Explained()

    @explained.app.teardown_request
    def other(_error: t.Any) -> None: ...

    @explained.app.teardown_request
    def fails(_error: t.Any) -> t.NoReturn:
        raise LookupError("teardown")

    explained.view(hello)
    trace = explained.get()
    others = "the others still run"
    if SEPARATE_CONTEXTS:
        others = "the remaining functions of its phase are skipped"
    assert said(trace, "teardown_request", "fails") == [
        f"teardown_request fails raises LookupError; {others}, and the error goes to the server."
    ]
    assert bool(said(trace, "teardown_request", "other")) == (not SEPARATE_CONTEXTS)
    (left,) = said(trace, "wsgi")
    assert left.endswith("so the server decides what the client still gets.")


def test_a_generator_runs_after_teardown() -> None:
    explained = Explained()
    explained.view(lambda: Response(part for part in "ab"))
    trace = explained.get()
    assert said(trace, "body") == [
        (
            "The server iterates the body and sends 2 chunks (2 bytes), "
            "generated after the contexts are gone."
        )
    ]
    (started,) = said(trace, "start_response")
    assert started.endswith("the body is generated while it is sent.")


def test_stream_with_context() -> None:
    explained = Explained()
    explained.view(lambda: stream_with_context(part for part in ("a", request.path)))
    trace = explained.get()
    (body,) = said(trace, "body")
    assert body.endswith("generated while the contexts are pushed.")
    pushed = [each for stage in CONTEXT_STAGES for each in said(trace, f"{stage}_push")]
    popped = [each for stage in CONTEXT_STAGES for each in said(trace, f"{stage}_pop")]
    if STREAMS_LATE:
        assert sum("once more, for the generator of the body" in each for each in pushed) == 2
        assert said(trace, "url_match")[1].startswith("The URL is matched again")
    elif SEPARATE_CONTEXTS:
        assert said(trace, "url_match")[1].startswith("The URL is matched again")
        assert any("pushed more often, so it stays" in each for each in popped)
    else:
        assert any("stays until it is popped as many times" in each for each in pushed)
        assert any("pushed more often, so it stays" in each for each in popped)


@pytest.mark.parametrize("has_context", [False, True])
def test_a_client_that_leaves(has_context: bool) -> None:
    explained = Explained()

    @explained.app.teardown_request
    def torn(_error: t.Any) -> None: ...

    def stream() -> t.Any:
        parts = (part for part in ("a", "never"))
        return stream_with_context(parts) if has_context else Response(parts)

    explained.view(stream)
    body = explained.app(EnvironBuilder("/").get_environ(), lambda *_: None)  # type: ignore[arg-type]
    next(iter(body))
    t.cast("t.Any", body).close()
    assert said(explained.last, "body") == [
        "The server stops after 1 chunk, as it does when the client has gone, and closes the body."
    ]
    (closed,) = said(explained.last, "body_close")
    (*_, given) = said(explained.last, "teardown_request")
    if has_context:
        assert closed.endswith("GeneratorExit ends its generator and pops the contexts.")
        assert given.endswith("and is given the GeneratorExit.")
    else:
        assert closed == "The server closes the body, which ends the request."
        assert given == "teardown_request torn runs before the request context is popped."


def test_a_streamed_template_is_rendered_while_the_body_is_sent() -> None:
    explained = Explained()
    explained.view(lambda: stream_template_string("hello"))
    (rendered,) = said(explained.get(), "template")
    assert rendered.endswith(", while the body is sent.")


def test_an_async_view_runs_on_another_thread() -> None:
    async def waits() -> str:
        return "waited"

    explained = Explained()
    explained.view(waits)
    (viewed,) = said(explained.get(), "view")
    assert viewed.startswith("The view waits (async, on another thread) returns after ")


def test_a_nested_request_and_a_returned_app() -> None:
    explained = Explained()

    def outer() -> str:
        environ = EnvironBuilder("/hello").get_environ()
        body, _, _ = run_wsgi_app(explained.app, environ)
        return b"".join(body).decode()

    other = Flask("other")
    explained.view(hello, "/hello")
    explained.view(outer)
    explained.view(lambda: other.wsgi_app, "/app")
    explained.get()
    inner, _ = explained.lifecycle.traces(explained.app)
    (called,) = said(inner, "wsgi")
    assert called.startswith("While another request is handled, the app is called for GET /hello")
    explained.get("/app")
    (made,) = said(explained.lifecycle.traces(explained.app)[0], "make_response")
    assert made == "Flask calls what was returned, a method, as a WSGI app to get a response."


def test_a_rule_for_websockets_is_a_400_over_http() -> None:
    explained = Explained()
    explained.view(hello, websocket=True)
    (matched,) = said(explained.get(), "url_match")
    assert matched.startswith(
        "A rule matches the URL, but one is for WebSocket, the other is not; "
        "Flask keeps WebsocketMismatch until it dispatches"
    )


def leave_session() -> str:
    session.clear()
    return "out"


def test_a_null_session_and_one_that_is_saved_or_emptied() -> None:
    explained = Explained()
    explained.view(hello)
    explained.view(lambda: session.setdefault("user", "ada"), "/in")
    explained.view(leave_session, "/out")
    explained.get()
    explained.get("/in")
    cookie = explained.app.test_client()
    cookie.get("/in")
    cookie.get("/out")
    out, _, entered, plain = explained.lifecycle.traces(explained.app)
    assert said(plain, "session_save") != said(entered, "session_save")
    assert said(entered, "session_save") == [
        "The session is saved: the response sets the cookie session."
    ]
    assert said(out, "session_save") == [
        "The session is empty: the response deletes the cookie session."
    ]
    (viewed,) = said(entered, "view")
    assert "sets session['user'] and returns after" in viewed

    explained = Explained(SECRET_KEY=None)
    explained.view(hello)
    assert said(explained.get(), "session_open") == [
        (
            "The session interface opens the session of the request: a null session, "
            "in which nothing can be set, so nothing is saved."
        )
    ]


def test_what_a_view_does_besides() -> None:
    explained = Explained()
    explained.app.url_defaults(lambda _endpoint, _values: None)

    def busy() -> str:
        @after_this_request
        def once(response: Response) -> Response:
            response.headers["X-Once"] = "yes"
            return response

        flash("saved\nfor now")
        warnings.warn("soon gone", DeprecationWarning, stacklevel=1)
        explained.app.logger.error("it is %s", "late")
        return url_for("busy")

    explained.view(busy)
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        trace = explained.get()
    assert said(trace, "flash") == [
        "A message is flashed, for the next template that asks: saved for now."
    ]
    assert said(trace, "warning") == ["Python shows a DeprecationWarning: soon gone."]
    (logged,) = said(trace, "log")
    assert logged == f"The logger {explained.app.name} logs at level ERROR: it is late."
    (built,) = said(trace, "url_defaults")
    assert built.endswith("may add values to the URL that is built.")
    (once,) = said(trace, "after_this_request")
    assert once.startswith(
        "after_this_request once, for this request alone, adds the header X-Once and returns the "
        "response after "
    )


def test_signals_name_who_gets_them() -> None:
    from flask import request_started

    explained = Explained()
    explained.view(hello)

    def listen(_sender: Flask, **_: t.Any) -> None: ...

    with request_started.connected_to(listen, explained.app):
        trace = explained.get()
    assert said(trace, "signal", "request_started") == [
        "Flask sends the signal request_started to listen."
    ]
    assert said(trace, "signal", "request_finished") == [
        "Flask sends the signal request_finished, to which no receiver is connected."
    ]
