"""The kept traces: bounded by count and by bytes, the oldest goes first.

A request's thread only appends to an inbox; whoever reads settles it under the lock. A
request settles it too when it has grown, but never waits for the lock.
"""

from __future__ import annotations

import os
import threading
import typing as t
from collections import OrderedDict, deque

from .trace import LiveTrace

MAX_BYTES = 64 * 1024 * 1024
_INBOX = 64


class Store(t.Protocol):
    """What the panel and the extension need of a store."""

    @property
    def epoch(self) -> str:
        """Return what changes when the kept traces are other ones altogether."""
        ...

    @property
    def evicted(self) -> int:
        """Return how many traces had to go."""
        ...

    def add(self, trace: LiveTrace) -> None:
        """Keep a trace that begins."""
        ...

    def newest(self) -> list[LiveTrace]:
        """Return all that is kept, newest first."""
        ...

    def get(self, trace_id: str) -> LiveTrace | None:
        """Return a kept trace."""
        ...

    def clear(self) -> None:
        """Forget all."""
        ...


class MemoryStore:
    """Keep traces in this process.

    :param max_traces: how many at most.
    :param max_bytes: estimated bytes at most.
    """

    def __init__(self, max_traces: int, max_bytes: int = MAX_BYTES) -> None:
        self._max_traces = max_traces
        self._max_bytes = max_bytes
        self._inbox: deque[LiveTrace] = deque()
        self._kept: OrderedDict[str, LiveTrace] = OrderedDict()
        self._lock = threading.Lock()
        self._seq = 0
        self._evicted = 0
        self._epoch = os.urandom(8).hex()

    @property
    def epoch(self) -> str:
        return self._epoch

    @property
    def evicted(self) -> int:
        return self._evicted

    def add(self, trace: LiveTrace) -> None:
        self._inbox.append(trace)
        if len(self._inbox) >= _INBOX and self._lock.acquire(blocking=False):
            try:
                self._settle()
            finally:
                self._lock.release()

    def newest(self) -> list[LiveTrace]:
        with self._lock:
            self._settle()
            return list(reversed(self._kept.values()))

    def get(self, trace_id: str) -> LiveTrace | None:
        with self._lock:
            self._settle()
            return self._kept.get(trace_id)

    def clear(self) -> None:
        with self._lock:
            self._settle()
            self._kept.clear()

    def _settle(self) -> None:
        while self._inbox:
            trace = self._inbox.popleft()
            self._seq += 1
            trace.seq = self._seq
            self._kept[trace.id] = trace

        for trace_id in [key for key, trace in self._kept.items() if trace.hidden]:
            del self._kept[trace_id]

        while len(self._kept) > self._max_traces:
            self._kept.popitem(last=False)
            self._evicted += 1

        size = sum(trace.size() for trace in self._kept.values())
        while size > self._max_bytes and len(self._kept) > 1:
            size -= self._kept.popitem(last=False)[1].size()
            self._evicted += 1


__all__ = ["MAX_BYTES", "MemoryStore", "Store"]
