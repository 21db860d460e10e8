"""A gunicorn for benchmarks: its workers' processor time, and clients that send at once."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
import typing as t
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

HOST = "127.0.0.1"
CLIENTS = 4


def until(condition: Callable[[], t.Any], seconds: float = 60) -> float:
    """Wait until a condition holds, or so long; return the seconds."""
    begun = time.monotonic()
    while not condition() and time.monotonic() < begun + seconds:
        # What is waited for happens in another process, which cannot wake this one.
        time.sleep(0.01)
    return time.monotonic() - begun


def due(numbers: Iterable[int], rate: float, begun: float) -> Iterator[tuple[int, float]]:
    """Yield each number when it is due at a rate, with that time.

    :param begun: when 0 is due, by ``time.perf_counter``.
    """
    for number in numbers:
        at = begun + number / rate
        # A pace is kept by waiting.
        time.sleep(max(0.0, at - time.perf_counter()))
        yield number, at


def together(send: Callable[[int], object]) -> float:
    """Let several clients, which are numbered, send at once; return the seconds."""
    clients = [threading.Thread(target=send, args=(number,)) for number in range(CLIENTS)]
    begun = time.perf_counter()
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    return time.perf_counter() - begun


class Gunicorn:
    """A server on a free port, which answers.

    :param app: where gunicorn finds the app.
    :param path: what is asked to see whether it answers.
    :param environ: what is added to the environment.
    """

    def __init__(
        self, app: str, path: str, *options: str, environ: Mapping[str, str] | None = None
    ) -> None:
        with socket.socket() as free:
            free.bind((HOST, 0))
            self.port: int = free.getsockname()[1]
        self.address = f"{HOST}:{self.port}"
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "--log-level", "warning", *options),
                *("--bind", self.address, app),
            ],
            env={**os.environ, **(environ or {})},
        )
        until(lambda: self._answers(path))

    def get(self, path: str) -> None:
        with urllib.request.urlopen(f"http://{self.address}{path}") as answer:
            answer.read()

    def _answers(self, path: str) -> bool:
        try:
            self.get(path)
        except OSError:
            return False
        return True

    def processor_time(self) -> float:
        """Return the seconds that the workers have computed so far, by Linux's own count."""
        return sum(_computed(task) for each in self._workers() for task in _tasks(each))

    def beside(self) -> float:
        """Return the seconds of their threads beside the first, which serves the requests."""
        workers = self._workers()
        return self.processor_time() - sum(_computed(each / "task" / each.name) for each in workers)

    def _workers(self) -> list[Path]:
        tasks = Path(f"/proc/{self._process.pid}/task/{self._process.pid}")
        return [Path("/proc", each) for each in (tasks / "children").read_text().split()]

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()


def _tasks(process: Path) -> list[Path]:
    return [*(process / "task").iterdir()]


def _computed(task: Path) -> float:
    # In nanoseconds, unlike the clock ticks of stat.
    return int((task / "schedstat").read_text().split()[0]) / 1e9
