"""Record the exception that a request ends with, and the step in which it was raised."""

from __future__ import annotations

import typing as t

import flask
from werkzeug.exceptions import InternalServerError
from werkzeug.routing import RequestRedirect

from ..collectors.handlers import Fate, is_trapped
from ..faults import fail_open
from ..recorder.current import current
from ..recorder.errors import describe_error, hide_frames
from ..recorder.steps import fail, finish
from ..trace.log import END, TRACEPOINT, WIDTH
from ..trace.model import ServerErrorBy
from ..trace.notes import SHORT_CIRCUIT, Facts
from ..trace.owner import Owner
from ..trace.tracepoint import TRACEPOINTS
from ..trace.writer import LiveTrace, Writer
from . import upgrades
from .debugger import is_inside_debugger
from .hooks import Environ, Hooks
from .reached import Reached


class Errors:
    """The exceptions raised in the requests of one app.

    :param owner: the app's identity.
    """

    def __init__(self, owner: Owner, hooks: Hooks) -> None:
        self._owner = owner
        self._on_exception = hooks.on_exception
        self._on_crash = hooks.on_crash
        self._on_log = hooks.on_log

    def handle_exception(self, base: t.Any) -> t.Any:
        """Return the app's ``handle_exception``, which records the error."""
        owner = self._owner
        raised = self._raised

        def handle_exception(self: flask.Flask, *args: t.Any, **kwargs: t.Any) -> t.Any:
            __tracebackhide__ = True
            if args and type(args[-1]) is Reached:
                return args[-1].answer
            writer = current.get()
            _hide(args)
            if writer.owner is owner and args:
                _note(writer.trace, args[-1])
            try:
                result = base.handle_exception(self, *args, **kwargs)
            except BaseException as error:
                if writer.owner is owner and args and error is args[-1]:
                    raised(owner.app(), writer.trace, error, "reraised")
                # Teardown functions get it.
                hide_frames(error)
                raise
            if writer.owner is owner and args:
                # It did not propagate: Flask looked for a handler of a server error.
                raised(owner.app(), writer.trace, args[-1], "server_error")
            return result

        return handle_exception

    def handle_user_exception(self, base: t.Any) -> t.Any:
        """Return the app's ``handle_user_exception``, which records each exception."""
        owner = self._owner
        raised = self._raised

        def handle_user_exception(self: flask.Flask, *args: t.Any, **kwargs: t.Any) -> t.Any:
            __tracebackhide__ = True
            writer = current.get()
            _hide(args)
            if writer.owner is owner and args:
                trace, error = writer.trace, args[-1]
                # Instead of self, which an override on the instance does not have.
                app = owner.app()
                is_redirect = _is_redirect(app, trace, error)
                if not is_redirect:
                    raised(app, trace, error)
                known = len(trace.log)
                answer = base.handle_user_exception(self, *args, **kwargs)
                trace.unhandled = answer is error
                if trace.unhandled:
                    _note_answer(trace, answer, is_redirect=is_redirect)
                elif _is_overridden(trace, known):
                    raised(app, trace, error, "overridden")
                return answer
            return base.handle_user_exception(self, *args, **kwargs)

        return handle_user_exception

    def log_exception(self, base: t.Any) -> t.Any:
        """Return the app's ``log_exception``, which logs a link to the request as well."""
        owner = self._owner
        link = self._link

        def log_exception(self: flask.Flask, *args: t.Any, **kwargs: t.Any) -> t.Any:
            __tracebackhide__ = True
            writer = current.get()
            unlink = link(writer.trace, args[-1]) if writer.owner is owner and args else None
            try:
                return base.log_exception(self, *args, **kwargs)
            except BaseException as error:
                hide_frames(error)
                raise
            finally:
                if unlink is not None:
                    unlink()

        return log_exception

    @fail_open
    def _link(self, trace: LiveTrace, raised: t.Any) -> t.Callable[[], None] | None:
        error = raised[1]
        if self._on_log is None or error is None or trace.parent is not None or trace.hidden:
            return None
        return self._on_log(trace, error, flask.request.environ)

    def left(self, trace: LiveTrace, error: BaseException, environ: Environ) -> None:
        """End a trace with the exception that leaves the app."""
        # It ended before it was held after that.
        if not trace.log[END]:
            fail(trace, 0, error)
        is_over = upgrades.is_end(trace, error)
        if is_over:
            pass
        elif trace.error_step < 0:
            _note(trace, error)
        else:
            trace.error = describe_error(error)
        hide_frames(error)
        if not is_over:
            self._raised(None, trace, error)
            self._crashed(trace, error, environ, is_sent=False)
        upgrades.settle(trace)
        finish(trace)

    @fail_open
    def broke(
        self, trace: LiveTrace, error: BaseException, environ: Environ, is_sent: bool
    ) -> None:
        """Record an exception that reaches the server while it has the body.

        :param environ: at least where the server is.
        :param is_sent: whether the server has sent the status.
        """
        _note(trace, error)
        self._raised(None, trace, error)
        self._crashed(trace, error, environ, is_sent=is_sent)

    @fail_open
    def _crashed(
        self, trace: LiveTrace, error: BaseException, environ: Environ, *, is_sent: bool
    ) -> None:
        """Record what answers an exception that reaches the server, and report it."""
        if not isinstance(error, Exception):
            return
        # The debugger starts no second response.
        by: ServerErrorBy = "debugger" if is_inside_debugger() else "server"
        if (
            not is_sent
            and not upgrades.is_upgraded(trace)
            and (by == "server" or trace.status is None)
        ):
            trace.server_error_by = by
        if self._on_crash is not None and trace.parent is None and not trace.hidden:
            self._on_crash(trace, error, environ)

    @fail_open
    def _raised(
        self,
        app: t.Any,
        trace: LiveTrace,
        error: BaseException,
        fate: Fate = "user",
    ) -> None:
        """Report an exception, with the app if it is looking for a handler."""
        if self._on_exception is not None:
            is_noted = fate in ("server_error", "reraised")
            place = trace.error_step if is_noted else _raised_last(trace)
            self._on_exception(app, trace, error, place, fate)


def _hide(args: tuple[t.Any, ...]) -> None:
    """Hide our frames from Flask's handling of an exception, recorded or not."""
    if args and isinstance(args[-1], BaseException):
        hide_frames(args[-1])


@fail_open
def _is_redirect(app: t.Any, trace: LiveTrace, error: t.Any) -> bool:
    """Return whether an exception is the router's way to a redirect, which is no error."""
    return (
        isinstance(error, RequestRedirect)
        and _stage(trace, _raised_last(trace)) == "dispatch"
        and not is_trapped(app, error)
    )


def _stage(trace: LiveTrace, step: int) -> str:
    return TRACEPOINTS[trace.log[step + TRACEPOINT]].stage if step >= 0 else ""


@fail_open
def _note_answer(trace: LiveTrace, answer: t.Any, *, is_redirect: bool) -> None:
    """Record an HTTP exception that is itself the response: a redirect, or an error of 500."""
    if is_redirect:
        step = _raised_last(trace)
        trace.notes.details[step] = Facts(redirect=trace.redactor.query(answer.new_url))
        trace.notes.outcomes[step] = SHORT_CIRCUIT
    elif answer.code == InternalServerError.code:
        _note(trace, answer)


@fail_open
def _is_overridden(trace: LiveTrace, known: int) -> bool:
    """Return whether no error handler has run since a step, as far as can be seen."""
    if trace.dropped_steps or trace.strands:
        return False
    tracepoints = trace.log[known + TRACEPOINT :: WIDTH]
    return all(TRACEPOINTS[each].stage != "error_handler" for each in tracepoints)


@fail_open
def _note(trace: LiveTrace, error: BaseException) -> None:
    """Record an exception as the error of a request, and the step that raised it."""
    trace.error = describe_error(error)
    trace.error_step = _raised_last(trace)


def _raised_last(writer: Writer) -> int:
    """Return the innermost step that the exception left: the one that began last."""
    return max(writer.notes.raised(), default=-1)


__all__ = ["Errors"]
