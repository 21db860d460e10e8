"""What a process publishes of its requests: those that run, and those that ran a moment ago."""

from __future__ import annotations

import time
import typing as t

from ..faults import fault
from ..pauses import Pauses
from ..store import Store
from ..summary.progress import progress
from ..summary.summarize import summarized
from ..trace.log import clock
from ..trace.model import JsonObject
from ..trace.snapshot import snapshot
from ..trace.writer import LiveTrace

# A request that is over sooner comes to the others by the history alone.
_SHORT = 0.05
# The others look at what is published at least once in this time.
_SEEN = 2.0
#: What is published is replaced so often, s, also if nothing has changed.
REFRESHED = 1.0
_MOST = 200
# The steps of a request take at most this part of the time to be published.
_SHARE = 0.1


class Running:
    """The requests of one app."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._shown: dict[LiveTrace, tuple[t.Any, ...]] = {}
        #: Those that have finished since they were published, and until when they are.
        self._over: dict[LiveTrace, float] = {}
        self._steps: dict[str, tuple[t.Any, ...]] = {}
        self._steps_after = 0.0

    def has_news(self) -> bool:
        """Return whether anything has changed since this was asked last."""
        younger = clock() - _SHORT
        running = [each for each in self._store.newest() if each.running and each.origin < younger]
        shown = {each: progress(each) for each in running[:_MOST]}
        before, self._shown = self._shown, shown
        until = time.monotonic() + _SEEN
        for each in before:
            if each not in shown and not each.running and each.cleared is None:
                self._over[each] = until
        return shown != before

    def summaries(self) -> list[JsonObject]:
        """Return the summaries to publish."""
        now = time.monotonic()
        self._over = {each: until for each, until in self._over.items() if until > now}
        breath = Pauses()
        found = []
        for each in (*self._shown, *self._over):
            found.append(summarized(each))
            breath.take()
        return [each for each in found if each is not None]

    def steps(self, watched: frozenset[str]) -> dict[str, JsonObject]:
        """Return the requests that are watched, whole, as far as they have changed."""
        begun = time.perf_counter()
        if not watched or begun < self._steps_after:
            return {}
        found = {}
        known, self._steps = self._steps, {}
        for each in watched:
            trace = self._store.get(each)
            if trace is None:
                continue
            now = progress(trace)
            if known.get(each) != now or trace.running:
                whole = _whole(trace)
                if whole is not None:
                    found[each] = whole
            self._steps[each] = now
        self._steps_after = begun + (time.perf_counter() - begun) / _SHARE
        return found

    def forget(self) -> None:
        """Forget what was published."""
        self._shown, self._over, self._steps = {}, {}, {}


def _whole(trace: LiveTrace) -> JsonObject | None:
    try:
        return {**snapshot(trace, Pauses().take).to_dict(), "merged": trace.merged}
    except Exception as error:
        fault("the steps of a request for other processes", error)
        return None


__all__ = ["REFRESHED", "Running"]
