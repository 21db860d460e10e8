"""What stands between a browser and a server, and can be cut."""

from __future__ import annotations

import socket
import threading


class Wire:
    """What stands between browser and server, and can be cut."""

    def __init__(self, to: str) -> None:
        host, _, port = to.partition(":")
        self._to = (host, int(port))
        self._ends: list[socket.socket] = []
        self._whole = True
        self.refused = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if not self._whole:
                self.refused += 1
                near.close()
                continue
            far = socket.create_connection(self._to)
            self._ends += [near, far]
            for pair in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, source: socket.socket, to: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                to.sendall(data)
        except OSError:
            pass
        for end in (source, to):
            end.close()

    def cut(self) -> None:
        self._whole = False
        for end in self._ends:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        self._ends.clear()

    def mend(self) -> None:
        self._whole = True

    def close(self) -> None:
        self.cut()
        self._listener.close()
