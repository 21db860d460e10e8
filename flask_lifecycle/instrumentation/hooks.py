"""Interfaces between the instrumentation of an app and the rest of the extension."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from contextvars import Token
from dataclasses import dataclass

import flask
from werkzeug.wrappers import Response

from ..collectors.handlers import Fate
from ..recorder.probe import Probe
from ..trace.protocols import Outbox
from ..trace.writer import LiveTrace, Writer
from .reached import Reached

Environ = dict[str, t.Any]
Headers = list[tuple[str, str]]
#: Some servers and middleware take or return more than PEP 3333 specifies.
StartResponse = Callable[..., t.Any]
#: What an app returns is passed on, whatever it is.
Body = t.Any
#: Called as Flask's own ``wsgi_app`` is, with the app as the first argument.
Application = Callable[[t.Any, Environ, StartResponse], Body]
OnResponse = Callable[[Response, LiveTrace, Environ], Response]
OnCrash = Callable[[LiveTrace, Exception, Environ], None]
OnLog = Callable[[LiveTrace, BaseException, Environ], Callable[[], None] | None]
OnStart = Callable[[LiveTrace, Environ], "Headers | None"]


class Measure(t.Protocol):
    """Measures each step: a module."""

    #: For functions that several apps share.
    PROBE: Probe

    def begin(self) -> t.Any:
        """Begin to measure a step; return the argument for :meth:`end`."""
        ...

    def end(self, writer: Writer, step: int, entered: t.Any) -> None:
        """Record the measurement of a step."""
        ...


class OnException(t.Protocol):
    """Called with the exceptions that leave the app's code."""

    def __call__(
        self,
        app: flask.Flask | None,
        trace: LiveTrace,
        error: BaseException,
        place: int,
        fate: Fate = "user",
        /,
    ) -> None:
        """Record an exception.

        :param app: the app, if it is looking for a handler.
        :param place: the index of the step in which it was raised.
        :param fate: what the app does with it.
        """
        ...


@dataclass(frozen=True)
class Hooks:
    """The callbacks of other parts of the extension during a request."""

    #: Called with each trace when it begins.
    on_trace: Callable[[LiveTrace], None]
    #: Called with the environ of the first request that a server sent.
    on_served: Callable[[Environ], None] | None
    #: Called for each request that is not recorded.
    on_ignored: Callable[[], None]
    #: Called with each response after all of the app's hooks, and the environ of its request;
    #: returns the response to send.
    on_response: OnResponse | None = None
    #: Returns headers to add when a response starts.
    on_start: OnStart | None = None
    on_exception: OnException | None = None
    #: Takes finished traces of requests that a server sent.
    outbox: Outbox | None = None
    #: Called with an exception that the server gets, and the environ of its request.
    on_crash: OnCrash | None = None
    #: Called with an exception that the app is about to log, and the environ of its request;
    #: returns what to call afterwards.
    on_log: OnLog | None = None


class Mount(t.Protocol):
    """Handles the calls that are not for the app."""

    #: A substring of the path of each such call.
    mark: str
    #: Calls the app with its middleware.
    call: Application
    #: The trace of a call that is not recorded.
    skipped: LiveTrace

    def enter(
        self, app: flask.Flask, environ: Environ, start_response: StartResponse
    ) -> tuple[t.Any, Token[t.Any] | None]:
        """Handle a call whose path contains the mark, or return the argument for :meth:`leave`."""
        ...

    def leave(self, entered: Token[t.Any]) -> None:
        """Forget a call that the app has handled."""
        ...

    def reach(self, environ: Environ) -> Reached | None:
        """Return the stand-in context of a call that turns out not to be for the app, or None."""
        ...


__all__ = [
    "Application",
    "Body",
    "Environ",
    "Headers",
    "Hooks",
    "Measure",
    "Mount",
    "OnCrash",
    "OnException",
    "OnLog",
    "OnResponse",
    "OnStart",
    "StartResponse",
]
