"""Record the exception that a request ends with, and the step in which it was raised."""

from __future__ import annotations

import typing as t

import flask
from werkzeug.exceptions import InternalServerError

from ..faults import fail_open
from ..recorder.current import current
from ..recorder.errors import describe_error, hide_frames
from ..recorder.steps import fail, finish
from ..trace.owner import Owner
from ..trace.writer import LiveTrace, Writer
from . import upgrades
from .hooks import OnException
from .reached import Reached


class Errors:
    """The exceptions raised in the requests of one app.

    :param owner: the app's identity.
    """

    def __init__(self, owner: Owner, on_exception: OnException | None) -> None:
        self._owner = owner
        self._on_exception = on_exception

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
                # Teardown functions get it.
                hide_frames(error)
                raise
            if writer.owner is owner and args:
                # It did not propagate: Flask looked for a handler of a server error.
                raised(self, writer.trace, args[-1], unhandled=True)
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
                raised(self, writer.trace, args[-1])
                answer = base.handle_user_exception(self, *args, **kwargs)
                writer.trace.unhandled = answer is args[-1]
                if writer.trace.unhandled:
                    _note_server_error(writer.trace, answer)
                return answer
            return base.handle_user_exception(self, *args, **kwargs)

        return handle_user_exception

    def left(self, trace: LiveTrace, error: BaseException) -> None:
        """End a trace with the exception that leaves the app."""
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
        upgrades.settle(trace)
        finish(trace)

    @fail_open
    def broke(self, trace: LiveTrace, error: BaseException) -> None:
        """Record an exception that reaches the server while it has the body."""
        _note(trace, error)
        self._raised(None, trace, error)

    @fail_open
    def _raised(
        self,
        app: flask.Flask | None,
        trace: LiveTrace,
        error: BaseException,
        *,
        unhandled: bool = False,
    ) -> None:
        """Report an exception, with the app if it is looking for a handler."""
        if self._on_exception is not None:
            place = trace.error_step if unhandled else _raised_last(trace)
            self._on_exception(app, trace, error, place, unhandled=unhandled)


def _hide(args: tuple[t.Any, ...]) -> None:
    """Hide our frames from Flask's handling of an exception, recorded or not."""
    if args and isinstance(args[-1], BaseException):
        hide_frames(args[-1])


@fail_open
def _note_server_error(trace: LiveTrace, error: t.Any) -> None:
    """Record an HTTP exception that is itself the response, if that is a 500."""
    if error.code == InternalServerError.code:
        _note(trace, error)


@fail_open
def _note(trace: LiveTrace, error: BaseException) -> None:
    """Record an exception as the error of a request, and the step that raised it."""
    trace.error = describe_error(error)
    trace.error_step = _raised_last(trace)


def _raised_last(writer: Writer) -> int:
    """Return the innermost step that the exception left: the one that began last."""
    return max(writer.notes.raised(), default=-1)


__all__ = ["Errors"]
