"""The one thread of a process that writes finished requests to the histories of its apps.

A request's thread only appends to an outbox. The thread starts with the first finished request, and
sleeps while there is nothing to write.
"""

from __future__ import annotations

import atexit
import threading
import time
from collections import deque
from contextlib import suppress

from .. import forks, locks
from ..faults import fault
from .connection import close_all
from .outbox import AGAIN_SECONDS, Outbox, forget_all
from .pace import Pace
from .protocol import WritableHistory

# What is finished within this time is written together: with the time that this takes, what a
# killed process loses is not older than 0.3 s.
_GATHER = 0.1
# Where many come, fewer transactions take less of the app's time.
_MANY, _LONGER = 20, 0.1
_AT_EXIT = 1.0


class Writer:
    """The thread, and the outboxes that have something to write."""

    def __init__(self) -> None:
        self._due: deque[Outbox] = deque()
        self._left: list[Outbox] = []
        self._asleep = True
        self._is_writing = False
        self._is_closing = False
        # Released to wake the thread. Made with it: by then, gevent has replaced what it replaces.
        self._bell: threading.Lock | None = None
        self._starting = locks.lock()

    def ring(self, outbox: Outbox) -> None:
        """Tell the thread of an outbox with something to write."""
        self._due.append(outbox)
        if self._asleep:
            self._asleep = False
            if self._bell is None:
                self._start()
            # Another request may have been first, also to start it: then the thread may wait.
            if self._bell is not None:
                with suppress(RuntimeError):
                    self._bell.release()

    def _start(self) -> None:
        with self._starting:
            if self._bell is None:
                bell = threading.Lock()
                bell.acquire()
                thread = threading.Thread(
                    target=self._run, args=(bell,), name="flask-lifecycle-history", daemon=True
                )
                try:
                    thread.start()
                except RuntimeError as error:  # no more threads, or the process ends
                    # The next request tries again.
                    self._asleep = True
                    while self._due:
                        self._due.pop().due = False
                    fault("the start of the history's thread", error)
                    return
                self._bell = bell
                atexit.register(self.close)

    def _run(self, bell: threading.Lock) -> None:
        while True:
            self._asleep = True
            if not self._due:
                self._is_writing = False
                bell.acquire(timeout=AGAIN_SECONDS if self._left else -1)
            self._asleep = False
            self._is_writing = True
            if not self._is_closing:
                time.sleep(_GATHER)
                if sum(map(len, list(self._due))) > _MANY:
                    time.sleep(_LONGER)
            self._write()

    def _write(self) -> None:
        due = dict.fromkeys(self._left)
        while self._due:
            due[self._due.popleft()] = None
        self._left = []
        pace = _nothing if self._is_closing else Pace()
        for outbox in due:
            try:
                if outbox.write(pace):
                    self._left.append(outbox)
            except Exception as error:
                fault("the writer of the history", error)

    def flush(self, seconds: float) -> None:
        """Wait until what is finished by now has been written, or has failed."""
        until = time.monotonic() + seconds
        while (self._due or self._is_writing) and time.monotonic() < until:
            time.sleep(0.002)

    def close(self) -> None:
        """Write what waits, at the end of the process."""
        self._is_closing = True
        self.flush(_AT_EXIT)
        close_all()


def outbox_of(history: WritableHistory, max_traces: int) -> Outbox:
    """Return an outbox for a history."""
    return Outbox(history, max_traces, _ring)


def flush(seconds: float = _AT_EXIT) -> None:
    """Wait until the requests that are finished by now have been written, or have failed."""
    _writer.flush(seconds)


def _ring(outbox: Outbox) -> None:
    _writer.ring(outbox)


def _nothing() -> None:
    """Take no pause: the process ends."""


def _forked() -> None:
    """Start anew: the thread does not exist here, and the parent writes what waits."""
    global _writer
    atexit.unregister(_writer.close)
    forget_all()
    _writer = Writer()


_writer = Writer()
forks.in_child(_forked)


__all__ = ["flush", "outbox_of"]
