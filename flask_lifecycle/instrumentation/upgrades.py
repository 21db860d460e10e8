"""Websockets: a request whose connection the app takes over from the server.

Nothing is answered then: the library has sent status 101 by itself, speaks on the server's socket
for as long as it likes, and often ends by an exception that keeps the server from writing to it.
"""

from __future__ import annotations

import functools
import sys
import threading
import typing as t

from ..faults import fail_open
from ..recorder.current import current
from ..trace.log import SITE
from ..trace.tracepoint import SITES
from ..trace.writer import LiveTrace
from .hooks import Environ

_SWITCHING = 101
#: What a close frame without a code stands for (RFC 6455, 7.1.5).
_NO_CODE = 1005
# What Engine.IO, Flask-Sock and simple-websocket's examples raise, without arguments.
_ENDS = (StopIteration, ConnectionError)
# Where a request's socket is taken from.
_TAKEN = frozenset(("eventlet.input", "gunicorn.socket"))
_lock = threading.Lock()


class Upgrade:
    """A websocket of a request: how long it lived, and how it was closed."""

    __slots__ = ("_by", "_closed", "_code", "_opened", "_websocket")

    def __init__(self, trace: LiveTrace, websocket: t.Any) -> None:
        self._websocket = websocket
        self._opened = trace.elapsed()
        self._closed: int | None = None
        self._by: str | None = None
        self._code: int | None = None

    def detail(self, _trace: LiveTrace) -> dict[str, t.Any]:
        """Return it as JSON's types; times in ns from the request's start."""
        return {
            "opened": self._opened,
            "closed": self._closed,
            "by": self._by,
            "code": self._code,
        }

    def is_of(self, websocket: t.Any) -> bool:
        return self._websocket is websocket

    def close(self) -> None:
        """Take it that the app closes it."""
        self._by = self._by or "app"

    def settle(self, trace: LiveTrace) -> None:
        """Note how it was closed, and let go of it."""
        websocket, self._websocket = self._websocket, None
        self._closed = trace.elapsed()
        code = getattr(websocket, "close_reason", None)
        self._code = int(code) if isinstance(code, int) and code != _NO_CODE else None
        # What wsproto says (simple-websocket): it is still open where no frame closed it.
        state = getattr(getattr(getattr(websocket, "ws", None), "state", None), "name", None)
        if state == "OPEN":
            self._by = "network" if trace.error is None else "error"
        elif state is not None:
            self._by = self._by or "client"
        elif trace.error is not None:
            self._by = "error"


@fail_open
def requested(trace: LiveTrace, environ: Environ) -> None:
    """See whether a request becomes a websocket, where it asks for an upgrade."""
    if environ["HTTP_UPGRADE"].lower() != "websocket":
        return
    websocket = environ.get("wsgi.websocket")
    if websocket is not None:
        # The server has done so by itself: gevent-websocket's.
        _open(trace, websocket)
    module = sys.modules.get("simple_websocket.ws")
    if module is not None:
        with _lock:
            _listen(module.Server, "handshake", _opened)
            _listen(module.Base, "close", _closes, before=True)
    module = sys.modules.get("eventlet.websocket")
    if module is not None:
        with _lock:
            # It is made once the handshake is answered.
            _listen(module.WebSocket, "__init__", _opened)


@fail_open
def is_end(trace: LiveTrace, error: BaseException) -> bool:
    """Tell whether an exception only keeps the server from writing to a websocket's socket."""
    if type(error) not in _ENDS or error.args or not is_upgraded(trace) or trace.error is not None:
        return False
    raised = trace.notes.raised()
    around = [key for key in raised if SITES[trace.log[key + SITE]].stage in ("wsgi", "middleware")]
    if max(raised, default=0) != max(around, default=0):
        return False
    for key in around:
        del trace.notes.outcomes[key]
    return True


def is_upgraded(trace: LiveTrace) -> bool:
    """Tell whether a request has become a websocket."""
    return trace.notes.added(0, "websocket") is not None


@fail_open
def settle(trace: LiveTrace) -> None:
    """Note that a websocket is over, if there was one."""
    if is_upgraded(trace):
        trace.notes.added(0, "websocket").settle(trace)


def _open(trace: LiveTrace, websocket: t.Any) -> None:
    trace.status = _SWITCHING
    trace.notes.add(0, "websocket", Upgrade(trace, websocket))


@fail_open
def _opened(websocket: t.Any) -> None:
    trace = current.get()
    if trace.owner is None:
        return
    # It is refused otherwise; of eventlet's, the other kind is a client's.
    environ = getattr(websocket, "environ", None) or {}
    if getattr(websocket, "connected", not _TAKEN.isdisjoint(environ)):
        _open(trace, websocket)


@fail_open
def _closes(websocket: t.Any) -> None:
    upgrade = current.get().notes.added(0, "websocket")
    if upgrade is not None and upgrade.is_of(websocket) and websocket.connected:
        upgrade.close()


def _listen(
    owner: t.Any, name: str, told: t.Callable[[t.Any], None], *, before: bool = False
) -> None:
    """Let a function hear of each call of a method that returns."""
    method = vars(owner)[name]
    if getattr(method, "__wrapped__", None) is not None and method.__module__ == __name__:
        return

    @functools.wraps(method, assigned=("__name__", "__qualname__", "__doc__"))
    def listened(self: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
        __tracebackhide__ = True
        if before:
            told(self)
        result = method(self, *args, **kwargs)
        if not before:
            told(self)
        return result

    setattr(owner, name, listened)


__all__ = ["is_end", "is_upgraded", "requested", "settle"]
