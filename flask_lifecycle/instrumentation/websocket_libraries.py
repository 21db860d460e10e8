"""Notice in the libraries of websockets when one is opened and closed."""

from __future__ import annotations

import functools
import sys
import typing as t
from types import FrameType

from ..collectors.patch import Patch, imported
from ..faults import fail_open
from ..recorder.current import current
from ..trace.owner import Owner
from .websocket import NO_CODE, Closed, Upgrade, open_on, open_upgrade

_NORMAL = 1000
_FAILED = 1011
# Codes that stand for a missing code: simple-websocket sends 1000 in their place.
_NEVER_SENT = (NO_CODE, 1006, 1015)
# The environ keys of a request's socket.
_TAKEN = frozenset(("eventlet.input", "gunicorn.socket"))


@fail_open
def _opened(websocket: t.Any) -> None:
    trace = current.get()
    if trace.owner not in _owners:
        return
    # Otherwise it is refused; eventlet uses the same class for clients.
    environ = getattr(websocket, "environ", None) or {}
    if getattr(websocket, "connected", not _TAKEN.isdisjoint(environ)):
        open_on(trace, websocket)


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


def _listen(owner: t.Any, name: str, callback: t.Callable[[t.Any], None]) -> None:
    """Call a function after each successful call of a method."""

    def replacement(method: t.Any) -> t.Any:
        @functools.wraps(method, assigned=_NAMES)
        def listened(self: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
            __tracebackhide__ = True
            result = method(self, *args, **kwargs)
            if _patch.records(owner, name, listened):
                callback(self)
            return result

        return listened

    _replace_method(owner, name, replacement)


def _listen_to_close(owner: t.Any, closed_by: t.Callable[..., Closed]) -> None:
    """Report each call of ``close`` to a function, before others see that the websocket is closed.

    :param closed_by: takes the name of the library's own calling function, or an empty string,
        and the call's arguments; returns who closed it and how.
    """

    @fail_open
    def closes(
        websocket: t.Any, caller: FrameType, *args: t.Any, **kwargs: t.Any
    ) -> Upgrade | None:
        upgrade = open_upgrade(websocket)
        if upgrade is None:
            return None
        is_library = caller.f_globals.get("__name__") == owner.__module__
        upgrade.set_closed(closed_by(caller.f_code.co_name if is_library else "", *args, **kwargs))
        return upgrade

    def replacement(method: t.Any) -> t.Any:
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

        return close

    _replace_method(owner, "close", replacement)


_NAMES = ("__name__", "__qualname__", "__doc__")


def _replace_method(owner: t.Any, name: str, replacement: t.Callable[[t.Any], t.Any]) -> None:
    if name in vars(owner):
        _patch.replace(owner, name, replacement)


def _replace() -> None:
    module = imported("geventwebsocket.websocket")
    if module is not None:
        _listen_to_close(module.WebSocket, _of_gevent_websocket)
    module = imported("simple_websocket.ws")
    if module is not None:
        _listen(module.Server, "handshake", _opened)
        _listen_to_close(module.Base, _of_simple_websocket)
    module = imported("eventlet.websocket")
    if module is not None:
        # The library creates it once it has answered the handshake.
        _listen(module.WebSocket, "__init__", _opened)
        _listen_to_close(module.RFC6455WebSocket, _of_eventlet)


_patch = Patch(_replace)
_owners = _patch.owners


def apply() -> None:
    """Replace what has been imported by now: these libraries may be imported late."""
    _patch.apply()


def install(owner: Owner) -> t.Callable[[], None]:
    """Record the websockets of an app."""
    return _patch.install(owner)


__all__ = ["apply", "install"]
