"""The stored traces: limited by count and by bytes; the oldest is evicted first.

Requests for static files are limited apart from all others, and are evicted first where bytes are
short: a few pages with many files would otherwise leave no room for the requests of interest.
"""

from __future__ import annotations

import os
import typing as t
from bisect import insort
from collections import deque
from contextlib import suppress
from itertools import count, islice
from operator import itemgetter
from time import monotonic, time

from . import locks
from .core import shortcut
from .settings import Settings
from .trace.files import is_file

if t.TYPE_CHECKING:
    from .trace.writer import LiveTrace

# All are weighed when large ones have added this fraction of the capacity.
_WEIGHED = 64
# The numbers of removed traces are stored as bits: so many in a block, so many blocks.
_BLOCK = 4096
_BLOCKS = 4096
# Requests for static files that run at the same time: they are no files before they are routed.
_FILES_AT_ONCE = 64
#: How long cleared traces can be restored, in seconds.
RESTORABLE_SECONDS = 60.0

_Pair = tuple["LiveTrace", int]
_number = itemgetter(1)


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

    def extent(self) -> tuple[int, ...] | None:
        """Return what is equal as long as :meth:`newest` returns the same, in much less time.

        None while a trace runs, which may still turn out to be hidden.
        """
        ...

    def running(self) -> tuple[list[LiveTrace], int]:
        """Return the traces that run, newest first, and the number of the newest of all.

        It takes less time than :meth:`newest`. The number may be that of one before, if the newest
        is of a static file.
        """
        ...

    def get(self, trace_id: str) -> LiveTrace | None:
        """Return a stored trace, or None."""
        ...

    @property
    def files(self) -> int:
        """Return how many of the stored traces are of static files."""
        ...

    def oldest(self) -> tuple[LiveTrace | None, LiveTrace | None]:
        """Return the oldest stored trace, and the oldest of a static file."""
        ...

    def clear(self, *, restorable: bool = False, before: str | None = None) -> None:
        """Forget all.

        :param restorable: whether :meth:`restore` can bring them back for a while.
        :param before: only those whose ids sort before this one.
        """
        ...

    @property
    def restores(self) -> int:
        """Return how often cleared traces were brought back."""
        ...

    def restore(self) -> None:
        """Bring back the cleared traces."""
        ...

    def unseen(self, after: int, before: int) -> int:
        """Count the traces between two numbers that are not shown: hidden or cleared."""
        ...


class MemoryStore:
    """Stores traces in this process.

    :param max_traces: the maximum number of traces, and of those of static files.
    :param max_bytes: the maximum of estimated bytes; the newest is kept, however large.
    """

    def __init__(self, max_traces: int, max_bytes: int = Settings.max_bytes) -> None:
        # With their numbers. Appending evicts the oldest, unless this is read before.
        self._kept: deque[_Pair] = deque(maxlen=max_traces + min(_FILES_AT_ONCE, max_traces))
        # Those that have ended; in order of their numbers, as the next two.
        self._files: list[_Pair] = []
        self._restored: list[_Pair] = []
        self._cleared: list[_Pair] = []
        self._cleared_at = 0.0
        self._restores = 0
        self._max_traces = max_traces
        self._max_bytes = max_bytes
        self._share = max_bytes // max_traces
        #: While no trace is larger than this, all of them together do not exceed the limit. With
        #: those that were cleared they may, whatever their size.
        self.share: int = self._share
        self._lock = locks.lock()
        # A lock of its own: counting does not wait for listing.
        self._counting = locks.lock()
        self._numbers = count(1)
        self._last = 0
        self._unweighed = 0
        self._files_evicted = 0
        self._too_large = 0
        self._ignored = 0
        self._removed = _Removed()
        self._epoch = os.urandom(8).hex()

    @property
    def epoch(self) -> str:
        return f"{self._epoch}{os.getpid():x}"

    @property
    def evicted(self) -> int:
        with self._lock:
            kept = len(self._pairs())
            return self._last - self._removed.total - self._files_evicted - kept

    @property
    def too_large(self) -> int:
        return self._too_large

    @property
    def ignored(self) -> int:
        return self._ignored

    @property
    def files(self) -> int:
        return len(self._files)

    def oldest(self) -> tuple[LiveTrace | None, LiveTrace | None]:
        with self._lock:
            self._bound()
            shelves = (self._restored or self._kept, self._files)
            first, file = (next(iter(_copied(shelf)), (None, 0))[0] for shelf in shelves)
            return first, file

    def ignore(self) -> None:
        """Count a request that is not recorded."""
        with self._counting:
            self._ignored += 1

    @shortcut("add_to_store", None)
    def add(self, trace: LiveTrace) -> None:
        trace.store = self
        # Numbered and appended in one call into C, which is atomic for other threads.
        self._kept.extend(zip((trace,), self._numbers, strict=False))

    def discard(self, trace: LiveTrace) -> None:
        """Remove a trace that is not to be shown."""
        with self._lock:
            self._remove([pair for pair in self._pairs() if pair[0] is trace])

    def settle(self, trace: LiveTrace) -> None:
        """Handle a finished trace that is hidden, of a static file, or larger than its share."""
        with self._lock:
            if trace.hidden:
                self._remove([pair for pair in self._pairs() if pair[0] is trace])
                self.ignore()
                return
            if is_file(trace.endpoint, trace.path):
                self._set_aside(trace)

            self._forget_cleared()
            # Weighing all takes time: done only once enough has been added.
            self._unweighed += trace.size()
            if self._unweighed < self._max_bytes // _WEIGHED:
                return
            self._unweighed = 0
            self._make_room()

    def newest(self) -> list[LiveTrace]:
        with self._lock:
            return [trace for trace, _ in reversed(self._pairs()) if not trace.hidden]

    def extent(self) -> tuple[int, ...] | None:
        with self._lock:
            self._forget_cleared()
            shelves = (self._kept, self._files, self._restored)
            # Read first: more may come at any time.
            ends = [shelf[end][1] if shelf else 0 for shelf in shelves for end in (0, -1)]
            extent = (*map(len, shelves), *ends, self._removed.total)
            pairs = (*_copied(self._kept), *self._restored)
            return extent if all(trace.ended is not None for trace, _ in pairs) else None

    def running(self) -> tuple[list[LiveTrace], int]:
        kept = _copied(self._kept)
        newest = kept[-1][1] if kept else 0
        found = [trace for trace, _ in reversed(kept) if trace.ended is None]
        if self._restored:
            # They may have been cleared while they ran.
            with self._lock:
                found += [trace for trace, _ in reversed(self._restored) if trace.ended is None]
        return [trace for trace in found if not trace.hidden], newest

    def get(self, trace_id: str) -> LiveTrace | None:
        return next((trace for trace in self.newest() if trace.id == trace_id), None)

    def clear(self, *, restorable: bool = False, before: str | None = None) -> None:
        with self._lock:
            pairs = [pair for pair in self._pairs() if before is None or pair[0].id < before]
            self._remove(pairs)
            now = time() if restorable else 0.0
            for trace, _ in pairs:
                if not trace.stored:
                    trace.cleared = now
            # Cleared twice, both come back: the second time may be the slip.
            self._keep_cleared([*self._cleared, *pairs] if restorable else [])
            self._cleared_at = monotonic()
            self._make_room()

    @property
    def restores(self) -> int:
        return self._restores

    def restore(self) -> None:
        with self._lock:
            self._forget_cleared()
            self._restores += bool(self._cleared)
            for pair in self._cleared:
                self._removed.discard(pair[1])
                pair[0].cleared = None
                is_aside = not pair[0].running and is_file(pair[0].endpoint, pair[0].path)
                insort(self._files if is_aside else self._restored, pair, key=_number)
            self._keep_cleared([])

    def unseen(self, after: int, before: int) -> int:
        with self._lock:
            hidden = sum(trace.hidden and after < seq < before for trace, seq in self._pairs())
            return hidden + self._removed.between(after, before)

    def _set_aside(self, trace: LiveTrace) -> None:
        """Move a trace among those of static files."""
        for shelf in (self._kept, self._restored):
            # From the newest on: it has just ended.
            pair = next((pair for pair in reversed(_copied(shelf)) if pair[0] is trace), None)
            if pair is None:
                continue
            with suppress(ValueError):  # evicted by now
                shelf.remove(pair)
                insort(self._files, pair, key=_number)
            return

    def _has_others(self) -> bool:
        return len(self._files) + len(self._restored) + len(self._kept) > 1

    def _pop_oldest(self) -> LiveTrace:
        """Evict a trace for its size: static files first, as long as there are others."""
        if self._files and (self._restored or self._kept or len(self._files) > 1):
            self._files_evicted += 1
            return self._files.pop(0)[0]
        self._too_large += 1
        return self._pop_other()

    def _pop_other(self) -> LiveTrace:
        return (self._restored.pop(0) if self._restored else self._kept.popleft())[0]

    def _remove(self, pairs: list[_Pair]) -> None:
        for pair in pairs:
            for shelf in (self._kept, self._files, self._restored):
                try:
                    shelf.remove(pair)
                except ValueError:  # elsewhere, or evicted already
                    continue
                self._removed.add(pair[1])
                break

    def _pairs(self) -> list[_Pair]:
        """Return all stored traces with their numbers, oldest first."""
        self._forget_cleared()
        self._bound()
        pairs = _copied(self._kept)
        if self._files or self._restored:
            pairs = sorted((*self._restored, *self._files, *pairs), key=_number)
        for trace, seq in pairs:
            trace.seq = seq
        if pairs:
            self._last = max(self._last, pairs[-1][1])
        return pairs

    def _bound(self) -> None:
        excess = len(self._restored) + len(self._kept) - self._max_traces
        if excess > 0:
            newest = islice(reversed(_copied(self._kept)), _FILES_AT_ONCE)
            excess -= sum(is_file(trace.endpoint, trace.path) for trace, _ in newest)
        for _ in range(excess):
            self._pop_other()
        excess = max(0, len(self._files) - self._max_traces)
        self._files_evicted += excess
        del self._files[:excess]

    def _forget_cleared(self) -> None:
        if self._cleared and monotonic() - self._cleared_at > RESTORABLE_SECONDS:
            self._keep_cleared([])

    def _keep_cleared(self, pairs: list[_Pair]) -> None:
        self._cleared = pairs
        self.share = 0 if pairs else self._share

    def _make_room(self) -> None:
        """Keep the limit of bytes: what was cleared goes first."""
        pairs = self._pairs()
        size = sum(each.size() for each, _ in (*self._cleared, *pairs))
        while size > self._max_bytes and self._cleared:
            size -= self._cleared.pop(0)[0].size()
        while size > self._max_bytes and self._has_others():
            size -= self._pop_oldest().size()


def _copied(shelf: deque[_Pair] | list[_Pair]) -> list[_Pair]:
    """Copy a shelf to which other threads may append."""
    while True:
        try:
            return list(shelf)
        except RuntimeError:  # one was appended in the meantime
            continue


class _Removed:
    """The numbers of the traces that were removed on purpose, as long as a viewer may still ask."""

    def __init__(self) -> None:
        self.total: int = 0
        self._blocks: dict[int, int] = {}

    def add(self, number: int) -> None:
        self.total += 1
        block, bit = divmod(number, _BLOCK)
        self._blocks[block] = self._blocks.get(block, 0) | 1 << bit
        if len(self._blocks) > _BLOCKS:
            del self._blocks[min(self._blocks)]

    def discard(self, number: int) -> None:
        self.total -= 1
        block, bit = divmod(number, _BLOCK)
        if block in self._blocks:
            self._blocks[block] &= ~(1 << bit)

    def between(self, after: int, before: int) -> int:
        """Count the numbers between two others."""
        first, last = (after + 1) // _BLOCK, before // _BLOCK
        found = 0
        for block, bits in self._blocks.items():
            if first <= block <= last:
                low = max(0, after + 1 - block * _BLOCK)
                high = min(_BLOCK, before - block * _BLOCK)
                found += (bits >> low & (1 << max(0, high - low)) - 1).bit_count()
        return found


__all__ = ["RESTORABLE_SECONDS", "MemoryStore", "Store"]
