"""A socket that limits what its remote end can send, and how long it may stay silent."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

#: The longest message from a viewer, in bytes: its list of running requests is the longest.
MESSAGE_BYTES = 64 * 1024
#: A viewer that stays silent, or does not read, for this many seconds is gone. It pongs every 5 s.
GONE_SECONDS = 10

# A viewer sends about 30 short acknowledgements a second, 40 bytes each.
_BYTES_A_SECOND = 16 * 1024
_BURST = 2 * MESSAGE_BYTES


class MeteredSocket:
    """A socket with a timeout and with a limit on the amount of received data.

    :raises OSError: on reading, at the timeout or the limit.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._left = float(_BURST)
        self._then = time.monotonic()
        # One writer at a time: a pong must not be written into the middle of a message.
        self._lock = threading.Lock()
        self._users = 0
        self._is_given_back = False
        self._changed = threading.Condition()
        sock.settimeout(GONE_SECONDS)

    @contextmanager
    def _used(self) -> Iterator[socket.socket]:
        with self._changed:
            if self._is_given_back:
                raise OSError("The socket was given back to the server.")
            self._users += 1
        try:
            yield self._sock
        finally:
            with self._changed:
                self._users -= 1
                self._changed.notify_all()

    def give_back(self) -> None:
        """Return the socket to the server: wake up waiting threads and allow no further use.

        The server closes it then, and the system gives its descriptor to the next connection: a
        later read or shutdown here would affect a request of the app.
        """
        self.shut()
        with self._changed:
            self._is_given_back = True
            self._changed.wait_for(lambda: not self._users)

    def recv(self, most: int) -> bytes:
        with self._used() as sock:
            data = sock.recv(most)
        now = time.monotonic()
        self._left = min(_BURST, self._left + (now - self._then) * _BYTES_A_SECOND) - len(data)
        self._then = now
        if self._left < 0:
            raise OSError("The viewer sends too much.")
        return data

    def send(self, data: bytes) -> int:
        with self._lock, self._used() as sock:
            sock.sendall(data)
        return len(data)

    def settimeout(self, seconds: float) -> None:
        with self._used() as sock:
            sock.settimeout(seconds)

    def shut(self) -> None:
        with suppress(OSError), self._used() as sock:
            sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        # The server that accepted the connection closes it.
        self.shut()


__all__ = ["GONE_SECONDS", "MESSAGE_BYTES", "MeteredSocket"]
