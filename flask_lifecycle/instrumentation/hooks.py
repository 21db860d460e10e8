"""What the instrumentation of an app calls, and what it is called by: the seams around it."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from contextvars import Token
from dataclasses import dataclass

import flask

from ..trace.writer import LiveTrace
from .reached import Reached

Environ = dict[str, t.Any]
Headers = list[tuple[str, str]]
#: Some servers' and middleware's takes or returns more than PEP 3333 says.
StartResponse = Callable[..., t.Any]
#: What an app returns is handed on, whatever it is.
Body = t.Any
#: Something that is called as Flask's own ``wsgi_app`` is, with the app before the rest.
Application = Callable[[t.Any, Environ, StartResponse], Body]
OnStart = Callable[[LiveTrace, Environ], "Headers | None"]
#: Tells by its endpoint, or where that is None by its path, that a request is not to be recorded.
Ignored = Callable[[str | None, str], bool]


class OnException(t.Protocol):
    """Is given the exceptions that leave the app's code."""

    def __call__(
        self,
        app: flask.Flask | None,
        trace: LiveTrace,
        error: BaseException,
        place: int,
        /,
        *,
        unhandled: bool = False,
    ) -> None:
        """Take an exception.

        :param app: the app, if it looks for a handler.
        :param place: of the step in which it was raised.
        :param unhandled: it has no handler of its own.
        """
        ...


@dataclass(frozen=True)
class Hooks:
    """What the other parts of the extension want called in the life of a request."""

    #: Is given each trace when it begins.
    on_trace: Callable[[LiveTrace], None]
    #: Is called for each request that is not to be recorded.
    on_ignored: Callable[[], None]
    #: Is given each response when all of the app's hooks have had it; returns what is sent.
    on_response: Callable[[t.Any, LiveTrace], t.Any] | None = None
    #: Returns headers to add to ours where a response begins.
    on_start: OnStart | None = None
    on_exception: OnException | None = None


class Mount(t.Protocol):
    """Answers the calls that are not the app's."""

    #: What is in the path of each of them.
    mark: str
    #: Calls the app through its middleware.
    call: Application
    #: Stands for a call that is not recorded.
    skipped: LiveTrace

    def enter(
        self, app: flask.Flask, environ: Environ, start_response: StartResponse
    ) -> tuple[t.Any, Token[t.Any] | None]:
        """Answer a call in whose path the mark is, or return what :meth:`leave` takes."""
        ...

    def leave(self, entered: Token[t.Any]) -> None:
        """Forget a call that the app has answered."""
        ...

    def reach(self, environ: Environ) -> Reached | None:
        """Return what stands for the context of a call that is not the app's after all."""
        ...


__all__ = [
    "Application",
    "Body",
    "Environ",
    "Headers",
    "Hooks",
    "Ignored",
    "Mount",
    "OnException",
    "OnStart",
    "StartResponse",
]
