"""What a process publishes of its requests: those that run, and those that ran a moment ago."""

from __future__ import annotations

import time
import typing as t
from contextlib import suppress

from ..faults import fault
from ..pauses import Pauses
from ..store import Store
from ..summary.progress import progress
from ..summary.summarize import summarized
from ..trace.log import WIDTH, clock
from ..trace.model import JsonObject
from ..trace.snapshot import snapshot
from ..trace.writer import LiveTrace

# A request that is over sooner comes to the others by the history alone. The next one that gets so
# old is not waited for where more than a few have come since: each turn takes time from the app.
_SHORT, _FEW = 0.05, 3
# The others look at what is published at least once in this time.
_SEEN = 2.0
#: What is published is replaced so often, s, also if nothing has changed.
REFRESHED = 1.0
_MOST = 200
# The steps of a request take at most this part of the time to be published.
_SHARE = 0.1
# Also if nobody looks at them, the steps of so many requests that have run for so long, s, are
# published in this part of the time: they are what is known if the process dies.
_LONG, _MOST_LONG, _SHARE_OF_LONG = 1.0, 8, 0.03

_Known = dict[str, tuple[tuple[t.Any, ...], float]]
_NEVER: tuple[tuple[t.Any, ...], float] = (), 0.0


class Running:
    """The requests of one app."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._newest = 0
        #: In how many seconds the next request is to be published, if one is known.
        self.due: float | None = None
        self._shown: dict[LiveTrace, tuple[t.Any, ...]] = {}
        #: Those that have finished since they were published, and until when they are.
        self._over: dict[LiveTrace, float] = {}
        #: Their summaries, which do not change.
        self._last: dict[LiveTrace, JsonObject | None] = {}
        #: Those whose steps are published: how far they had come, and when that was.
        self._steps: _Known = {}
        self._before: _Known = {}
        self._steps_after = self._long_after = 0.0

    def has_news(self) -> bool:
        """Return whether anything has changed since this was asked last."""
        younger = clock() - _SHORT
        running, newest = self._store.running()
        ages = [each.origin - younger for each in running]
        is_quiet, self._newest = newest - self._newest <= _FEW, newest
        self.due = min((each for each in ages if each >= 0), default=None) if is_quiet else None
        old = [each for each, age in zip(running, ages, strict=True) if age < 0]
        shown = {each: progress(each) for each in old[:_MOST]}
        known, self._shown = self._shown, shown
        until = time.monotonic() + _SEEN
        for each in known:
            if each not in shown and not each.running and each.cleared is None:
                self._over[each] = until
        return shown != known

    def summaries(self) -> list[JsonObject]:
        """Return the summaries to publish."""
        now = time.monotonic()
        self._over = {each: until for each, until in self._over.items() if until > now}
        breath = Pauses()
        known = self._last
        self._last = {}
        found = []
        for each in self._shown:
            found.append(summarized(each))
            breath.take()
        for each in self._over:
            self._last[each] = known[each] if each in known else summarized(each)
            breath.take()
        return [each for each in (*found, *self._last.values()) if each is not None]

    def steps(self, watched: frozenset[str]) -> dict[str, JsonObject | None]:
        """Return requests whole, as far as they have changed; None for those to forget.

        :param watched: the ids of those that are watched.
        """
        known = self._before = self._steps
        self._steps = {}
        found = self._of_watched(watched, known) | self._of_long(watched, known)
        return found | {each: None for each in known if each not in self._steps}

    def _of_watched(self, watched: frozenset[str], known: _Known) -> dict[str, JsonObject | None]:
        begun = time.perf_counter()
        found: dict[str, JsonObject | None] = {}
        for each in watched:
            trace = self._store.get(each)
            if trace is None:
                continue
            if begun < self._steps_after:
                if each in known:
                    self._steps[each] = known[each]
                continue
            now = _state(trace)
            before, at = known.get(each, _NEVER)
            if now == before and not (trace.running and begun - at >= REFRESHED):
                self._steps[each] = known[each]
                continue
            found[each] = _whole(trace)
            self._steps[each] = now, begun
        if found:
            self._steps_after = begun + (time.perf_counter() - begun) / _SHARE
        return found

    def _of_long(self, watched: frozenset[str], known: _Known) -> dict[str, JsonObject | None]:
        """Return one of those that run for long, the one whose steps were published longest ago."""
        begun = time.perf_counter()
        older = clock() - _LONG
        long = [each for each in self._shown if each.origin < older and each.id not in watched]
        # The first of them are the next that a server ends.
        long = long[-_MOST_LONG:]
        self._steps |= {each.id: known[each.id] for each in long if each.id in known}
        at = {each: known.get(each.id, _NEVER) for each in long}
        changed = [each for each in long if at[each][0] != self._shown[each]]
        if not changed or begun < self._long_after:
            return {}
        trace = min(changed, key=lambda each: at[each][1])
        whole = _whole(trace)
        self._steps[trace.id] = self._shown[trace], begun
        self._long_after = begun + (time.perf_counter() - begun) / _SHARE_OF_LONG
        return {trace.id: whole}

    def again(self) -> None:
        """Let all steps be published again, as the others have not got them."""
        self._steps = dict.fromkeys(self._before | self._steps, _NEVER)
        self._long_after = 0.0

    def forget(self) -> None:
        """Forget what was published."""
        self._shown, self._over, self._last, self._steps, self._before = {}, {}, {}, {}, {}


def _state(trace: LiveTrace) -> tuple[t.Any, ...]:
    """Return the values whose change makes the steps be published at once."""
    opened: list[int] = []
    grown: list[t.Any] = []
    # If they cannot be read, publishing them reports it.
    with suppress(Exception):
        columns = trace.columns()
        opened = [index for index, end in enumerate(columns.ends) if not end]
        grown = [columns.notes.progress(index * WIDTH) for index in opened]
    return progress(trace), opened, grown


def _whole(trace: LiveTrace) -> JsonObject | None:
    try:
        return {**snapshot(trace, Pauses().take).to_dict(), "merged": trace.merged}
    except Exception as error:
        fault("the steps of a request for other processes", error)
        return None


__all__ = ["REFRESHED", "Running"]
