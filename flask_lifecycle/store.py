"""The stored traces: limited by count and by bytes; the oldest is evicted first."""

from __future__ import annotations

import os
import typing as t
from collections import deque
from collections.abc import Iterable
from itertools import count

from . import locks
from .settings import Settings
from .trace.writer import LiveTrace

# All are weighed when large ones have added this fraction of the capacity.
_WEIGHED = 64
# The numbers of removed traces are stored as bits: so many in a block, so many blocks.
_BLOCK = 4096
_BLOCKS = 4096


class Store(t.Protocol):
    """The interface of a store for the panel and the extension."""

    @property
    def epoch(self) -> str:
        """Return an id that changes when the stored traces are replaced altogether."""
        ...

    @property
    def evicted(self) -> int:
        """Return how many traces were evicted."""
        ...

    @property
    def too_large(self) -> int:
        """Return how many of those were evicted because of the size limit."""
        ...

    @property
    def ignored(self) -> int:
        """Return how many requests were excluded from recording."""
        ...

    def add(self, trace: LiveTrace) -> None:
        """Store a trace that begins."""
        ...

    def newest(self) -> list[LiveTrace]:
        """Return all stored traces, newest first."""
        ...

    def get(self, trace_id: str) -> LiveTrace | None:
        """Return a stored trace, or None."""
        ...

    def clear(self) -> None:
        """Forget all."""
        ...

    def unseen(self, after: int, before: int) -> int:
        """Count the traces between two numbers that are not shown: hidden or cleared."""
        ...


class MemoryStore:
    """Stores traces in this process.

    :param max_traces: the maximum number of traces.
    :param max_bytes: the maximum of estimated bytes; the newest is kept, however large.
    """

    def __init__(self, max_traces: int, max_bytes: int = Settings.max_bytes) -> None:
        # With their numbers. Appending evicts the oldest.
        self._kept: deque[tuple[LiveTrace, int]] = deque(maxlen=max_traces)
        self._max_bytes = max_bytes
        #: While no trace is larger than this, all of them together do not exceed the limit.
        self.share: int = max_bytes // max_traces
        self._lock = locks.lock()
        # A lock of its own: counting does not wait for listing.
        self._counting = locks.lock()
        self._numbers = count(1)
        self._last = 0
        self._unweighed = 0
        self._removed = 0
        self._too_large = 0
        self._ignored = 0
        # The traces that were removed on purpose, as long as a viewer may still ask.
        self._gone: dict[int, int] = {}
        self._epoch = os.urandom(8).hex()

    @property
    def epoch(self) -> str:
        return f"{self._epoch}{os.getpid():x}"

    @property
    def evicted(self) -> int:
        with self._lock:
            kept = len(self._pairs())
            return self._last - self._removed - kept

    @property
    def too_large(self) -> int:
        return self._too_large

    @property
    def ignored(self) -> int:
        return self._ignored

    def ignore(self) -> None:
        """Count a request that is not recorded."""
        with self._counting:
            self._ignored += 1

    def add(self, trace: LiveTrace) -> None:
        trace.store = self
        # Numbered and appended in one call into C, which is atomic for other threads.
        self._kept.extend(zip((trace,), self._numbers, strict=False))

    def discard(self, trace: LiveTrace) -> None:
        """Remove a trace that is not to be shown."""
        with self._lock:
            self._remove([pair for pair in self._pairs() if pair[0] is trace])

    def settle(self, trace: LiveTrace) -> None:
        """Handle a finished trace that is hidden, or larger than its share."""
        with self._lock:
            pairs = self._pairs()
            if trace.hidden:
                self._remove([pair for pair in pairs if pair[0] is trace])
                self.ignore()
                return

            # Weighing all takes time: done only once enough has been added.
            self._unweighed += trace.size()
            if self._unweighed < self._max_bytes // _WEIGHED:
                return
            self._unweighed = 0
            size = sum(each.size() for each, _ in pairs)
            while size > self._max_bytes and len(self._kept) > 1:
                size -= self._kept.popleft()[0].size()
                self._too_large += 1

    def newest(self) -> list[LiveTrace]:
        with self._lock:
            return [trace for trace, _ in reversed(self._pairs()) if not trace.hidden]

    def get(self, trace_id: str) -> LiveTrace | None:
        return next((trace for trace in self.newest() if trace.id == trace_id), None)

    def clear(self) -> None:
        with self._lock:
            self._remove(self._pairs())

    def unseen(self, after: int, before: int) -> int:
        with self._lock:
            hidden = sum(trace.hidden and after < seq < before for trace, seq in self._pairs())
            first, last = (after + 1) // _BLOCK, before // _BLOCK
            gone = 0
            for block, bits in self._gone.items():
                if first <= block <= last:
                    low = max(0, after + 1 - block * _BLOCK)
                    high = min(_BLOCK, before - block * _BLOCK)
                    gone += (bits >> low & (1 << max(0, high - low)) - 1).bit_count()
            return hidden + gone

    def _remove(self, pairs: Iterable[tuple[LiveTrace, int]]) -> None:
        for pair in pairs:
            try:
                self._kept.remove(pair)
            except ValueError:  # evicted already
                continue
            self._removed += 1
            block, bit = divmod(pair[1], _BLOCK)
            self._gone[block] = self._gone.get(block, 0) | 1 << bit
            if len(self._gone) > _BLOCKS:
                del self._gone[min(self._gone)]

    def _pairs(self) -> list[tuple[LiveTrace, int]]:
        pairs: list[tuple[LiveTrace, int]] | None = None
        while pairs is None:
            try:
                pairs = list(self._kept)
            except RuntimeError:  # one was appended in the meantime
                continue
        for trace, seq in pairs:
            trace.seq = seq
        if pairs:
            self._last = pairs[-1][1]
        return pairs


__all__ = ["MemoryStore", "Store"]
