"""Record the whole call of the app, from ``__call__`` until the server has the body."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from functools import partial

import flask
import flask.app

from ..collectors.http import Preview
from ..core import shortcut
from ..recorder import holding
from ..recorder.current import current
from ..recorder.errors import hide_frames
from ..recorder.steps import fail
from ..trace.log import END, TRACEPOINT, clock
from ..trace.owner import Owner
from ..trace.tracepoint import TRACEPOINTS, Tracepoint, number
from ..trace.writer import LiveTrace, Writer, no_context
from . import body, upgrades
from .error_handling import Errors
from .hooks import Application, Body, Environ, Measure, Mount
from .hooks import StartResponse as Start
from .middleware import Middleware
from .start_response import StartResponse
from .trace_start import TraceStart

_WSGI = number(Tracepoint("wsgi", "wsgi"))

#: Takes an app, a call of it, and what handles that call.
Record = Callable[[flask.Flask, Environ, Start, Application], Body]


class Calls:
    """The calls of one app.

    :param start: begins their traces.
    :param preview: returns an object whose ``add`` takes each chunk of a body, or None.
    :param measures: what measures each step.
    """

    def __init__(
        self,
        owner: Owner,
        start: TraceStart,
        start_response: StartResponse,
        errors: Errors,
        preview: Callable[[], Preview | None],
        measures: list[Measure],
    ) -> None:
        self._owner = owner
        self._start = start
        self._start_response = start_response
        self._errors = errors
        self._preview = preview
        self._measures = measures
        #: The trace of a request of this app that is not recorded.
        self._skipped = LiveTrace(None, "", "")

    def methods(
        self, made: type, mount: Mount
    ) -> tuple[Application, Application, Callable[[LiveTrace], None]]:
        """Return the app's ``__call__`` and ``wsgi_app``, whichever is called from outside.

        And the callback for when the middlewares around have reached Flask.

        :param made: the recording subclass of the app's class.
        """
        base: t.Any = made.__bases__[0]
        # Flask's only calls wsgi_app; another one is the app's own, or a patch, also a late one.
        flasks = base.__call__ if _is_flasks(base.__call__) else None

        def call(app: flask.Flask, environ: Environ, start_response: Start) -> Body:
            __tracebackhide__ = True
            if base.__call__ is flasks:
                return app.wsgi_app(environ, start_response)
            return base.__call__(app, environ, start_response)

        middleware = Middleware(call)
        record = self._recorder(middleware.answered)
        mount.call, mount.skipped = call, self._skipped
        dunder_call = _call(made, mount, record, middleware.run, flasks)
        return dunder_call, self._wsgi_app(made, mount, record), middleware.reached

    def _wsgi_app(self, made: type, mount: Mount, record: Record) -> Application:
        """Return the app's ``wsgi_app``, which records if it is not called by ``__call__``."""
        mark, enter, leave = mount.mark, mount.enter, mount.leave
        owner, skipped = self._owner, self._skipped
        base_wsgi_app: Application = made.__bases__[0].wsgi_app  # type: ignore[attr-defined]

        def wsgi_app(self: flask.Flask, environ: Environ, start_response: Start) -> Body:
            __tracebackhide__ = True
            writer = current.get()
            is_inside = writer is skipped or (writer.owner is owner and _is_outside(writer))
            entered = None
            try:
                if is_inside or type(self) is not made:
                    return base_wsgi_app(self, environ, start_response)
                if mark in environ.get("PATH_INFO", ""):
                    answered, entered = enter(self, environ, start_response)
                    if entered is None:
                        return answered
                return record(self, environ, start_response, base_wsgi_app)
            except BaseException as error:
                hide_frames(error)
                raise
            finally:
                if entered is not None:
                    leave(entered)

        return wsgi_app

    def _recorder(self, unreached: Callable[[LiveTrace], None]) -> Record:
        """Return the function that records a call of an app."""
        start = self._start.begins()
        skipped = self._skipped
        left = self._errors.left
        broke = self._errors.broke
        measures = self._measures
        preview = self._preview
        recorded_body = body.recorded
        recorded_start = self._start_response.recorded(unreached)

        def leave(trace: LiveTrace | None, error: BaseException, environ: Environ) -> None:
            """Do what there is to do about an exception that leaves the app."""
            if trace is None:
                hide_frames(error)
                return
            if holding.armed:
                fail(trace, 0, error)
                holding.after(trace, 0)
            left(trace, error, environ)

        @shortcut(
            "call",
            (
                *(measures, start, _WSGI, partial, recorded_start, leave),
                *(recorded_body, broke, preview, skipped),
            ),
        )
        def record(
            app: flask.Flask, environ: Environ, start_response: Start, run: Application
        ) -> Body:
            __tracebackhide__ = True
            begun = [(each.end, each.begin()) for each in measures] if measures else ()
            outer = current.get()
            trace = start(app, environ, outer)
            if trace is None:
                current.set(skipped)
                try:
                    return run(app, environ, start_response)
                except BaseException as error:
                    leave(None, error, environ)
                    raise
                finally:
                    current.set(outer)
            current.set(trace)
            trace.log += (_WSGI, -1, trace.origin, 0.0)
            trace.current = 0
            if "HTTP_UPGRADE" in environ:
                upgrades.requested(trace, environ)
            try:
                if holding.armed:
                    holding.before(trace, 0)
                answer = partial(recorded_start, trace, environ, start_response)
                result = run(app, environ, answer)
                if holding.armed:
                    trace.log[END] = clock()
                    holding.after(trace, 0)
            except BaseException as error:
                leave(trace, error, environ)
                raise
            finally:
                current.set(outer)
                for measured, value in reversed(begun):
                    measured(trace, 0, value)
            now = clock()
            # It ended before it was held after that.
            trace.log[END] = trace.log[END] or now
            trace.stopwatch -= now
            trace.current = -1
            if "HTTP_UPGRADE" in environ:
                upgrades.settle(trace)
                if upgrades.is_upgraded(trace):
                    return recorded_body(trace, result, environ, broke, _nothing)
            return recorded_body(trace, result, environ, broke, preview)

        return record


def _call(
    made: type,
    mount: Mount,
    record: Record,
    run_middleware: Application,
    flasks: Application | None,
) -> Application:
    """Return the app's ``__call__``.

    :param run_middleware: runs the middleware around the app's ``wsgi_app``.
    :param flasks: its ``__call__`` if that is Flask's own, else None.
    """
    mark, enter, leave = mount.mark, mount.enter, mount.leave
    base: t.Any = made.__bases__[0]
    base_wsgi_app = base.wsgi_app

    def __call__(self: flask.Flask, environ: Environ, start_response: Start) -> Body:
        __tracebackhide__ = True
        if type(self) is not made:
            # An app of a subclass of the recorded app's class.
            return base.__call__(self, environ, start_response)
        entered = None
        if mark in environ.get("PATH_INFO", ""):
            answered, entered = enter(self, environ, start_response)
            if entered is None:
                return answered
        run = base_wsgi_app
        if "wsgi_app" in self.__dict__:
            run = run_middleware
        elif base.__call__ is not flasks:
            run = base.__call__
        try:
            return record(self, environ, start_response, run)
        finally:
            if entered is not None:
                leave(entered)

    return __call__


def _nothing() -> None:
    """Do nothing: the preview of a response that is not sent."""


def _is_flasks(call: t.Any) -> bool:
    code = getattr(call, "__code__", None)
    return code is not None and code.co_filename == flask.app.__file__


def _is_outside(writer: Writer) -> bool:
    """Return whether the call is still on its way to Flask's own ``wsgi_app``."""
    step = writer.current
    if step < 0:
        return False
    stage = TRACEPOINTS[writer.log[step + TRACEPOINT]].stage
    # Middleware that is a generator function calls it when its body is iterated.
    return stage in ("wsgi", "middleware") or (
        stage == "body" and writer.trace.context is no_context
    )


__all__ = ["Calls"]
