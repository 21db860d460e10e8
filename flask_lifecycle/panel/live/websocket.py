"""A websocket that frees all of its resources, whatever its remote end does.

Engine.IO's own, over ``simple_websocket``, trusts its client: messages have no size limit, the
queue of received messages has no limit, a frame that violates the protocol ends the reading thread
with a traceback, and a client that stops reading blocks a writing thread for ever.
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

#: The interval of pings, in seconds.
PING_SECONDS = 5
#: The interval of checks whether the process is stopping, in seconds.
_LOOK = 0.1
# Several: an app may handle some itself.
_SIGNALS = [
    getattr(signal, name) for name in ("SIGTERM", "SIGQUIT", "SIGABRT") if hasattr(signal, name)
]

Environ = dict[str, t.Any]


def let_go(start_response: t.Any) -> dict[str, str]:
    """Make servers close the connection after this response, if an open one would block shutdown.

    An orphaned Gunicorn worker waits for keep-alive connections: for ever, if a page polls.
    gevent's server waits until its clients disconnect, whether they poll or not.

    :returns: the headers for the response.
    """
    server: t.Any = getattr(start_response, "__self__", None)
    if hasattr(server, "force_close") and is_stopping():
        server.force_close()
    # What `gevent.pywsgi.WSGIHandler` reads; other servers do not let an app send that header.
    return {"Connection": "close"} if hasattr(server, "close_connection") else {}


def is_stopping() -> bool:
    """Return whether the process is waiting for its threads to end, as websockets never would.

    At its end, the interpreter joins the threads of pools. Gunicorn's worker waits for its
    connections before that: its signal handlers are methods that clear ``alive``, and it also stops
    when its master is gone (``gunicorn.workers.base.Worker``). So does Uvicorn, whose handlers are
    methods that set ``should_exit`` (``uvicorn.Server``).
    """
    # There is no other way: `main_thread().is_alive()` is true until the pools' threads are joined.
    if getattr(threading, SHUTTING_DOWN, False):
        return True
    for each in _SIGNALS:
        worker = getattr(signal.getsignal(each), "__self__", None)
        if getattr(worker, "alive", True) is False or getattr(worker, "should_exit", False) is True:
            return True
        if getattr(worker, "ppid", None) not in (None, os.getppid()):
            return True
    return False


class Websocket:
    """The websocket class of Engine.IO's driver, ``engineio.async_drivers.threading``."""

    def __init__(self, handler: t.Any, _server: t.Any) -> None:
        self._handler = handler
        self._ws: _Server | None = None

    def __call__(self, environ: Environ, start_response: t.Any) -> t.Any:
        # Compression would take CPU time, and compressed messages can expand to any length.
        environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
        try:
            self._ws = ws = _Server(
                environ, max_message_size=MESSAGE_BYTES, thread_class=_DaemonThread
            )
        except Exception:
            start_response("400 Bad Request", [("Content-Type", "text/plain")])
            return [b"This is not a websocket handshake.\n"]
        try:
            _watch.add(ws)
            self._handler(self)
        except Exception:
            # A packet that Engine.IO cannot parse: it would neither close nor forget the session.
            self._handler.__self__.close(wait=False, abort=True)
        finally:
            _watch.discard(ws)
            ws.end()
            ws.sock.give_back()
        if ws.mode == "gunicorn":
            raise StopIteration  # Engine.IO treats it as a closed connection
        # Werkzeug's server treats its failing write as a disconnected client.
        start_response("101 Switching Protocols", [])
        return []

    def send(self, message: str) -> None:
        """Send a message.

        :raises OSError: the remote end is gone.
        """
        try:
            t.cast("_Server", self._ws).send(message)
        except simple_websocket.ConnectionClosed:
            raise OSError("The websocket is closed.") from None

    def wait(self) -> str | None:
        """Return the next message, or None at the end of the stream."""
        try:
            message = t.cast("_Server", self._ws).receive()
        except simple_websocket.ConnectionClosed:
            return None
        # The panel sends no binary data; Socket.IO would wait for a binary packet's attachments.
        return message if isinstance(message, str) and message[:2] not in ("45", "46") else None

    def close(self) -> None:
        """Close the websocket, and wake up the threads that wait for its remote end."""
        t.cast("_Server", self._ws).end()


class _DaemonThread(threading.Thread):
    """A thread that does not block the exit of the interpreter."""

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, **{**kwargs, "daemon": True})


class _Server(simple_websocket.Server):  # type: ignore[misc]
    """A server side whose reading thread ends quietly and in time."""

    def handshake(self) -> None:
        self.sock: t.Any = MeteredSocket(self.sock)
        super().handshake()

    def _thread(self) -> None:
        try:
            super()._thread()
        except Exception:  # a protocol violation: only the remote end is informed
            self.connected = False
        self.event.set()
        self.end()

    def end(self) -> None:
        """Send a close frame, if the remote end still reads, and wake up all waiting threads."""
        if self.connected:
            try:
                self.sock.settimeout(0.5)
                self.close()
            except Exception:
                self.connected = False
        self.cut()

    def cut(self) -> None:
        """Drop the connection as a network failure would, without a close frame."""
        self.connected = False
        self.sock.shut()
        self.event.set()


class _Watch:
    """Drop all open websockets when the process begins to stop, so that they cannot block it.

    Their pages reconnect, to the next process.
    """

    def __init__(self) -> None:
        self._open: set[_Server] = set()
        self._lock = locks.lock()
        self._pid = os.getpid()
        self._thread: threading.Thread | None = None

    def add(self, ws: _Server) -> None:
        with self._lock:
            if self._pid != os.getpid():
                # Websockets of the parent process, from before the fork.
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
