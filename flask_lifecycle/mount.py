"""Mount the panel in front of the app: which calls are for the panel, and how they are handled.

A call is for the panel by its path as the server has it, or as the app's own middleware passes it
on: ``DispatcherMiddleware`` inside ``app.wsgi_app``, say, removes a prefix. The former never reach
the app. The latter are handled when Flask's ``wsgi_app`` requests a context, the first of the app's
methods that it calls, independent of the middleware around it.
"""

from __future__ import annotations

import io
import logging
import sys
import typing as t
import weakref
from contextvars import ContextVar, Token
from functools import lru_cache, partial
from types import FrameType

import flask

from . import forks, locks
from ._compat import GRANIAN_LOG
from .address import cut_off, path_of, whole_path
from .faults import fail_open
from .instrumentation.hooks import Application, Environ, StartResponse
from .instrumentation.reached import Reached
from .instrumentation.served import is_served
from .recorder.current import current
from .recorder.user_code import caller, is_entry
from .redact import Redactor
from .run_token import is_alone, run_name
from .settings import Settings
from .trace.owner import Owner
from .trace.tracepoint import Tracepoint, number
from .trace.writer import NOBODY, Route, Writer

if t.TYPE_CHECKING:
    from .app_map.rules import Finder
    from .collectors.profiler import Profiles
    from .history import History
    from .holds.bounds import Server
    from .panel.access.gate import Gate
    from .panel.access.log import AccessLog
    from .panel.api.bodies import Bodies
    from .panel.shared_holds import SharedHolds
    from .processes.member import Member
    from .recording.document import Excerpt
    from .store import Store
    from .trace.model import Trace

# The loggers of servers that log whole URLs, which may contain the token.
_ACCESS_LOGS = ("werkzeug", "gunicorn.access", "hypercorn.access", "uvicorn.access")
_OF_PANEL = Route("", number(Tracepoint("url_match", "")), "", (), True)

Panel = t.Callable[[Environ, StartResponse], t.Any]


class Entrance(t.NamedTuple):
    """A call as the server made it, before any middleware of the app changed it.

    The gate reads it from the panel's environ, as ``lifecycle.entrance``.
    """

    environ: Environ
    start_response: StartResponse


_entrance: ContextVar[Entrance | None] = ContextVar("lifecycle_entrance", default=None)
_probe: ContextVar[list[Environ] | None] = ContextVar("lifecycle_probe", default=None)


class _NoBodies:
    preview = False


class Mount:
    """Handle the calls for the panel in place of the app."""

    def __init__(
        self,
        settings: Settings,
        token: str,
        pages: str,
        redactor: Redactor,
        store: Store,
        history: History | None,
        app: flask.Flask,
        member: Member | None,
    ) -> None:
        self._settings = settings
        self._token = token
        self._pages = pages
        self._redactor = redactor
        self._store = store
        self._history = history
        self._member = member
        self._app = weakref.ref(app)
        self._panel: Panel | None = None
        self._profiles: Profiles | None = None
        self._finder: Finder | None = None
        self._gate: Gate | None = None
        self._holds: SharedHolds | None = None
        if member is not None:
            member.handlers["breakpoints"] = self._told_breakpoints
        #: The app's identity in its traces.
        self.owner: Owner | None = None
        #: Records the bodies of requests and responses.
        self.bodies: Bodies = _NoBodies()
        #: A substring of the path of each call for the panel; with a host of its own, of any path.
        #: Without the slash: some middleware strips it.
        self.mark: str = "" if settings.host else settings.url_prefix[1:]
        #: Returns the endpoints that have been requested since the start.
        self.called: t.Callable[[], list[str]] = list
        #: Calls the app with its middleware, and the trace of a call that is not recorded.
        self.call: Application = type(app).__call__
        self.skipped = NOBODY
        self._lock = locks.lock()
        self._access_log: AccessLog | None = None
        self._filters: list[tuple[str, logging.Filter]] = []
        # The loggers outlive the app.
        self._forget = weakref.finalize(app, _remove_filters, self._filters)
        self._forget.atexit = False
        #: Called with the environ of the first request to the panel, and whether debug is on.
        self.requested: t.Callable[[Environ, bool], t.Any] = lambda *_: None

    def enter(
        self, app: flask.Flask, environ: Environ, start_response: StartResponse
    ) -> tuple[t.Any, Token[Entrance | None] | None]:
        """Handle a call from outside whose path contains the mark, if it is for the panel.

        :returns: the response and None; or None and the argument for :meth:`leave`.
        """
        # Of the outermost app: an inner one is called with an environ that middleware changed.
        entrance = _entrance.get() or Entrance(dict(environ), start_response)
        inner = self._inner(environ)
        if inner is None:
            return None, _entrance.set(entrance)
        look = lru_cache(1)(partial(self._look, app, environ))
        return self._answer(inner, environ, entrance, look, start_response), None

    def leave(self, entered: Token[Entrance | None]) -> None:
        """Forget a call that the app has handled."""
        _entrance.reset(entered)

    def reach(self, environ: Environ) -> Reached | None:
        """Return the stand-in context of a call that turns out to be for the panel, or None.

        Called by the app's ``request_context``, for paths that contain the mark.
        """
        # Code that makes a context directly, as tests do, gets a real one.
        asking = caller()
        if asking is None or asking.f_code.co_name != "wsgi_app":
            return None
        inner = self._inner(environ)
        if inner is None:
            return None
        _hide(current.get())
        # There is no context to preserve.
        environ.pop("werkzeug.debug.preserve_context", None)
        probe = _probe.get()
        if probe is not None:
            probe.append(dict(environ))
            return Reached(_nothing)
        entrance = _entrance.get()
        answer = partial(self._answer, inner, environ, entrance, lambda: None)
        return Reached(lambda _environ, start_response: _unrecorded(answer, start_response))

    def undo(self, _app: flask.Flask) -> None:
        """Remove the filters from the servers' loggers, and the panel from the app."""
        self._forget()
        if self._profiles is not None:
            self._profiles.cancel()
        if self._member is not None:
            self._member.handlers.pop("breakpoints", None)
            self._member.holds = None
        if self._holds is not None:
            self._holds.holder.close()

    def _answer(
        self,
        inner: Environ,
        environ: Environ,
        entrance: Entrance | None,
        look: t.Callable[[], Environ | None],
        start_response: StartResponse,
    ) -> t.Any:
        forks.check()
        inner["lifecycle.entrance"] = entrance
        inner["lifecycle.look"] = look
        inner["lifecycle.address"] = partial(self._address, environ, entrance, look)
        panel = self._get_panel(environ)
        self._hide_from_access_log(environ if entrance is None else entrance.environ)
        return panel(inner, start_response)

    @fail_open
    def _hide_from_access_log(self, environ: Environ) -> None:
        """Keep a request to the panel out of the server's access log."""
        asked = environ.get("REQUEST_URI") or environ.get("RAW_URI") or whole_path(environ)
        root, found, _ = asked.partition("?")[0].partition(self._settings.url_prefix)
        if found and self._access_log is not None:
            self._access_log.add_root(root + found)

    def _address(
        self,
        environ: Environ,
        entrance: Entrance | None,
        look: t.Callable[[], Environ | None],
    ) -> str:
        """Return the panel's path as the browser sees it, without its trailing slash."""
        script = (look() or environ).get("SCRIPT_NAME", "")
        outside = environ if entrance is None else entrance.environ
        return path_of(cut_off(outside, whole_path(outside)) + script, self._settings.url_prefix)

    def _look(self, app: flask.Flask, environ: Environ) -> Environ | None:
        """Return the environ that the app's middleware makes of a call, without running the app.

        Such as ``SCRIPT_NAME`` from ``ProxyFix``; None if the app would not be reached.
        """
        asked = {
            **environ,
            "PATH_INFO": f"{self._settings.url_prefix}/",
            "REQUEST_METHOD": "GET",
            "CONTENT_LENGTH": "0",
            "wsgi.input": io.BytesIO(),
        }
        asked.pop("HTTP_UPGRADE", None)
        seen: list[Environ] = []
        probe, trace = _probe.set(seen), current.get()
        current.set(self.skipped)
        try:
            _close(self.call(app, asked, lambda *_args: lambda _data: None))
        except Exception:
            return None
        finally:
            current.set(trace)
            _probe.reset(probe)
        return seen[0] if seen else None

    def _inner(self, environ: Environ) -> Environ | None:
        """Return the panel's environ, or None if the call is for the app."""
        prefix = self._settings.url_prefix
        path: str = environ.get("PATH_INFO", "")
        if not path.startswith("/"):
            path = f"/{path}"
        root = ""
        if not path.startswith(prefix) or path[len(prefix) : len(prefix) + 1] not in ("", "/"):
            if not self._is_own_host(environ):
                return None
            # The app has no paths there, and a middleware's prefix may precede ours.
            root, found, rest = path.partition(f"{prefix}/")
            path = f"{prefix}/{rest}" if found else prefix
            root = root if found else ""

        inner = dict(environ)
        inner["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + root + prefix
        inner["PATH_INFO"] = path[len(prefix) :]
        return inner

    def _is_own_host(self, environ: Environ) -> bool:
        if self._settings.host is None:
            return False
        from .panel.access.hosts import host_name

        return host_name(environ.get("HTTP_HOST", "")) == self._settings.host

    def _get_panel(self, environ: Environ) -> Panel:
        with self._lock:
            if self._panel is None:
                from .collectors.profiler import Profiles
                from .panel import create_panel
                from .panel.access.gate import Gate
                from .panel.access.log import AccessLog
                from .panel.live.stop_log import StopLog
                from .panel.others import Others
                from .panel.traces import Traces

                app = self._app()
                debug = app is not None and app.debug
                self._gate = gate = Gate(
                    self._settings.allowed_hosts,
                    self._token,
                    pages=self._pages,
                    always_token=not debug,
                    own_host=self._settings.host,
                    alone=self._settings.token is None and is_alone(),
                )
                self.requested(environ, debug)
                self._profiles = Profiles(self._app)
                others = Others(self._member, run_name())
                traces = Traces(self._store, self._history, self._redactor.lines, others)
                self._panel = create_panel(
                    traces,
                    gate,
                    self._map,
                    self._find_rule,
                    self._profiles,
                    self.bodies,
                    self._get_holds(),
                    self._settings.hold_seconds,
                    others,
                )
                self._access_log = AccessLog(self._token)
                self._filters += [(name, self._access_log) for name in _ACCESS_LOGS]
                self._filters.append((GRANIAN_LOG, StopLog()))
                for name, each in self._filters:
                    logging.getLogger(name).addFilter(each)
            return self._panel

    def _get_holds(self) -> SharedHolds | None:
        """Return what holds the app's requests; None if that is turned off."""
        with self._lock:
            if self._holds is None and self._settings.hold and self.owner is not None:
                from .holds.holder import Holder
                from .panel.kept_breakpoints import KeptBreakpoints, place_of
                from .panel.shared_holds import SharedHolds

                holder = Holder(self.owner, self._settings.hold_seconds)
                holder.find_server = self._find_server
                member = self._member
                place = None if member is None else place_of(self._history, **member.app)
                kept = KeptBreakpoints(holder, place)
                self._holds = SharedHolds(holder, member, self._map, kept)
                if member is not None:
                    member.holds = self._holds
            return self._holds

    def _told_breakpoints(self, data: dict[str, t.Any]) -> None:
        """Take the breakpoints that another process was given."""
        holds = self._get_holds() if self._app() is not None else None
        if holds is not None:
            holds.adopt(data)

    def _find_server(self) -> Server | None:
        """Return the server whose call this thread handles, if it is known."""
        from .panel.live.threads import server_of

        found: t.Any = None
        frame: FrameType | None = sys._getframe()
        while frame is not None:
            # The outermost one: the app may make calls of its own.
            if is_entry(frame):
                found = frame.f_locals
            frame = frame.f_back
        if found is None or not is_served(found["environ"]):
            return None
        return server_of(found["environ"], found["start_response"], self._opened)

    def _opened(self) -> int:
        """Return how many threads the panel's connections use."""
        return 0 if self._gate is None else self._gate.opened

    def _map(self) -> dict[str, t.Any]:
        from .app_map.overview import AppMap
        from .instrumentation.middleware import middleware_of

        app = self._app()
        if app is None:
            return {}
        made = AppMap(app, self._redactor, middleware_of(app)).to_dict()
        return {**made, "called": self.called()}

    def describe(self, traces: t.Sequence[Trace]) -> tuple[dict[str, t.Any], tuple[Excerpt, ...]]:
        """Return the app's map, and the code of the steps of some traces."""
        from .recording.excerpts import excerpts

        return self._map(), excerpts(traces, self._redactor.lines)

    def _find_rule(self, path: str, method: str, host: str) -> dict[str, t.Any]:
        from .app_map.rules import Finder

        app = self._app()
        if app is None:
            return {}
        if self._finder is None:
            self._finder = Finder()
        return self._finder.find(app, path, method, host)


def _remove_filters(filters: list[tuple[str, logging.Filter]]) -> None:
    while filters:
        name, each = filters.pop()
        logging.getLogger(name).removeFilter(each)


def _unrecorded(answer: t.Callable[[t.Any], t.Any], start_response: StartResponse) -> t.Any:
    trace = current.get()
    current.set(NOBODY)
    try:
        return answer(start_response)
    finally:
        current.set(trace)


@fail_open
def _hide(writer: Writer) -> None:
    """Discard the trace of a call that turned out not to be for the app."""
    trace = writer.trace
    if trace.owner is not None:
        trace.route = _OF_PANEL
        store, trace.store = trace.store, None
        if store is not None:
            store.discard(trace)


def _nothing(_environ: Environ, start_response: StartResponse) -> list[bytes]:
    start_response("204 No Content", [])
    return []


def _close(result: t.Any) -> None:
    close = getattr(result, "close", None)
    if close is not None:
        close()


__all__ = ["Entrance", "Mount"]
