"""Real Redis servers, and what only pretends to be one."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import typing as t
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import redis

from tests.helpers.servers import hold_port, wait_for

_DATABASES = 1000


class RedisServer:
    """A server of its own port, whose data is gone with it."""

    def __init__(self, folder: Path, *options: str, has_tls: bool = False) -> None:
        self.folder = folder
        self.port = hold_port(self)
        self.tls_port = hold_port(self) if has_tls else 0
        self._command = [
            *(os.environ.get("REDIS_SERVER", "redis-server"), "--bind", "127.0.0.1"),
            *("--port", str(self.port)),
            *("--dir", str(folder), "--save", "", "--appendonly", "no"),
            *("--databases", str(_DATABASES), *options),
            *(("--tls-port", str(self.tls_port)) if has_tls else ()),
        ]
        self.address = f"127.0.0.1:{self.port}"
        self.database = 0
        self.start()

    @property
    def url(self) -> str:
        return f"redis://{self.address}/{self.database}"

    def start(self) -> None:
        self.process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        wait_for(self._is_up)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait()

    def pause(self) -> None:
        """Let it answer nothing, as on a network that loses everything."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def revive(self) -> None:
        """Start it again where a test that failed has left it stopped."""
        self.resume()
        if self.process.poll() is not None:
            self.start()

    def renew(self) -> None:
        """Let it run, without data: what threads of before still write goes to another database."""
        self.revive()
        self.client().flushall()
        self.database = (self.database + 1) % _DATABASES

    def client(self, **options: t.Any) -> redis.Redis:
        return redis.Redis(port=self.port, db=self.database, decode_responses=True, **options)

    def _is_up(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False


@contextmanager
def listening(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """Call a function with each connection to a port; return its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        opened: list[socket.socket] = []

        def handle(connection: socket.socket) -> None:
            with suppress(OSError), connection:
                answer(connection)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    opened.append(listener.accept()[0])
                    threading.Thread(target=handle, args=(opened[-1],), daemon=True).start()

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"
        finally:
            for each in (listener, *opened):
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
            thread.join()


@contextmanager
def delayed(port: int, seconds: float) -> Iterator[str]:
    """Pass on what is sent to a Redis, each part of its answers late."""

    def answer(connection: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", port)) as there:
            back = threading.Thread(target=_pass_on, args=(there, connection, seconds), daemon=True)
            back.start()
            _pass_on(connection, there, 0.0)

    with listening(answer) as url:
        yield url


def _pass_on(source: socket.socket, target: socket.socket, seconds: float) -> None:
    late = threading.Event()
    with suppress(OSError):
        while data := source.recv(65536):
            late.wait(seconds)
            target.sendall(data)


__all__ = ["RedisServer", "delayed", "listening"]
