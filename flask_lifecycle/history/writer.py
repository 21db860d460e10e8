"""The one thread of a process that writes finished requests to the histories of its apps.

A request's thread only appends to an outbox. The writer starts with the first finished request,
sleeps while there is nothing to write, and serialises in short stretches: a thread that computes
blocks all others of its process.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

from .. import locks
from ..faults import fault
from ..trace.writer import LiveTrace
from .connection import close_all
from .document import Row, encode
from .sqlite import SqliteHistory

# What is done within this time is written together: with the time of writing it, well below 0.3 s.
_GATHER = 0.1
# Rows written in one transaction.
_ROWS = 50
_STRETCH = _PAUSE = 0.0005
# A file that failed is tried again after this time.
_AGAIN = 5.0
_AT_EXIT = 1.0


class Outbox:
    """Finished requests of one app on their way to its history. It holds no app.

    :param max_traces: how many requests wait, and how many for static files: those before them
        would be removed from the history anyway.
    """

    def __init__(self, history: SqliteHistory, max_traces: int) -> None:
        self._history = history
        self._queues: tuple[deque[LiveTrace], ...] = (
            deque(maxlen=max_traces),
            deque(maxlen=max_traces),
        )
        # Those that could not be written, for as long as the process has them in memory.
        self._failed: deque[weakref.ref[LiveTrace]] = deque(maxlen=2 * max_traces)
        self._again = 0.0
        #: Whether the writer knows that there is something to write.
        self.due: bool = False
        _outboxes.add(self)

    def append(self, trace: LiveTrace, is_file: bool) -> None:
        """Hand over a finished request."""
        self._queues[is_file].append(trace)
        if not self.due:
            self.due = True
            _writer.ring(self)

    def write(self, pause: Pause) -> bool:
        """Write what waits; return whether some could not be written, but may be later."""
        if time.monotonic() >= self._again:
            for reference in list(self._failed):
                trace = reference()
                if trace is not None:
                    self._queues[0].append(trace)
            self._failed.clear()
        for queue in self._queues:
            while batch := list(islice(_popped(queue), _ROWS)):
                self._write(batch, pause)
        return bool(self._failed)

    def _write(self, batch: list[LiveTrace], pause: Pause) -> None:
        if time.monotonic() >= self._again:
            rows = [row for row in (_encoded(trace, pause) for trace in batch) if row is not None]
            if self._history.write(rows):
                return
            self._again = time.monotonic() + _AGAIN
        self._failed += [weakref.ref(trace) for trace in batch]

    def forget(self) -> None:
        """Forget what waits: another process writes it."""
        for queue in self._queues:
            queue.clear()
        self._failed.clear()
        self.due = False


class Pause:
    """Yields to other threads each time that this one has computed for long enough."""

    def __init__(self) -> None:
        self._begun = time.perf_counter()

    def __call__(self) -> None:
        if not _writer.is_closing and time.perf_counter() - self._begun >= _STRETCH:
            time.sleep(_PAUSE)
            self._begun = time.perf_counter()


class _Writer:
    """The state of the thread."""

    def __init__(self) -> None:
        self._due: deque[Outbox] = deque()
        self._asleep = True
        self._is_busy = False
        self._bell = threading.Lock()
        self._starting = locks.lock()
        self._thread: threading.Thread | None = None
        self.is_closing: bool = False

    def ring(self, outbox: Outbox) -> None:
        """Tell the thread of an outbox with something to write; start it if there is none."""
        self._due.append(outbox)
        if self._asleep:
            self._asleep = False
            if self._thread is None:
                self._start()
            # Another request may have been first.
            with suppress(RuntimeError):
                self._bell.release()

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._bell.acquire(blocking=False)
                self._thread = threading.Thread(
                    target=self._run, name="flask-lifecycle-history", daemon=True
                )
                self._thread.start()
                atexit.register(self.close)

    def _run(self) -> None:
        left: list[Outbox] = []
        while True:
            self._asleep = True
            if not self._due:
                self._is_busy = False
                self._bell.acquire(timeout=_AGAIN if left else -1)
            self._asleep = False
            self._is_busy = True
            if not self.is_closing:
                time.sleep(_GATHER)
            left = self._write(left)

    def _write(self, left: list[Outbox]) -> list[Outbox]:
        due = dict.fromkeys(left)
        while self._due:
            outbox = self._due.popleft()
            # First: what comes from now on makes it due again.
            outbox.due = False
            due[outbox] = None
        found = []
        for outbox in due:
            try:
                if outbox.write(Pause()):
                    found.append(outbox)
            except Exception as error:
                fault("the writer of the history", error)
        return found

    def flush(self, seconds: float) -> None:
        """Wait until what is finished by now has been written, or has failed."""
        until = time.monotonic() + seconds
        while (self._due or self._is_busy) and time.monotonic() < until:
            time.sleep(0.002)

    def close(self) -> None:
        """Write what waits, at the end of the process."""
        self.is_closing = True
        self.flush(_AT_EXIT)
        close_all()


def flush(seconds: float = _AT_EXIT) -> None:
    """Wait until the requests that are finished by now have been written, or have failed."""
    _writer.flush(seconds)


def _popped(queue: deque[LiveTrace]) -> Iterator[LiveTrace]:
    while queue:
        yield queue.popleft()


def _encoded(trace: LiveTrace, pause: Pause) -> Row | None:
    try:
        return encode(trace, pause)
    except Exception as error:
        fault("a request for the history", error)
        return None


def _forked() -> None:
    """Leave to the parent what it has not written; its thread does not exist here."""
    global _writer
    atexit.unregister(_writer.close)
    _writer = _Writer()
    for outbox in list(_outboxes):
        outbox.forget()


_outboxes: weakref.WeakSet[Outbox] = weakref.WeakSet()
_writer = _Writer()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


__all__ = ["Outbox", "flush"]
