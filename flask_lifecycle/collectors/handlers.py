"""Tell which of an app's error handlers takes an exception, and why the others do not."""

from __future__ import annotations

import typing as t

import flask
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.routing import RoutingException

from ..recorder.callables import callable_name, source_of
from ..recorder.registries import ErrorHandler, error_handlers
from ..trace.model import JsonObject

_MOST = 50

#: What Flask does with an exception: ``user`` asks for handlers of the exception itself
#: (``handle_user_exception``), ``server_error`` for those of the 500 that it answers instead
#: (``handle_exception``); ``reraised`` is what that method does in debug mode. ``overridden`` is
#: what a method of the app's own answers, without a handler.
Fate = t.Literal["user", "server_error", "reraised", "overridden"]


def look_up(
    app: flask.Flask, blueprints: t.Sequence[str], error: BaseException, fate: Fate
) -> list[JsonObject]:
    """Return the app's handlers in the order in which Flask looks them up, each with why.

    In the order of ``flask.sansio.app.App._find_error_handler``: by code, then by class; in each,
    blueprints from the inside, then the app; in each, the nearest class.

    :param blueprints: those of the request, outermost first.
    """
    kind = InternalServerError if fate == "server_error" else type(error)
    scopes = (*reversed(blueprints), None)
    why_not = _Reasons(app, scopes, error, fate)
    found: list[tuple[tuple[int, ...], ErrorHandler, str]] = []
    for each in error_handlers(app):
        why = why_not.of(each)
        is_candidate = each.scope in scopes and _matches(each, kind)
        rank = (9, 9, 9)
        if is_candidate:
            rank = each.code is None, scopes.index(each.scope), kind.__mro__.index(each.kind)
        found.append((rank, each, why))
    found.sort(key=lambda each: each[0])
    taken = next((each for _, each, why in found if not why), None)
    return [_shown(each, why, taken) for _, each, why in found[:_MOST]]


def _matches(entry: ErrorHandler, error: type) -> bool:
    """Return whether a handler is for exceptions of a class."""
    return entry.code in (None, code_of(error)) and entry.kind in error.__mro__


def _shown(entry: ErrorHandler, why: str, taken: ErrorHandler | None) -> JsonObject:
    source = source_of(entry.handler)
    is_taken = entry is taken
    return {
        "callable": callable_name(entry.handler),
        "source": source and {"file": source.file, "line": source.line},
        "scope": entry.scope or "app",
        "for": entry.registered,
        "taken": is_taken,
        "why": "" if is_taken else why or "another stands before it",
    }


class _Reasons:
    """Why handlers do not get an exception."""

    def __init__(
        self,
        app: flask.Flask,
        scopes: tuple[str | None, ...],
        error: BaseException,
        fate: Fate,
    ) -> None:
        self._scopes = scopes
        self._kind = type(error)
        self._fate = fate
        self._passes = passed(app, error)
        #: Why none for 500 is asked, or when.
        self._server_error = "only for exceptions that no other handler takes"
        if isinstance(error, HTTPException) and not is_trapped(app, error):
            self._server_error = ""
        elif fate == "reraised":
            self._server_error = f"{_reraised(app)}, so no handler for 500 is asked"

    def of(self, entry: ErrorHandler) -> str:
        """Return the reason, or an empty text if it may take the exception."""
        if entry.scope not in self._scopes:
            return f"for requests of the blueprint {entry.scope} only"
        is_for = _matches(entry, self._kind)
        is_for_500 = _matches(entry, InternalServerError)
        if is_for and self._fate == "overridden":
            return "a handle_user_exception of the app's own answers instead"
        if self._fate == "server_error":
            if is_for_500:
                return ""
            if is_for:
                return "only those for 500 are asked where this was raised"
        elif is_for:
            return self._passes
        elif is_for_500 and self._server_error:
            return self._server_error
        has_code = entry.code is not None and entry.code == code_of(self._kind)
        return f"for {entry.kind.__name__ if has_code else entry.registered} only"


def _reraised(app: flask.Flask) -> str:
    setting = "PROPAGATE_EXCEPTIONS"
    if app.config.get(setting) is None:
        setting = "TESTING" if app.testing else "debug mode"
    return f"Flask re-raises the exception, as {setting} is on"


def code_of(kind: type) -> int | None:
    """Return the status code by which Flask looks handlers of a class up."""
    return getattr(kind, "code", None) if issubclass(kind, HTTPException) else None


def passed(app: flask.Flask, error: BaseException) -> str:
    """Return why an exception passes all handlers, or an empty text."""
    if not isinstance(error, HTTPException) or is_trapped(app, error):
        return ""
    if error.code is None:
        return "an HTTP exception without a status code passes all handlers"
    if isinstance(error, RoutingException):
        return "a redirect of the routing's own passes all handlers"
    return ""


def is_trapped(app: flask.Flask, error: BaseException) -> bool:
    """Return whether Flask handles an HTTP exception like any other, as some settings ask for."""
    # A method of the app's own is not called twice.
    if type(app).trap_http_exception is not flask.Flask.trap_http_exception:
        return False
    return isinstance(error, Exception) and app.trap_http_exception(error)


__all__ = ["Fate", "is_trapped", "look_up", "passed"]
