"""Where Flask itself calls the function that a step records: the caller and the calling line."""

from __future__ import annotations

import inspect
import typing as t

import flask
import flask.ctx
import flask.helpers
import flask.templating
import werkzeug.exceptions

from .._compat import GET_SESSION, RENDER, SEPARATE_CONTEXTS
from ..trace.model import Source, Step

_app = flask.Flask
_context: t.Any = flask.ctx.RequestContext if SEPARATE_CONTEXTS else flask.ctx.AppContext
_render = getattr(flask.templating, RENDER)

# By stage, and of signals by name.
_CALLERS: dict[str, tuple[t.Callable[..., t.Any], str]] = {
    "wsgi": (_app.__call__, "self.wsgi_app("),
    "request_context": (_app.wsgi_app, "self.request_context("),
    "request_context_push": (_app.wsgi_app, "ctx.push("),
    "app_context_push": (_context.push if SEPARATE_CONTEXTS else _app.wsgi_app, ".push("),
    "session_open": (
        _context.push if SEPARATE_CONTEXTS else getattr(_context, GET_SESSION),
        "open_session(",
    ),
    "url_match": (_context.match_request, ".match("),
    "url_value_preprocessor": (_app.preprocess_request, "url_func("),
    "before_request": (_app.preprocess_request, "ensure_sync("),
    "dispatch": (_app.full_dispatch_request, "self.dispatch_request("),
    "view": (_app.dispatch_request, "ensure_sync("),
    "template": (_render, ".render("),
    "context_processor": (_app.update_template_context, "ensure_sync("),
    "url_defaults": (_app.inject_url_defaults, "func("),
    "make_response": (_app.finalize_request, "self.make_response("),
    "after_this_request": (_app.process_response, "ensure_sync("),
    "after_request": (_app.process_response, "ensure_sync("),
    "session_save": (_app.process_response, "save_session("),
    "start_response": (_app.wsgi_app, "start_response)"),
    "teardown_request": (_app.do_teardown_request, "ensure_sync("),
    "teardown_appcontext": (_app.do_teardown_appcontext, "ensure_sync("),
    "request_context_pop": (_app.wsgi_app, "ctx.pop("),
    "app_context_pop": (_context.pop if SEPARATE_CONTEXTS else _app.wsgi_app, "ctx.pop("),
    "flash": (flask.helpers.flash, "message_flashed.send("),
    "appcontext_pushed": (flask.ctx.AppContext.push, "appcontext_pushed.send("),
    "appcontext_popped": (flask.ctx.AppContext.pop, "appcontext_popped.send("),
    "appcontext_tearing_down": (_app.do_teardown_appcontext, "appcontext_tearing_down.send("),
    "request_tearing_down": (_app.do_teardown_request, "request_tearing_down.send("),
    "request_started": (_app.full_dispatch_request, "request_started.send("),
    "request_finished": (_app.finalize_request, "request_finished.send("),
    "got_request_exception": (_app.handle_exception, "got_request_exception.send("),
    "before_render_template": (_render, "before_render_template.send("),
    "template_rendered": (_render, "template_rendered.send("),
    "message_flashed": (flask.helpers.flash, "message_flashed.send("),
}


def caller(step: Step, *, unhandled: bool) -> tuple[Source, int] | None:
    """Find the Flask function that called what a step records, in the installed version.

    :param unhandled: whether the trace has an error that nobody handled.
    :returns: the caller's source location and the line of the call; None if the caller is not
        part of Flask.
    """
    func, text = _find(step, unhandled) or (None, "")
    if func is None:
        return None
    try:
        lines, first = inspect.getsourcelines(inspect.unwrap(func))
        file = inspect.getsourcefile(inspect.unwrap(func)) or ""
    except (OSError, TypeError):
        return None
    found = [number for number, line in enumerate(lines, first) if text in line]
    # Flask calls after_this_request functions before the hooks for all requests.
    at = found[-1] if step.stage == "after_request" else found[0] if found else first
    return Source(file, first), at


def _find(step: Step, unhandled: bool) -> tuple[t.Callable[..., t.Any], str] | None:
    if step.stage == "error_handler":
        handled = str(step.detail.get("for", ""))
        if unhandled and handled in ("500", "InternalServerError"):
            return _app.handle_exception, "ensure_sync("
        is_http = handled.isdigit() or hasattr(werkzeug.exceptions, handled)
        found = _app.handle_http_exception if is_http else _app.handle_user_exception
        return found, "ensure_sync("
    return _CALLERS.get(step.name if step.stage == "signal" else step.stage)


__all__ = ["caller"]
