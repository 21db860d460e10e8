"""What begins with a step that contains others, in words that are true before any of them ran."""

from __future__ import annotations

import typing as t

from .subjects import Say, function, is_request, rendering, request, subject, view
from .words import short

if t.TYPE_CHECKING:
    from ..model import Step
    from ..story import Story


def _wsgi(_step: Step, story: Story) -> str:
    if story.header.get("parent") is not None:
        return f"While another request is handled, the app is called for {request(story)}"
    return f"The WSGI server calls the app for {request(story)}"


def _view(step: Step, story: Story) -> str:
    return f"Flask calls the view{view(step, story).removeprefix('The view')}"


def _push(step: Step, _story: Story) -> str:
    what = "the request context" if step.stage == "request_context_push" else "the app context"
    return f"Flask pushes {what}"


def _pop(step: Step, _story: Story) -> str:
    what = "the request context" if step.stage == "request_context_pop" else "the app context"
    return f"Flask begins to pop {what}: its teardown functions run first"


def _dispatch(_step: Step, story: Story) -> str:
    endpoint = story.header["endpoint"]
    if endpoint is None:
        return "Flask dispatches the request, for which no rule matched"
    return f"Flask dispatches the request to the view of endpoint {short(endpoint)}"


def _error_handler(step: Step, story: Story) -> str:
    named = subject(step, story).removeprefix("The")
    return f"Flask calls the{named}, registered for {short(step.detail.get('for'))}"


def _span(step: Step, _story: Story) -> str:
    if is_request(step):
        return f"The app sends {short(step.detail.get('target'))}"
    return f"The OpenTelemetry span {short(step.name)} begins"


_BEGINNINGS: dict[str, Say] = {
    "wsgi": _wsgi,
    "middleware": lambda step, _: f"Middleware {short(step.name)} gets the call before the app",
    "app_context_push": _push,
    "request_context_push": _push,
    "session_open": lambda *_: "The session interface opens the session of the request",
    "url_match": lambda *_: "Flask matches the URL against the app's rules",
    "signal": lambda step, _: f"Flask sends the signal {short(step.name)}",
    "dispatch": _dispatch,
    "view": _view,
    "template": lambda step, _: f"Jinja begins to render {rendering(step)}",
    "error_handler": _error_handler,
    "make_response": lambda *_: "Flask begins to make a response from what was returned",
    "session_save": lambda *_: "The session interface gets the session, to save it",
    "start_response": lambda *_: "The app begins its response to the server",
    "request_context_pop": _pop,
    "app_context_pop": _pop,
    "body": lambda *_: "The server begins to iterate the body",
    "body_close": lambda *_: "The server closes the body",
    "span": _span,
}


def beginning(step: Step, story: Story) -> str:
    """Say that a step begins."""
    say = _BEGINNINGS.get(step.stage)
    return f"Flask calls {function(step)}" if say is None else say(step, story)


__all__ = ["beginning"]
