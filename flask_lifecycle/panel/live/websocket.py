"""A websocket that gives back all it holds, whatever its other end does or does not do.

Engine.IO's own, over ``simple_websocket``, trusts its client: a message may be of any length,
what is read waits in a list without end, a frame that breaks the protocol ends the reading
thread with a traceback, and a client that stops reading holds a writing thread for ever.
"""

from __future__ import annotations

import os
import signal
import threading
import time
import typing as t

import simple_websocket

from ... import locks
from ..._compat import SHUTTING_DOWN
from .metered_socket import MESSAGE_BYTES, MeteredSocket

#: How often a viewer is pinged, in seconds.
PING_SECONDS = 5
#: How often to look whether the process ends, in seconds.
_LOOK = 0.1
# More than one: an app may handle some itself.
_SIGNALS = [
    getattr(signal, name) for name in ("SIGTERM", "SIGQUIT", "SIGABRT") if hasattr(signal, name)
]

Environ = dict[str, t.Any]


def let_go(start_response: t.Any) -> dict[str, str]:
    """Let the server close a connection after this answer, if it would wait for it at its end.

    An orphaned worker of Gunicorn's waits for those that are kept alive: for ever, where a page
    polls. A server of gevent's waits until their other ends leave, whether they poll or not.

    :returns: the headers that say so.
    """
    server: t.Any = getattr(start_response, "__self__", None)
    if hasattr(server, "force_close") and is_stopping():
        server.force_close()
    # What `gevent.pywsgi.WSGIHandler` looks at; others do not let an app send that header.
    return {"Connection": "close"} if hasattr(server, "close_connection") else {}


def is_stopping() -> bool:
    """Return whether the process waits for its threads to end, as those of websockets never would.

    However it came to its end, the interpreter joins a pool's threads at last. Gunicorn's worker
    waits for its connections before: it handles its signals by methods, says there that it is
    not ``alive``, and stops as well where its master is gone (``gunicorn.workers.base.Worker``).
    """
    # There is no other way: `main_thread().is_alive()` is true until the pools' threads are joined.
    if getattr(threading, SHUTTING_DOWN, False):
        return True
    for each in _SIGNALS:
        worker = getattr(signal.getsignal(each), "__self__", None)
        if getattr(worker, "alive", True) is False:
            return True
        if getattr(worker, "ppid", None) not in (None, os.getppid()):
            return True
    return False


class Websocket:
    """What Engine.IO takes for its driver: ``engineio.async_drivers.threading``."""

    def __init__(self, handler: t.Any, _server: t.Any) -> None:
        self._handler = handler
        self._ws: _Server | None = None

    def __call__(self, environ: Environ, start_response: t.Any) -> t.Any:
        # Compressing would take the app's time, and what is compressed can be of any length.
        environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
        try:
            self._ws = ws = _Server(
                environ, max_message_size=MESSAGE_BYTES, thread_class=_DaemonThread
            )
        except Exception:
            start_response("400 Bad Request", [("Content-Type", "text/plain")])
            return [b"This is no handshake of a websocket.\n"]
        _watch.add(ws)
        try:
            self._handler(self)
        except Exception:
            # A packet that Engine.IO cannot read: it would neither end nor forget the session.
            self._handler.__self__.close(wait=False, abort=True)
        finally:
            _watch.discard(ws)
            ws.end()
            ws.sock.give_back()
        if ws.mode == "gunicorn":
            raise StopIteration  # which it takes for a connection that is over
        # Werkzeug's server takes its failing write for a client that left.
        start_response("101 Switching Protocols", [])
        return []

    def send(self, message: str) -> None:
        """Send a message.

        :raises OSError: the other end is gone.
        """
        try:
            t.cast("_Server", self._ws).send(message)
        except simple_websocket.ConnectionClosed:
            raise OSError("The websocket is closed.") from None

    def wait(self) -> str | None:
        """Return the next message, or None where there is none to come."""
        try:
            message = t.cast("_Server", self._ws).receive()
        except simple_websocket.ConnectionClosed:
            return None
        # Nothing of the panel's is binary; Socket.IO would wait for the parts of what is.
        return message if isinstance(message, str) and message[:2] not in ("45", "46") else None

    def close(self) -> None:
        """End the websocket, and whoever waits for its other end."""
        t.cast("_Server", self._ws).end()


class _DaemonThread(threading.Thread):
    """One that does not keep the interpreter from its end."""

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, **{**kwargs, "daemon": True})


class _Server(simple_websocket.Server):  # type: ignore[misc]
    """One end of a websocket whose reading ends quietly and in time."""

    def handshake(self) -> None:
        self.sock: t.Any = MeteredSocket(self.sock)
        super().handshake()

    def _thread(self) -> None:
        try:
            super()._thread()
        except Exception:  # what breaks the protocol: nobody is to be told but the other end
            self.connected = False
        self.event.set()
        self.end()

    def end(self) -> None:
        """Say good-bye, if the other end still listens, and wake up all that wait for it."""
        if self.connected:
            try:
                self.sock.settimeout(0.5)
                self.close()
            except Exception:
                self.connected = False
        self.cut()

    def cut(self) -> None:
        """End it as if the network did, without a word or a wait."""
        self.connected = False
        self.sock.shut()
        self.event.set()


class _Watch:
    """Cuts all open websockets when the process begins to end: none keeps it from that.

    Their pages connect again, to the process that comes after.
    """

    def __init__(self) -> None:
        self._open: set[_Server] = set()
        self._lock = locks.lock()
        self._pid = os.getpid()
        self._thread: threading.Thread | None = None

    def add(self, ws: _Server) -> None:
        with self._lock:
            if self._pid != os.getpid():
                # Those of the process that this one was forked from.
                self._pid = os.getpid()
                self._open.clear()
            self._open.add(ws)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(
                    target=self._run, name="flask-lifecycle-end", daemon=True
                )
                self._thread.start()

    def discard(self, ws: _Server) -> None:
        with self._lock:
            self._open.discard(ws)

    def _run(self) -> None:
        while True:
            with self._lock:
                opened = [*self._open]
                if not opened:
                    self._thread = None
                    return
            if is_stopping():
                for ws in opened:
                    ws.cut()
            time.sleep(_LOOK)


_watch = _Watch()


__all__ = ["PING_SECONDS", "Websocket", "is_stopping", "let_go"]
