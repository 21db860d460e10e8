"""Record websockets: requests whose connection the app takes over from the server.

Such a request has no response: the library itself has sent status 101, uses the server's socket for
any length of time, and often ends with an exception that keeps the server from writing to it.
"""

from __future__ import annotations

import functools
import sys
import threading
import typing as t
from types import FrameType
from weakref import WeakValueDictionary

from ..faults import fail_open
from ..recorder.current import current
from ..trace.log import TRACEPOINT
from ..trace.tracepoint import TRACEPOINTS
from ..trace.writer import LiveTrace
from .hooks import Environ

_SWITCHING = 101
_NORMAL = 1000
_TOO_BIG = 1009
_FAILED = 1011
#: The close code for a close frame without a code (RFC 6455, 7.1.5).
_NO_CODE = 1005
# What Engine.IO, Flask-Sock and simple-websocket's examples raise, without arguments.
_ENDS = (StopIteration, ConnectionError)
# The environ keys of a request's socket.
_TAKEN = frozenset(("eventlet.input", "gunicorn.socket"))
# The open ones, by the ids of their libraries' objects: any thread may close one.
_open_ones: WeakValueDictionary[int, Upgrade] = WeakValueDictionary()
_lock = threading.Lock()

# Codes that stand for a missing code: simple-websocket sends 1000 in their place.
_NEVER_SENT = (_NO_CODE, 1006, 1015)

#: Who closed a websocket and with which code, if known.
Closed = tuple[str | None, int | None]


class Upgrade:
    """A websocket of a request: how long it was open, and how it was closed."""

    __slots__ = ("__weakref__", "_by", "_closed", "_code", "_opened", "_websocket")

    def __init__(self, trace: LiveTrace, websocket: t.Any) -> None:
        self._websocket = websocket
        self._opened = trace.elapsed()
        self._closed: int | None = None
        self._by: str | None = None
        self._code: int | None = None
        _open_ones[id(websocket)] = self

    def detail(self, _trace: LiveTrace) -> dict[str, t.Any]:
        """Return it JSON-ready; times in ns from the request's start."""
        return {
            "opened": self._opened,
            "closed": self._closed,
            "by": self._by,
            "code": self._code,
        }

    def is_open_on(self, websocket: t.Any) -> bool:
        """Return whether this is the websocket and it has not been closed."""
        return self._websocket is websocket and self._by is None

    def set_closed(self, closed: Closed) -> None:
        """Set how it was closed; ``(None, None)`` if it is open after all."""
        self._by, self._code = closed

    def settle(self, trace: LiveTrace) -> None:
        """Record how it was closed, and release it."""
        websocket, self._websocket = self._websocket, None
        _open_ones.pop(id(websocket), None)
        self._closed = trace.elapsed()
        if self._by is None:
            self.set_closed(_left_as(websocket, failed=trace.error is not None))


@fail_open
def requested(trace: LiveTrace, environ: Environ) -> None:
    """Detect whether a request becomes a websocket, if it asks for an upgrade."""
    if environ["HTTP_UPGRADE"].lower() != "websocket":
        return
    websocket = environ.get("wsgi.websocket")
    if websocket is not None:
        # gevent-websocket's server has upgraded it already.
        _open(trace, websocket)
    module = sys.modules.get("geventwebsocket.websocket")
    if module is not None:
        with _lock:
            _listen_to_close(module.WebSocket, _of_gevent_websocket)
    module = sys.modules.get("simple_websocket.ws")
    if module is not None:
        with _lock:
            _listen(module.Server, "handshake", _opened)
            _listen_to_close(module.Base, _of_simple_websocket)
    module = sys.modules.get("eventlet.websocket")
    if module is not None:
        with _lock:
            # The library creates it once it has answered the handshake.
            _listen(module.WebSocket, "__init__", _opened)
            _listen_to_close(module.RFC6455WebSocket, _of_eventlet)


@fail_open
def is_end(trace: LiveTrace, error: BaseException) -> bool:
    """Return whether an exception only keeps the server from writing to a websocket's socket."""
    if type(error) not in _ENDS or error.args or not is_upgraded(trace) or trace.error is not None:
        return False
    raised = trace.notes.raised()
    around = [
        key
        for key in raised
        if TRACEPOINTS[trace.log[key + TRACEPOINT]].stage in ("wsgi", "middleware")
    ]
    if max(raised, default=0) != max(around, default=0):
        return False
    for key in around:
        del trace.notes.outcomes[key]
    return True


def is_upgraded(trace: LiveTrace) -> bool:
    """Return whether a request has become a websocket."""
    return trace.notes.added(0, "websocket") is not None


@fail_open
def settle(trace: LiveTrace) -> None:
    """Record that the websocket is closed, if there was one."""
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
    # Otherwise it is refused; eventlet uses the same class for clients.
    environ = getattr(websocket, "environ", None) or {}
    if getattr(websocket, "connected", not _TAKEN.isdisjoint(environ)):
        _open(trace, websocket)


# A call that does not fit these fails in the library itself.
def _of_simple_websocket(caller: str, reason: t.Any = None, *_: t.Any, **__: t.Any) -> Closed:
    # Its own thread does so when a client does not answer pings.
    by = "network" if caller == "_thread" else "app"
    return by, _NORMAL if not reason or reason in _NEVER_SENT else _number(reason)


def _of_gevent_websocket(
    caller: str, code: t.Any = _NORMAL, message: t.Any = b"", *_: t.Any, **__: t.Any
) -> Closed:
    if caller == "handle_close":
        # Without a code, there is no text either.
        return "client", None if message is None else _number(code)
    if caller == "receive" and code == _NORMAL:
        return "network", None
    return "app", _number(code)


def _of_eventlet(caller: str, close_data: t.Any = None, *_: t.Any, **__: t.Any) -> Closed:
    # Without a code, both sides close it; the client's own code is stored.
    if type(close_data) is not tuple or caller == "_handle_control_frame":
        return None, None
    if caller == "_iter_frames" and close_data[0] == _FAILED:
        return "network", None
    return "app", _number(close_data[0])


def _number(code: t.Any) -> int | None:
    return int(code) if isinstance(code, int) else None


def _left_as(websocket: t.Any, *, failed: bool) -> Closed:
    """Return how a websocket was closed, if not by the app, from its library's state."""
    by_app = "error" if failed else "app", None
    # The state in wsproto (simple-websocket): still open if no close frame was received.
    state = getattr(getattr(getattr(websocket, "ws", None), "state", None), "name", None)
    if state == "OPEN":
        return by_app if websocket.connected else ("network", None)
    if state == "LOCAL_CLOSING":
        return "app", _TOO_BIG if _is_too_big(websocket) else None
    if state is not None:
        code = int(websocket.close_reason)
        return "client", code if code != _NO_CODE else None
    remote = getattr(websocket, "_remote_close_data", None)
    if remote is not None:
        return "client", int.from_bytes(remote[:2], "big") or None
    # gevent-websocket's state, and the buffer that eventlet reads until it is empty.
    if hasattr(websocket, "iterator") and websocket.iterator.gi_frame is None:
        return "network", None
    is_open = hasattr(websocket, "iterator") or getattr(websocket, "closed", None) is False
    return by_app if failed or is_open else (None, None)


def _is_too_big(websocket: t.Any) -> bool:
    most = websocket.max_message_size
    return bool(most) and websocket.incoming_message_len > most


def _listen(owner: t.Any, name: str, callback: t.Callable[[t.Any], None]) -> None:
    """Call a function after each successful call of a method."""
    method = vars(owner)[name]
    if _is_listened(method):
        return

    @functools.wraps(method, assigned=_NAMES)
    def listened(self: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
        __tracebackhide__ = True
        result = method(self, *args, **kwargs)
        callback(self)
        return result

    setattr(owner, name, listened)


def _listen_to_close(owner: t.Any, closed_by: t.Callable[..., Closed]) -> None:
    """Report each call of ``close`` to a function, before others see that the websocket is closed.

    :param closed_by: takes the name of the library's own calling function, or an empty string,
        and the call's arguments; returns who closed it and how.
    """
    method = vars(owner)["close"]
    if _is_listened(method):
        return

    @fail_open
    def closes(websocket: t.Any, caller: FrameType, *args: t.Any, **kwargs: t.Any) -> t.Any:
        upgrade = _open_ones.get(id(websocket))
        if upgrade is None or not upgrade.is_open_on(websocket):
            return None
        is_library = caller.f_globals.get("__name__") == method.__module__
        upgrade.set_closed(closed_by(caller.f_code.co_name if is_library else "", *args, **kwargs))
        return upgrade

    @functools.wraps(method, assigned=_NAMES)
    def close(self: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
        __tracebackhide__ = True
        upgrade = closes(self, sys._getframe(1), *args, **kwargs)
        try:
            return method(self, *args, **kwargs)
        except BaseException:
            if upgrade is not None:
                upgrade.set_closed((None, None))
            raise

    owner.close = close


_NAMES = ("__name__", "__qualname__", "__doc__")


def _is_listened(method: t.Any) -> bool:
    return getattr(method, "__wrapped__", None) is not None and method.__module__ == __name__


__all__ = ["is_end", "is_upgraded", "requested", "settle"]
