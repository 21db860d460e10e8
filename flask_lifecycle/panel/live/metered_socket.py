"""A socket whose other end is not trusted to read, or to be brief."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

#: The longest message of a viewer's, in bytes: its longest says which requests still run.
MESSAGE_BYTES = 64 * 1024
#: A viewer that is silent for so many seconds, or does not read, is gone. It pongs each 5 s.
GONE_SECONDS = 10

# A viewer sends some 30 short acknowledgements a second, 40 bytes each.
_BYTES_A_SECOND = 16 * 1024
_BURST = 2 * MESSAGE_BYTES


class MeteredSocket:
    """A socket that waits no longer than a live viewer is silent, and hears no more than one says.

    :raises OSError: on reading, when there was too much or nothing.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._left = float(_BURST)
        self._then = time.monotonic()
        # One writer at a time: the answer to a ping must not come into the middle of a message.
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
        """End what waits on it, and let nobody here touch it any more.

        The server closes it then, and the system gives its number to the next connection: who
        still read from it, or ended it, would do so to a request of the app's.
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
