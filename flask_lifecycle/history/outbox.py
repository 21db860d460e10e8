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
# One with details of no more bytes than this is held itself while it waits. A weak reference is one
# more object that the garbage collector visits, again and again at a high rate.
_LIGHT = 4096

_Reference = weakref.ref[LiveTrace]
_outboxes: weakref.WeakSet[Outbox] = weakref.WeakSet()


class Outbox:
    """Takes finished requests. It holds no app, and no large request that its process has evicted.

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
        self._traces: deque[LiveTrace | _Reference] = deque(maxlen=most)
        self._files: deque[LiveTrace | _Reference] = deque(maxlen=most)
        # Counts in one call into C, which no other thread interrupts, and how often it was read.
        self._numbers = count()
        self._reads = 0
        #: How many the writer has seen, with those that were evicted before, and how many of these
        #: are written.
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
        is_light = trace.detail_bytes <= _LIGHT
        waiting = self._files if is_file else self._traces
        waiting.append(trace if is_light else weakref.ref(trace))
        next(self._numbers)
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
            failed = [trace for each in list(self._failed) if (trace := each()) is not None]
            self._failed.clear()
            self._write(failed, pause, with_summaries=False)
        with_summaries = len(self) <= _FEW
        for queue in (self._traces, self._files):
            # What comes meanwhile is gathered for the next time.
            left = len(queue)
            while left > 0 and queue:
                most = min(_ROWS, left)
                left -= most
                self._write(_popped(queue, most), pause, with_summaries=with_summaries)
        self.taken = next(self._numbers) - self._reads - len(self)
        self._reads += 1
        return bool(self._failed)

    def _write(
        self, traces: list[LiveTrace], pause: Callable[[], None], *, with_summaries: bool
    ) -> None:
        if time.monotonic() >= self._again:
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
            self._failed += [weakref.ref(each) for each in traces if not each.stored]

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
        self._reads = self.taken = self.written = 0
        self.due = False


def forget_all() -> None:
    """Forget what waits in this process, as its parent writes it."""
    for outbox in list(_outboxes):
        outbox.forget()


def _popped(queue: deque[LiveTrace | _Reference], most: int) -> list[LiveTrace]:
    """Take so many out of a queue; return those that are still there."""
    # Others only append, so what is there stays there.
    waiting = [queue.popleft() for _ in range(min(most, len(queue)))]
    traces = (each() if isinstance(each, weakref.ref) else each for each in waiting)
    return [each for each in traces if each is not None]


__all__ = ["AGAIN_SECONDS", "Outbox", "forget_all"]
