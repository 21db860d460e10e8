"""Where the panel is, for people: a line at the server's start, and a link after a crash."""

from __future__ import annotations

import logging
import re
import sys
import typing as t
import weakref
from contextlib import suppress
from functools import partial
from ipaddress import ip_address
from sys import _getframe
from types import FrameType
from urllib.parse import urlsplit

import click
import flask
from werkzeug.serving import is_running_from_reloader

from .address import cut_off, path_of, whole_path
from .faults import fail_open
from .instrumentation.debugger import is_inside_debugger
from .settings import Settings

if t.TYPE_CHECKING:
    from .trace.writer import LiveTrace

Environ = t.Mapping[str, t.Any]

# Where servers log their own address once they listen. Werkzeug's does so in the reloader's
# first process alone; a worker of gunicorn is asked itself.
_SERVERS = ("werkzeug", "waitress", "gunicorn.error", "hypercorn.error", "uvicorn.error")
_LISTENS = re.compile(
    r"(?:[Rr]unning|Serving|Listening) (?:on|at):? +(?:http://(?=unix:))?((?:https?|unix):[^\s,]+)"
)
_PORTS = {"http": "80", "https": "443"}
# What only a server that has a socket sets.
_OF_SERVERS = ("SERVER_SOFTWARE", "REMOTE_PORT")
_SOCKETS = ("unix:", "/")
_CRASH = "Lifecycle: "


class Announcement(logging.Filter):
    """Print the panel's URL once, when the server says where it listens.

    :param app: the app whose panel it is.
    """

    def __init__(self, settings: Settings, app: flask.Flask) -> None:
        super().__init__()
        self._settings = settings
        self._app = weakref.ref(app)
        # The reloader's first process has printed it.
        self._is_printed: bool = is_running_from_reloader()
        #: Where the server listens, if this process knows.
        self._origin: str | None = None
        #: Removes the filter from the loggers, which outlive the app.
        self.remove: t.Callable[[], t.Any] = list
        if settings.enabled is not False:
            # In production, as far as is known, the loggers of its servers stay as they are.
            is_on = settings.enabled or app.debug
            for name in _SERVERS if is_on else _SERVERS[:1]:
                logging.getLogger(name).addFilter(self)
            self.remove = remove = weakref.finalize(app, _remove, self)
            remove.atexit = False

    def filter(self, record: logging.LogRecord) -> bool:
        """Look for the server's address in a log record."""
        if not self._is_printed:
            self._listen(record)
        return True

    @fail_open
    def _listen(self, record: logging.LogRecord) -> None:
        found = _LISTENS.search(record.getMessage())
        app = self._app()
        if found is not None and app is not None and (app.debug or self._settings.enabled):
            self._print(found[1], debug=app.debug)

    @fail_open
    def enabled(self, debug: bool) -> None:
        """Print the URL if the server is known by now and logs no address of its own."""
        worker = _gunicorn_worker()
        if worker is not None and not self._is_printed:
            # Only the first one of the server, and not those that replace it.
            self._is_printed = worker.age > 1
            bound = worker.sockets[0].getsockname()
            self._print(_origin("https" if worker.cfg.is_ssl else "http", bound), debug=debug)
        elif logging.getLogger("werkzeug").level > logging.INFO:
            context = click.get_current_context(silent=True)
            if context is not None and context.info_name == "run":
                given = context.params
                scheme = "https" if given.get("cert") else "http"
                self._print(_origin(scheme, (given["host"], given["port"])), debug=debug)

    @fail_open
    def requested(self, environ: Environ, debug: bool) -> None:
        """Print the URL at the first request, if no server has said its address."""
        self._print(_server_of(environ), debug=debug)

    @fail_open
    def served(self, environ: Environ) -> None:
        """Do the same at the first request to the app."""
        app = self._app()
        if app is not None:
            self.requested(environ, app.debug)

    def _print(self, origin: str, *, debug: bool) -> None:
        if self._is_printed:
            return
        self._is_printed = True
        self._origin = origin
        from .run_token import run_token

        # A user who has set a token knows it.
        token = "" if self._settings.token is not None else f"?token={run_token()}"
        url = f"{self._placed(origin)}{self._settings.url_prefix}/"
        line = f" * Lifecycle: {url}"
        if origin.startswith("unix:"):
            line = f" * Lifecycle: {self._settings.url_prefix}/ on the socket {origin}"
        if token and (debug or origin.startswith("unix:")):
            who = "remote clients" if debug else "all clients"
            line += f" ({who}: add {token})"
        else:
            line += token
        _print(line)

    def _placed(self, origin: str) -> str:
        """Return an origin as a browser on this machine opens it."""
        parts = urlsplit(origin)
        host = self._settings.host or parts.hostname or ""
        host = _reachable(host)
        host = f"[{host}]" if ":" in host else host
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme}://{host}{port}"

    def crashed(self, trace: LiveTrace, error: Exception, environ: Environ) -> None:
        """Add a link to a request in the panel to the exception that the server gets.

        As a note: the server prints it after the traceback, and Werkzeug's debugger shows it.
        """
        link = self._link(trace, environ)
        if link is not None:
            add_note(error, link)
            if sys.version_info < (3, 11):
                _print_after(link, environ)

    def logs(
        self, trace: LiveTrace, error: BaseException, environ: Environ
    ) -> t.Callable[[], None] | None:
        """Add the same link to an exception while the app logs it.

        :returns: removes the link, as the app's error handlers get the exception, and never
            fails; or None.
        """
        link = self._link(trace, environ)
        if link is None:
            return None
        if sys.version_info < (3, 11):
            return partial(_print, link)
        undo = partial(_set_notes, error, _notes_of(error))
        add_note(error, link)
        return undo

    def _link(self, trace: LiveTrace, environ: Environ) -> str | None:
        """Return the line with the link, if a server prints it on a developer's machine."""
        app = self._app()
        if app is None or not app.debug or not any(name in environ for name in _OF_SERVERS):
            return None
        script = cut_off(environ, whole_path(environ)) + environ.get("SCRIPT_NAME", "")
        path = path_of(script, self._settings.url_prefix)
        # Not every server names itself.
        origin = self._origin or _server_of(environ)
        origin = "" if origin.startswith("unix:") else self._placed(origin)
        return f"{_CRASH}{origin}{path}/?view=exception#{trace.id}"


def add_note(error: BaseException, note: str) -> None:
    """Add a note of ours to an exception, in place of the one of an earlier request."""
    held = _notes_of(error)
    notes = held if type(held) is list else []
    others = [each for each in notes if not (type(each) is str and each.startswith(_CRASH))]
    _set_notes(error, [*others, note])


# With the methods of BaseException: the class may have its own.
def _notes_of(error: BaseException) -> t.Any:
    return BaseException.__getattribute__(error, "__dict__").get("__notes__")


@fail_open
def _set_notes(error: BaseException, notes: t.Any) -> None:
    if notes is None:
        BaseException.__delattr__(error, "__notes__")
    else:
        BaseException.__setattr__(error, "__notes__", notes)


class _Errors:
    """The error stream of a server's request, which prints a line after a traceback."""

    def __init__(self, stream: t.Any, line: str) -> None:
        self._stream = stream
        self._line = line

    def write(self, text: str) -> t.Any:
        """Write a text, and the line if that is a traceback."""
        written = self._stream.write(text)
        if text.startswith("Traceback"):
            self._stream.write(f"{self._line}\n")
        return written

    def __getattr__(self, name: str) -> t.Any:
        return getattr(self._stream, name)


def _print_after(line: str, environ: t.Any) -> None:
    """Print a line beside a traceback: before Python 3.11, that has no notes."""
    if is_inside_debugger():
        environ["wsgi.errors"] = _Errors(environ["wsgi.errors"], line)
    else:
        _print(line)


@fail_open
def _print(line: str) -> None:
    with suppress(OSError, ValueError):  # the log's disk is full, or stderr is closed
        click.echo(line, err=True)


def _gunicorn_worker() -> t.Any:
    """Return the worker of gunicorn that loads the app now, or None."""
    frame: FrameType | None = _getframe(1)
    while frame is not None:
        if str(frame.f_globals.get("__name__")).startswith("gunicorn.workers."):
            return frame.f_locals.get("self")
        frame = frame.f_back
    return None


def _server_of(environ: Environ) -> str:
    """Return the origin of the server, from its own side: not by a header of the client's."""
    name = environ.get("SERVER_NAME", "")
    if "/" in name and not name.startswith(_SOCKETS):
        # Cheroot has its own name there, such as Cheroot/11.1.2.
        name = ""
    bound = name, environ.get("SERVER_PORT", "")
    return _origin(environ.get("wsgi.url_scheme", "http"), bound)


def _reachable(host: str) -> str:
    """Return a host at which this machine answers, if a server listens on all of them."""
    with suppress(ValueError):  # it is a name
        if host and not ip_address(host).is_unspecified:
            return host
        return "::1" if ":" in host else "127.0.0.1"
    return host


def _origin(scheme: str, bound: t.Any) -> str:
    """Return the origin of a bound socket: of an address and a port, or of a path."""
    if type(bound) in (str, bytes):
        return f"unix:{bound if type(bound) is str else bound.decode('utf-8', 'replace')}"
    host, port = str(bound[0]), str(bound[1])
    if host.startswith(_SOCKETS):
        return f"unix:{host.removeprefix('unix:')}"
    host = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return f"{scheme}://{host}" + ("" if port == _PORTS.get(scheme) else f":{port}")


def _remove(each: Announcement) -> None:
    for name in _SERVERS:
        logging.getLogger(name).removeFilter(each)


__all__ = ["Announcement", "add_note"]
