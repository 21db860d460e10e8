"""The whole call of the app, from ``__call__`` until the body is handed to the server."""

from __future__ import annotations

import typing as t

import flask.app

from ..address import decoded
from ..faults import fail_open, fault
from ..recorder.current import current
from ..recorder.errors import hide_frames
from ..redact import Redactor
from ..trace.log import END, SITE, clock
from ..trace.tracepoint import SITES, Site, number
from ..trace.writer import LiveTrace, Writer
from . import body, upgrades
from .error_handling import Errors
from .middleware import Middleware
from .start_response import StartResponse

_WSGI = number(Site("wsgi", "wsgi"))
_CACHED = 1024
_CACHED_LENGTH = 512

Environ = dict[str, t.Any]


class Calls:
    """The calls of one app.

    :param owner: stands for the app.
    :param ignored: whether the requests for a path are not to be recorded.
    :param on_ignored: is told of each such request.
    :param on_unknown: is given the app before a request of a kind that was not seen yet.
    :param on_trace: is given each trace when it begins.
    :param messages: keeps what requests say and how they are answered.
    :param measures: modules that measure each step by their ``begin`` and ``end``.
    """

    def __init__(
        self,
        owner: int,
        *,
        errors: Errors,
        start_response: StartResponse,
        redactor: Redactor,
        max_steps: int,
        ignored: t.Callable[[str | None, str], bool],
        on_ignored: t.Callable[[], None],
        on_unknown: t.Callable[[t.Any], None],
        on_trace: t.Callable[[LiveTrace], None],
        messages: t.Any,
        measures: t.Sequence[t.Any],
    ) -> None:
        self._owner = owner
        self._errors = errors
        self._start_response = start_response
        self._redactor = redactor
        self._max_steps = max_steps
        self._ignored = ignored
        self._on_ignored = on_ignored
        self._on_unknown = on_unknown
        self._on_trace = on_trace
        self._messages = messages
        self._measures = measures
        #: The beginnings of requests that are recorded as they come.
        self._plain: set[int] = set()
        self._known_rules: list[str] = []
        #: Stands for a request of this app that is not recorded.
        self._skipped = LiveTrace(None, "", "")

    def methods(
        self, made: t.Any, mount: t.Any
    ) -> tuple[t.Any, t.Any, t.Callable[[LiveTrace], None]]:
        """Return the app's ``__call__`` and ``wsgi_app``, whichever is called from outside.

        And what is to be told that the middlewares around have reached Flask.

        :param made: the recorded class of the app.
        :param mount: answers the calls that are not the app's.
        """
        mark, enter, leave = mount.mark, mount.enter, mount.leave
        owner = self._owner
        base = made.__bases__[0]
        skipped = self._skipped
        base_wsgi_app = base.wsgi_app
        # It does nothing but call wsgi_app; another one is the app's, or a patch, also a late one.
        flasks = base.__call__ if _is_flasks(base.__call__) else None

        def call(app: t.Any, environ: Environ, start_response: t.Any) -> t.Any:
            __tracebackhide__ = True
            if base.__call__ is flasks:
                return app.wsgi_app(environ, start_response)
            return base.__call__(app, environ, start_response)

        middleware = Middleware(call)
        run_middleware = middleware.run
        record = self._recorder(middleware.answered)
        mount.call, mount.skipped = call, skipped

        def __call__(self: t.Any, environ: Environ, start_response: t.Any) -> t.Any:
            __tracebackhide__ = True
            if type(self) is not made:
                # One of a subclass of the recorded app's class.
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

        def wsgi_app(self: t.Any, environ: Environ, start_response: t.Any) -> t.Any:
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

        return __call__, wsgi_app, middleware.reached

    def _recorder(self, unreached: t.Callable[[LiveTrace], None]) -> t.Any:
        """Return what records the call of an app by a function."""
        start = self._start
        skipped = self._skipped
        left = self._errors.left
        broke = self._errors.broke
        measures = self._measures
        preview = self._messages.sent
        recorded_body = body.recorded
        recorded_start_response = self._start_response.recorded

        def record(app: t.Any, environ: Environ, start_response: t.Any, run: t.Any) -> t.Any:
            __tracebackhide__ = True
            begun = [(each.end, each.begin()) for each in measures] if measures else ()
            outer = current.get()
            trace = start(app, environ, outer)
            if trace is None:
                current.set(skipped)
                try:
                    return run(app, environ, start_response)
                except BaseException as error:
                    hide_frames(error)
                    raise
                finally:
                    current.set(outer)
            current.set(trace)
            trace.log += (_WSGI, -1, trace.origin, 0.0)
            trace.current = 0
            if "HTTP_UPGRADE" in environ:
                upgrades.requested(trace, environ)
            try:
                answer = recorded_start_response(trace, environ, start_response, unreached)
                result = run(app, environ, answer)
            except BaseException as error:
                left(trace, error)
                raise
            finally:
                current.set(outer)
                for measured, value in reversed(begun):
                    measured(trace, 0, value)
            trace.log[END] = now = clock()
            trace.stopwatch -= now
            trace.current = -1
            if "HTTP_UPGRADE" in environ:
                upgrades.settle(trace)
                if upgrades.is_upgraded(trace):
                    return recorded_body(trace, result, environ, broke, _nothing)
            return recorded_body(trace, result, environ, broke, preview)

        return record

    def _start(self, app: t.Any, environ: Environ, outer: LiveTrace) -> LiveTrace | None:
        """Begin a trace, unless the request is not to be recorded."""
        try:
            # What is empty may be left out (PEP 3333).
            get = environ.get
            line = get("REQUEST_METHOD", "GET"), get("SCRIPT_NAME", ""), get("PATH_INFO", "")
            if hash(line) in self._plain:
                method, shown = line[0], line[1] + line[2]
            else:
                self._learn(app)
                self._on_unknown(app)
                named = self._line(*line)
                if named is None:
                    self._on_ignored()
                    return None
                method, shown = named
            query = get("QUERY_STRING", "")
            if query:
                query = self._redactor.query(query)
            parent = None if outer.owner is None else outer.id
            trace = LiveTrace(self._owner, method, shown, query, parent, self._max_steps)
            trace.notes.details[0] = self._messages.received(trace, environ)
            self._on_trace(trace)
        except Exception as error:
            fault("the beginning of a trace", error)
            return None
        return trace

    @fail_open
    def _learn(self, app: t.Any) -> None:
        """Tell what masks of the app's rules: some have secrets in their paths."""
        rules = [rule.rule for rule in app.url_map.iter_rules()]
        if rules != self._known_rules:
            self._known_rules = rules
            self._redactor.learn(rules)
            self._plain.clear()

    def _line(self, method: str, script: str, path: str) -> tuple[str, str] | None:
        shown = decoded(script) + decoded(path)
        if self._ignored(None, shown):
            return None
        text = self._redactor.text
        named = text(method), text(shown)
        if named == (method, script + path) and len(shown) < _CACHED_LENGTH:
            if len(self._plain) >= _CACHED:
                self._plain.clear()
            # By its hash: what is a secret, a rule may say later.
            self._plain.add(hash((method, script, path)))
        return named


def _nothing() -> None:
    """Stand for what shows the body of a response, where nobody is sent one."""


def _is_flasks(call: t.Any) -> bool:
    code = getattr(call, "__code__", None)
    return code is not None and code.co_filename == flask.app.__file__


def _is_outside(writer: Writer) -> bool:
    """Tell whether the call is still on its way to Flask's own ``wsgi_app``."""
    step = writer.current
    return step >= 0 and SITES[writer.log[step + SITE]].stage in ("wsgi", "middleware")


__all__ = ["Calls"]
