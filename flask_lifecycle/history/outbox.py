"""Finished requests of an app on their way to its history."""

from __future__ import annotations

import time
import weakref
from collections import deque
from collections.abc import Callable
from itertools import count

from ..trace.writer import LiveTrace
from .batch import Batch, packed
from .protocol import WritableHistory

# Written in one transaction, unless it takes longer than this, in seconds.
_ROWS, _LONG = 500, 0.03
# If more wait, they come fast, and their summaries are made by the first reader.
_FEW = 5
# A history that failed is tried again after this time.
AGAIN_SECONDS = 5.0

# Requests that run at the same time: they finish in another order than that in which they began.
_AT_ONCE = 64

_Reference = weakref.ref[LiveTrace]
_Numbered = tuple[int, _Reference]
_outboxes: weakref.WeakSet[Outbox] = weakref.WeakSet()


class Outbox:
    """Takes finished requests. It holds no app, and no request that its process has evicted.

    :param max_traces: how many requests wait, and how many for static files: those before them
        would be removed from the history anyway.
    :param ring: tells the writer that something waits.
    """

    def __init__(
        self, history: WritableHistory, max_traces: int, ring: Callable[[Outbox], None]
    ) -> None:
        self._history = history
        self._ring = ring
        most = max_traces + _AT_ONCE
        # What the process has evicted for its size would take more memory than the limit.
        self._traces: deque[_Numbered] = deque(maxlen=most)
        self._files: deque[_Numbered] = deque(maxlen=most)
        self._numbers = count()
        #: How many the writer has seen, with those between them that were evicted before, and how
        #: many of these are written.
        self.taken: int = 0
        self.written: int = 0
        # Those that could not be written.
        self._failed: deque[_Reference] = deque(maxlen=2 * most)
        self._again = 0.0
        #: Whether the writer knows that something waits.
        self.due: bool = False
        _outboxes.add(self)

    def __len__(self) -> int:
        """Return how many requests wait."""
        return len(self._traces) + len(self._files)

    def append(self, trace: LiveTrace, is_file: bool) -> None:
        """Take a finished request."""
        # Numbered in one call into C, which no other thread interrupts.
        numbered = next(self._numbers), weakref.ref(trace)
        (self._files if is_file else self._traces).append(numbered)
        if not self.due:
            self.due = True
            self._ring(self)

    def write(self, pause: Callable[[], None]) -> bool:
        """Write what waits; return whether some is left to be tried again later.

        :param pause: called often, to let other threads run.
        """
        # First: what comes from now on makes it due again.
        self.due = False
        if time.monotonic() >= self._again:
            failed = list(self._failed)
            self._failed.clear()
            self._write(failed, pause, with_summaries=False)
        with_summaries = len(self) <= _FEW
        for queue in (self._traces, self._files):
            # What comes meanwhile is gathered for the next time.
            left = len(queue)
            while left > 0 and queue:
                waiting = _popped(queue, min(_ROWS, left))
                left -= len(waiting)
                self.taken = max(self.taken, 1 + max(waiting)[0])
                self._write([each for _, each in waiting], pause, with_summaries=with_summaries)
        return bool(self._failed)

    def _write(
        self, waiting: list[_Reference], pause: Callable[[], None], *, with_summaries: bool
    ) -> None:
        if time.monotonic() >= self._again:
            traces = [trace for each in waiting if (trace := each()) is not None]
            begun = time.monotonic()
            ready: list[Batch] = []
            for batch in packed(traces, pause, with_summaries=with_summaries):
                ready.append(batch)
                if time.monotonic() - begun > _LONG:
                    self._add(ready)
                    pause()
                    begun, ready = time.monotonic(), []
            self._add(ready)
        if time.monotonic() < self._again:
            self._failed += [each for each in waiting if _is_left(each())]

    def _add(self, batches: list[Batch]) -> None:
        """Write batches, unless the history has just failed."""
        if not batches or time.monotonic() < self._again:
            return
        if not self._history.write(*batches, is_last=not len(self)):
            self._again = time.monotonic() + AGAIN_SECONDS
            return
        for batch in batches:
            for trace in batch.traces:
                trace.stored = True
            self.written += len(batch.requests)

    def forget(self) -> None:
        """Forget what waits."""
        self._traces.clear()
        self._files.clear()
        self._failed.clear()
        self._numbers = count()
        self.taken = self.written = 0
        self.due = False


def _is_left(trace: LiveTrace | None) -> bool:
    """Return whether a request still is to be written."""
    return trace is not None and not trace.stored


def forget_all() -> None:
    """Forget what waits in this process, as its parent writes it."""
    for outbox in list(_outboxes):
        outbox.forget()


def _popped(queue: deque[_Numbered], most: int) -> list[_Numbered]:
    # Others only append, so what is there stays there.
    return [queue.popleft() for _ in range(min(most, len(queue)))]


__all__ = ["AGAIN_SECONDS", "Outbox", "forget_all"]
