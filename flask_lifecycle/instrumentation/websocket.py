"""A websocket of a request: how long it was open, and how it was closed."""

from __future__ import annotations

import typing as t
from weakref import WeakValueDictionary

from ..trace.writer import LiveTrace

_SWITCHING = 101
_TOO_BIG = 1009
#: The close code for a close frame without a code (RFC 6455, 7.1.5).
NO_CODE = 1005
# The open ones, by the ids of their libraries' objects: any thread may close one.
_open_ones: WeakValueDictionary[int, Upgrade] = WeakValueDictionary()

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


def open_on(trace: LiveTrace, websocket: t.Any) -> None:
    """Record that a request has become a websocket.

    :param websocket: its library's object.
    """
    trace.status = _SWITCHING
    trace.notes.add(0, "websocket", Upgrade(trace, websocket))


def open_upgrade(websocket: t.Any) -> Upgrade | None:
    """Return the open websocket of a library's object."""
    upgrade = _open_ones.get(id(websocket))
    return upgrade if upgrade is not None and upgrade.is_open_on(websocket) else None


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
        return "client", code if code != NO_CODE else None
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


__all__ = ["NO_CODE", "Closed", "Upgrade", "open_on", "open_upgrade"]
