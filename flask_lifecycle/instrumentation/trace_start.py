"""Begin a trace: decide whether a request is recorded, and what its trace says of it."""

from __future__ import annotations

import threading
import typing as t
from collections.abc import Callable

import flask

from .. import forks
from ..address import decoded
from ..collectors.http import EMPTIED, Messages
from ..core import shortcut
from ..faults import fault
from ..redact import MASK, Redactor
from ..trace import process, writer
from ..trace.caller import caller_in, span_in
from ..trace.messages import Received
from ..trace.owner import Owner
from ..trace.writer import LiveTrace
from .hooks import Environ, Hooks
from .ignored import Ignored
from .known_rules import KnownRules
from .served import is_served

_CACHED = 1024
_CACHED_LENGTH = 512
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


class TraceStart:
    """Begins the traces of one app.

    :param looks: called with the app before a request of a new kind.
    """

    def __init__(
        self,
        owner: Owner,
        hooks: Hooks,
        redactor: Redactor,
        messages: Messages,
        ignored: Ignored,
        rules: KnownRules,
        looks: tuple[Callable[[flask.Flask], None], ...],
        *,
        max_steps: int,
    ) -> None:
        self._owner = owner
        self._hooks = hooks
        self._on_served = hooks.on_served
        self._outbox = hooks.outbox
        self._redactor = redactor
        self._messages = messages
        self._ignored = ignored
        self._looks = (rules.look, *looks)
        self._max_steps = max_steps
        header = owner.header
        self._caller = "" if header is None else f"HTTP_{header.upper().replace('-', '_')}"
        self._plain = rules.plain
        self._alike = rules.alike
        # How many views and attributes the app had at the last look, and whether no server has been
        # seen yet.
        self._seen = [-1, -1, True]

    def begins(self) -> Callable[..., LiveTrace | None]:
        """Return :meth:`begin`, in C where that is compiled."""
        like = LiveTrace(self._owner, "", "", max_steps=self._max_steps)
        like.redactor = self._redactor
        known: t.Any = (
            *(vars(forks), vars(process), self._plain, self._alike, self._seen, self._named),
            *(like, like.notes),
            *(self._messages, self._redactor, Received, EMPTIED, MASK),
            *(self._caller, self._outbox, is_served, self._hooks.on_trace),
            *(vars(threading), threading.Thread.name, _thread_name, vars(writer)),
        )
        return shortcut("begin_trace", known)(self.begin)

    def begin(self, app: flask.Flask, environ: Environ, outer: LiveTrace) -> LiveTrace | None:
        """Begin a trace, or return None if the request is not recorded.

        :param outer: the trace of the request inside which this one is made.
        """
        try:
            forks.check()
            # Empty keys may be missing (PEP 3333).
            get = environ.get
            method = get("REQUEST_METHOD", "GET")
            line = method, get("SCRIPT_NAME", ""), get("PATH_INFO", "")
            shown = line[1] + line[2]
            if hash(line) not in self._plain and not self._is_alike(app, environ, method, shown):
                named = self._named(app, environ, *line)
                if named is None:
                    return None
                method, shown = named
            query = get("QUERY_STRING", "")
            if query:
                query = self._redactor.query(query)
            parent = None if outer.owner is None else outer.id
            trace = LiveTrace(self._owner, method, shown, query, parent, self._max_steps)
            trace.redactor = self._redactor
            received = self._messages.received(trace, environ)
            if received is not None:
                trace.notes.details[0] = received
            if outer.owner is None:
                if self._caller in environ:
                    trace.caller = caller_in(environ[self._caller])
                if "HTTP_TRACEPARENT" in environ:
                    trace.traceparent = span_in(environ["HTTP_TRACEPARENT"])
            # What a request makes inside it belongs to it, whoever sends that.
            if self._outbox is not None and (outer.outbox is not None or is_served(environ)):
                trace.outbox = self._outbox
            self._hooks.on_trace(trace)
        except Exception as error:
            fault("the beginning of a trace", error)
            return None
        return trace

    def _named(
        self, app: flask.Flask, environ: Environ, method: str, script: str, path: str
    ) -> tuple[str, str] | None:
        """Return a new request's method and path as they are displayed; None if it is ignored."""
        on_served = self._on_served
        if on_served is not None and is_served(environ):
            self._on_served = None
            on_served(environ)
        self._look(app)
        named = self._line(method, script, path)
        if named is None:
            self._hooks.on_ignored()
        self._seen[:] = len(app.view_functions), len(vars(app)), self._on_served is not None
        return named

    def _is_alike(self, app: flask.Flask, environ: Environ, method: str, path: str) -> bool:
        """Return whether a request differs from a known one in the numbers of its path alone."""
        if hash((method, self._redactor.shape(path))) not in self._alike:
            return False
        views, attributes, is_due = self._seen
        is_as_seen = len(app.view_functions) == views and len(vars(app)) == attributes
        return is_as_seen and not (is_due and is_served(environ))

    def _look(self, app: flask.Flask) -> None:
        for look in self._looks:
            try:
                look(app)
            except Exception as error:
                fault(f"{look.__module__}.{look.__qualname__}", error)

    def _line(self, method: str, script: str, path: str) -> tuple[str, str] | None:
        """Return the method and the path as they are displayed, or None if they are ignored."""
        shown = script + path
        if not shown.isascii():
            shown = decoded(script) + decoded(path)
        if self._ignored(None, shown):
            return None
        text = self._redactor.text
        named = method if method in _METHODS else text(method), text(shown)
        if named == (method, script + path) and len(shown) < _CACHED_LENGTH:
            # By its hash: a rule that is added later may make it a secret.
            _bounded(self._plain).add(hash((method, script, path)))
            shape = None if self._ignored.globs else self._redactor.shape(shown)
            if shape is not None:
                _bounded(self._alike).add(hash((method, shape)))
        return named


def _bounded(known: set[int]) -> set[int]:
    if len(known) >= _CACHED:
        known.clear()
    return known


def _thread_name() -> str:
    return threading.current_thread().name


__all__ = ["TraceStart"]
