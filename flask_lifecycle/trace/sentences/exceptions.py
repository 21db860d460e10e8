"""Where an exception goes that leaves a step: to a handler, into the response, or to the server."""

from __future__ import annotations

import typing as t

from ..story import AFTER
from .subjects import subject
from .words import short

if t.TYPE_CHECKING:
    from ..model import Step
    from ..story import Beat, Story

_SKIPPED = "so the after_request functions and the session are skipped"
# What is raised in these, Flask asks the app's own error handlers for: handle_user_exception.
_HANDLED = frozenset(("before_request", "dispatch", "url_value_preprocessor", "view"))
# What is raised in these as well, Flask answers with 500: handle_exception.
_ANSWERED = _HANDLED | {
    "app_context_push",
    "error_handler",
    "make_response",
    "request_context_push",
    "session_open",
}
# An HTTP exception without a code has a response of its own; a redirect is the router's.
_PASSING = frozenset(("HTTPException", "RequestRedirect"))


def raised(step: Step, story: Story) -> str:
    """Return the sentence of a step that an exception left."""
    error = _error(step)
    say = _OWN.get(step.stage)
    if say is not None:
        return say(step, story, error)
    raises = f"{subject(step, story)} raises {error}"
    if step.stage in AFTER or step.stage == "session_save":
        return raises + _after_the_response(step, story)
    return raises + consequence(step, story) if step.stage in _ANSWERED else raises


def consequence(step: Step, story: Story) -> str:
    """Say what Flask does with an exception that left a step."""
    handler = story.after(step, "error_handler")
    response = story.after(step, "make_response")
    is_asked_for = step.stage in _HANDLED
    lacks = ", for which there is no handler"
    if handler is not None and (response is None or handler.id < response.id):
        why = lacks if is_asked_for and story.unhandled(step, handler.id) else ""
        named = f"{short(handler.name)}, registered for {short(handler.of)}"
        return f"{why}, so Flask calls {named}"
    if response is not None:
        if not story.unhandled(step, response.id):
            return _answered(step, response)
        if not is_asked_for:
            lacks = "; only a handler for 500 is asked, and there is none"
        return f"{lacks}, so Flask answers 500"
    if story.left and story.unhandled(step):
        why = f"{lacks}:" if is_asked_for else ";"
        return f"{why} Flask re-raises it, as in debug mode or tests, {_SKIPPED}"
    return f", which Flask does not handle, {_SKIPPED}" if story.left else ""


def _answered(step: Step, response: Beat) -> str:
    """Say how an exception is answered without a handler and without being a server error."""
    error = _error(step)
    if response.of.partition(" ")[0] != error:
        return ", which the app's own handle_user_exception answers"
    lacks = "for which there is no handler"
    if error in _PASSING:
        lacks = "for which Flask asks no error handler"
    return f", {lacks}; as an HTTP exception it is itself the response"


def _error(step: Step) -> str:
    return "an exception" if step.error is None else short(step.error.type)


def _wsgi(_step: Step, story: Story, error: str) -> str:
    if story.header.get("server_error_by") == "debugger":
        return f"{error} leaves the app, so Werkzeug's debugger answers with 500"
    still = " still" if story.has("start_response") else ""
    return f"{error} leaves the app, so the server decides what the client{still} gets"


def _middleware(step: Step, _story: Story, error: str) -> str:
    return f"{error} leaves middleware {short(step.name)}, on its way to the server"


def _url_match(step: Step, story: Story, error: str) -> str:
    reason = {
        "NotFound": "No rule matches the URL",
        "MethodNotAllowed": f"A rule matches the URL, but not for {story.header['method']}",
        "WebsocketMismatch": "A rule matches the URL, but one is for WebSocket, the other is not",
    }.get(error, f"The match of the URL raises {error}")
    return _unmatched(step, story, error, reason)


def redirected(step: Step, story: Story) -> str:
    """Return the sentence of a URL match that asks for a redirect."""
    reason = "The router asks for a redirect"
    if step.detail["redirect"].partition("?")[0].endswith(f"{story.header['path']}/"):
        reason = "The rule ends with a slash and the URL does not, so a redirect is due"
    return _unmatched(step, story, "RequestRedirect", reason)


def _unmatched(step: Step, story: Story, error: str, reason: str) -> str:
    if story.times("url_match", step.id) > 1:
        return f"{reason} of the context that is pushed, so its request keeps {error}"
    return (
        f"{reason}; Flask keeps {error} until it dispatches, "
        "so the app's hooks run first, but no blueprint's"
    )


def _dispatch(step: Step, story: Story, error: str) -> str:
    if story.holds(step, "view"):
        return f"Dispatch passes on the {error} of the view{consequence(step, story)}"
    if not story.has("url_match"):
        return (
            f"Dispatch raises {error}: the request's host is not trusted, so no rule was matched"
            f"{consequence(step, story)}"
        )
    of = " that the URL match left" if story.match_error == error else ""
    return f"Dispatch raises the {error}{of}{consequence(step, story)}"


def _session_open(step: Step, story: Story, error: str) -> str:
    so = consequence(step, story)
    return f"{subject(step, story)} raises {error} before request_started is sent{so}"


def _make_response(step: Step, story: Story, error: str) -> str:
    got = "gets None, which is no response, and" if step.detail.get("from") == "None" else ""
    return f"Flask's make_response {got} raises {error}{consequence(step, story)}"


def _teardown(step: Step, story: Story, error: str) -> str:
    others = "the others still run"
    if story.is_separate:
        others = "the remaining functions of its phase are skipped"
    return f"{subject(step, story)} raises {error}; {others}, and the error goes to the server"


def _pop(step: Step, story: Story, error: str) -> str:
    return f"{subject(step, story)} ends with {error}, which goes to the server"


def _signal(step: Step, story: Story, error: str) -> str:
    return f"{subject(step, story)} raises {error}, which the signal passes on"


def _body(_step: Step, _story: Story, error: str) -> str:
    return f"The body raises {error} after the status was sent, so the client gets only a part"


def _after_the_response(step: Step, story: Story) -> str:
    second = story.second_response(step)
    if story.answers_error(step):
        again = " again" if second is not None and story.ran_before(step, second) else ""
        return f"{again}, so Flask only logs it and sends the response as it is"
    if second is not None:
        return (
            "; its own error handler is not asked: "
            "Flask answers 500, and the after_request functions run again"
        )
    return "; no error handler is asked, and it leaves the app" if story.left else ""


_OWN: dict[str, t.Callable[[Step, Story, str], str]] = {
    "wsgi": _wsgi,
    "middleware": _middleware,
    "session_open": _session_open,
    "url_match": _url_match,
    "signal": _signal,
    "dispatch": _dispatch,
    "make_response": _make_response,
    "teardown_request": _teardown,
    "teardown_appcontext": _teardown,
    "request_context_pop": _pop,
    "app_context_pop": _pop,
    "body": _body,
}

__all__ = ["consequence", "raised", "redirected"]
