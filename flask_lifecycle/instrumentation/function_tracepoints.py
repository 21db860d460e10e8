"""The tracepoint of each of the user's functions, and who registered it."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import flask

from ..faults import fail_open
from ..recorder.callables import tracepoint_of
from ..recorder.memo import Memo
from ..recorder.registries import error_handlers
from ..trace.log import TRACEPOINT, WIDTH
from ..trace.model import FUNCTION_STAGES
from ..trace.tracepoint import TRACEPOINTS, Tracepoint
from ..trace.writer import LiveTrace, Writer
from .url_functions import scopes_of


class Found(t.NamedTuple):
    """How one of the user's functions is recorded; Flask's own are not."""

    tracepoint: Tracepoint | None
    #: Whether it is the same at each call.
    lasting: bool
    #: The key that an error handler is registered for: a class's name, or a code.
    handles: str = ""


class FunctionTracepoints:
    """The tracepoints of the functions that one app calls."""

    def __init__(self) -> None:
        self._tracepoints: dict[str, Memo[Tracepoint]] = {
            stage: Memo() for stage in FUNCTION_STAGES
        }

    @fail_open
    def of(self, app: flask.Flask, writer: Writer, stage: str, func: t.Any) -> Found | None:
        """Return how to record a function that Flask calls for a stage, or None."""
        if stage == "context_processor" and getattr(func, "__module__", "") == "flask.templating":
            return Found(None, lasting=True)

        if stage == "after_request" and not scopes_of(app, stage, func):
            return Found(
                tracepoint_of("after_this_request", func, "app", app.import_name), lasting=False
            )

        if stage == "view":
            return self._view(app, writer.trace, func)

        tracepoint = self._tracepoint(app, func, stage)
        if tracepoint is None:
            return None

        if stage == "error_handler":
            return self._error_handler(app, writer.trace, func, tracepoint)

        scopes = scopes_of(app, stage, func)
        scope = _scope(writer, tracepoint, scopes)
        return Found(replace(tracepoint, scope=scope or "app"), lasting=len(scopes) == 1)

    def _error_handler(
        self, app: flask.Flask, trace: LiveTrace, func: t.Any, tracepoint: Tracepoint
    ) -> Found:
        # In the order in which Flask looks them up.
        scopes = (*reversed(trace.blueprints), None)
        rank = {name: at for at, name in enumerate(scopes)}
        found = [each for each in error_handlers(app) if each.handler is func]
        found.sort(key=lambda each: rank.get(each.scope, len(rank)))
        scope, handled = (found[0].scope, found[0].registered) if found else (None, "")
        # A handler may be registered for several exceptions.
        lasting = len(found) == 1
        return Found(replace(tracepoint, scope=scope or "app"), lasting, handled)

    def _view(self, app: flask.Flask, trace: LiveTrace, func: t.Any) -> Found | None:
        scope = trace.blueprints[-1] if trace.blueprints else "app"
        view_class = getattr(func, "view_class", None)
        if view_class is None:
            tracepoint = self._tracepoint(app, func, "view")
            if tracepoint is None:
                return None
            endpoints = sum(view is func for view in [*app.view_functions.values()])
            return Found(replace(tracepoint, scope=scope), lasting=endpoints == 1)

        method = getattr(view_class, trace.method.lower(), None) or (
            getattr(view_class, "get", None) if trace.method == "HEAD" else None
        )
        if method is None:
            method = view_class.dispatch_request
        name = f"{view_class.__name__}.{method.__name__}"
        tracepoint = tracepoint_of("view", method, scope, app.import_name)
        return Found(replace(tracepoint, name=name), lasting=False)

    def _tracepoint(self, app: flask.Flask, func: t.Any, stage: str) -> Tracepoint | None:
        known = self._tracepoints[stage].get(id(func))
        return self._make_tracepoint(app, func, stage) if known is None else known

    @fail_open
    def _make_tracepoint(self, app: flask.Flask, func: t.Any, stage: str) -> Tracepoint | None:
        tracepoint = tracepoint_of(stage, func, own=app.import_name)
        self._tracepoints[stage].keep(func, tracepoint)
        return tracepoint


def _scope(writer: Writer, tracepoint: Tracepoint, scopes: list[str | None]) -> str | None:
    if len(scopes) > 1:
        # Registered at several levels: Flask calls it once for each, in its own order.
        order = [None, *writer.trace.blueprints]
        if tracepoint.stage in ("after_request", "teardown_request"):
            order.reverse()
        scopes = [name for name in order if name in scopes]
        tracepoints = [TRACEPOINTS[each] for each in writer.log[TRACEPOINT::WIDTH]]
        made = sum(
            1
            for each in tracepoints
            if each.stage == tracepoint.stage and each.callable == tracepoint.callable
        )
        scopes = scopes[made % len(scopes) :] if scopes else [None]
    return scopes[0] if scopes else None


__all__ = ["Found", "FunctionTracepoints"]
