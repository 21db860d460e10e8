"""What a sentence is about: the function, the context, the statement of a step."""

from __future__ import annotations

import typing as t

from ..transactions import STATEMENT
from .words import count, cut, readable_time, short

if t.TYPE_CHECKING:
    from ..model import Step
    from ..story import Story

Say = t.Callable[["Step", "Story"], str]


def by(step: Step) -> str:
    """Say which blueprint registered a function, and whether it ran on another thread."""
    blueprint = "" if step.scope in (None, "app") else f" of blueprint {short(step.scope)}"
    thread = step.detail.get("thread")
    is_elsewhere = isinstance(thread, dict) and thread.get("other") is True
    return blueprint + (" (async, on another thread)" if is_elsewhere else "")


def spent(step: Step, preposition: str) -> str:
    """Say how long a step took."""
    took = (step.end or step.begin) - step.begin
    return f" {preposition} {readable_time(took)}" if took else ""


def function(step: Step) -> str:
    """Name a function by its stage."""
    return f"{step.stage} {short(step.name)}{by(step)}"


def view(step: Step, story: Story) -> str:
    """Name a view; one without a name by its endpoint."""
    name = short(step.name)
    if step.name == "<lambda>" and story.header["endpoint"] is not None:
        name = f"of endpoint {short(story.header['endpoint'])}"
    return f"The view {name}{by(step)}"


def request(story: Story) -> str:
    """Name the request."""
    return f"{story.header['method']} {short(story.header['path'])}"


def rendering(step: Step) -> str:
    """Name what of a template is rendered."""
    block, calls = step.detail.get("block"), step.detail.get("macros")
    name = "a template string" if step.name == "<string>" else short(step.name)
    if block is not None:
        return f"the block {short(block)} of {name}"
    return name if calls is None else f"the macros of {name}"


def kind_of(step: Step) -> str:
    """Return the kind of a step of SQL."""
    return str(step.detail.get("kind", STATEMENT))


def is_request(step: Step) -> bool:
    """Return whether a span is an HTTP request of the app's, seen without OpenTelemetry."""
    return step.detail.get("library") in _CLIENTS


def _span(step: Step, _story: Story) -> str:
    if is_request(step):
        return f"The request {short(step.detail.get('target'))}"
    return f"The OpenTelemetry span {short(step.name)}"


_CLIENTS = ("http.client", "httpcore", "aiohttp")
_TRANSACTIONS = {
    "begin": "BEGIN",
    "commit": "COMMIT",
    "connect": "Connecting to the database",
    "prepare": "PREPARE TRANSACTION",
    "release": "RELEASE SAVEPOINT",
    "rollback": "ROLLBACK",
    "rollback_to": "ROLLBACK TO SAVEPOINT",
    "savepoint": "SAVEPOINT",
}

_SUBJECTS: dict[str, Say] = {
    "wsgi": lambda _step, story: f"The app's call for {request(story)}",
    "middleware": lambda step, _: f"Middleware {short(step.name)}",
    "request_context": lambda *_: "The creation of the request object",
    "app_context_push": lambda *_: "The push of the app context",
    "request_context_push": lambda *_: "The push of the request context",
    "session_open": lambda *_: "The session interface's open_session",
    "url_match": lambda *_: "The match of the URL",
    "signal": lambda step, _: f"A receiver of the signal {short(step.name)}",
    "dispatch": lambda step, _: f"The dispatch to endpoint {short(step.name)}",
    "view": view,
    "template": lambda step, _: f"Jinja's rendering of {rendering(step)}",
    "error_handler": lambda step, _: f"The error handler {short(step.name)}{by(step)}",
    "make_response": lambda *_: "Flask's make_response",
    "session_save": lambda *_: "The session interface's save_session",
    "start_response": lambda *_: "The server's start_response",
    "request_context_pop": lambda *_: "The pop of the request context",
    "app_context_pop": lambda *_: "The pop of the app context",
    "body": lambda *_: "The body",
    "body_close": lambda *_: "The close of the body",
    "sql": lambda step, _: _TRANSACTIONS.get(kind_of(step)) or f"The statement {cut(step.name)}",
    "span": _span,
}


def subject(step: Step, story: Story) -> str:
    """Name what runs in a step, as the beginning of a sentence."""
    say = _SUBJECTS.get(step.stage)
    return function(step) if say is None else say(step, story)


def running(step: Step, story: Story) -> str:
    """Say that a step has not ended."""
    if step.stage == "body":
        chunks, size = step.detail.get("chunks"), step.detail.get("bytes")
        so_far = f": {count(chunks, 'chunk')} ({count(size or 0, 'byte')}) so far" if chunks else ""
        return f"The server is still sending the body{so_far}"
    if step.stage == "view" and story.websocket:
        return f"{view(step, story)} still has its WebSocket open"
    verb = "is still open" if step.stage == "span" and not is_request(step) else "is still running"
    return f"{subject(step, story)} {verb}"


__all__ = [
    "Say",
    "by",
    "function",
    "is_request",
    "kind_of",
    "rendering",
    "request",
    "running",
    "spent",
    "subject",
    "view",
]
