"""Which requests can still be opened: what left the memory may be in the history."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from .. import locks
from ..history import History
from ..store import Store
from ..trace.model import JsonObject
from ..trace.process import is_own

# The stream does not read the history more often.
SELDOM = 0.25


class Openable:
    """What nobody can open any more of the requests of this process, and what the history has."""

    def __init__(self, store: Store, history: History | None) -> None:
        self._store = store
        self._history = history
        self._lock = locks.lock()
        self._ids: Mapping[str, bool] | None = None
        self._oldest: dict[str, str | None] | None = None
        # What was counted last: of which ids and how many evicted ones, and the number.
        self._counted: tuple[object, int, int] = (None, -1, 0)
        # How many of those were cleared from the history: they were not evicted.
        self._cleared = 0
        #: When the history was read.
        self.looked: float = math.inf if history is None else -math.inf
        self.evicted: int = 0
        #: How many of these were evicted for their size.
        self.too_large: int = 0

    def look(self, seconds: float = 0.0) -> None:
        """Count again, unless that was done in the last few seconds."""
        with self._lock:
            if self._history is not None:
                now = time.monotonic()
                if now - self.looked < seconds:
                    return
                ids, self.looked = self._history.ids(), now
                if ids is not self._ids:
                    self._ids = ids
                    self._oldest = None if ids is None else _oldest(ids)
            kept = self._kept() + self._cleared
            self.evicted = max(0, self._store.evicted - kept)
            # What both would evict for its number is in neither.
            self.too_large = max(0, self._store.too_large - kept)

    def counts(self) -> dict[str, int]:
        """Return the numbers of this process for its viewers."""
        return {
            "evicted": self.evicted,
            "too_large": self.too_large,
            "ignored": self._store.ignored,
        }

    def has(self, trace_id: str) -> bool:
        """Return whether the history has a request."""
        return self._ids is not None and trace_id in self._ids

    def state(self) -> JsonObject | None:
        """Return the state of the history for viewers: None if there is none, by the settings.

        ``kept`` are its oldest request and its oldest one for a static file, or null if it cannot
        be read: those that sort before them are gone.
        """
        if self._history is None:
            return None
        return {"problem": self._history.problem, "kept": self._oldest}

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Do not take for evicted what the user clears from the history, or brings back."""
        self.look()
        before = self._kept()
        try:
            yield
        finally:
            self.look()
            self._cleared = max(0, self._cleared + before - self._kept())
            self.look()

    def _kept(self) -> int:
        """Return how many of the evicted requests of this process the history has."""
        ids, evicted = self._ids, self._store.evicted
        if not ids or not evicted:
            return 0
        if self._counted[:2] != (ids, evicted):
            here = {trace.id for trace in self._store.newest()}
            count = sum(
                not is_file and each not in here and is_own(each) for each, is_file in ids.items()
            )
            self._counted = ids, evicted, count
        return self._counted[2]


def _oldest(ids: Mapping[str, bool]) -> dict[str, str | None]:
    kinds = (("oldest", False), ("oldest_file", True))
    return {
        name: min((each for each, is_file in ids.items() if is_file == kind), default=None)
        for name, kind in kinds
    }


__all__ = ["SELDOM", "Openable"]
