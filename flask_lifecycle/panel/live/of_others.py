"""What a viewer has been sent of the requests of other processes."""

from __future__ import annotations

import time
import typing as t
from collections.abc import Callable, Iterable

from ...history import History
from ...trace.model import JsonObject
from ..others import Others

_TRACES_A_BATCH = 200
# What no process shows any more was cleared or lost; what has just finished comes by the history.
_LOST_SECONDS = 3.0
# The history is read so often, s, and for this part of the time at most: where requests come
# faster, those that it has evicted by then are not sent.
_OFTEN, _SELDOM = 0.1, 1.0
_SHARE = 0.015
# A page has no more.
_STORED = 10_000
# These change with the clock alone.
_CLOCKS = ("elapsed", "app_time", "strip")


class News(t.NamedTuple):
    """What a message has of other processes."""

    traces: list[JsonObject]
    removed: list[str]
    steps: list[JsonObject]


class OfOthers:
    """What comes to a viewer from other processes: their running requests, and what is done.

    :param position: the place in the history up to which the viewer has all; None for the end.
    :param running: the running requests of others that it has.
    :param since: the ids from which on this process tells of its own by its memory alone.
    """

    def __init__(
        self,
        others: Others,
        history: History | None,
        position: str | None = None,
        running: Iterable[str] = (),
        since: str = "",
    ) -> None:
        self._others = others
        self._since = since
        self._history = history
        self.position: str = position or ("" if history is None else history.position())
        #: Whether the history has more after it.
        self.is_behind: bool = False
        # What was sent of each request that has not come by the history, and when it was shown.
        self._sent: dict[str, tuple[JsonObject, float]] = {
            each: ({"state": "running"}, 0.0) for each in running
        }
        # What came by the history, and what that had when this was looked at last.
        self._stored: dict[str, None] = {}
        self._ids: object = None
        self._again = 0.0
        self._steps_of: str | None = None
        self._steps: list[JsonObject] = []
        # What they were read from.
        self._written: str | bytes | None = None

    @property
    def process(self) -> JsonObject:
        """Return this process, as the others know it."""
        return self._others.process

    def counts(self) -> dict[str, int] | None:
        """Return how many requests of all processes were evicted, too large, or ignored."""
        return self._others.counts()

    def news(self, finished: Callable[[], set[str]], wanted: str | None) -> News:
        """Return what is new.

        :param finished: returns which finished requests the viewer has already.
        :param wanted: the request whose steps it wants.
        """
        traces = [*self._done(finished), *self._running()]
        return News(traces, [*self._lost(), *self._removed()], self._new_steps(wanted))

    def _done(self, finished: Callable[[], set[str]]) -> list[JsonObject]:
        now = time.monotonic()
        if self._history is None or now < self._again:
            return []
        begun = time.thread_time()
        added = self._history.added(self.position, _TRACES_A_BATCH, finished())
        took = time.thread_time() - begun
        self._again = now + min(_SELDOM, max(_OFTEN, took / _SHARE))
        if added is None:
            return []
        before = self.position
        found, self.position = added
        self.is_behind = before != self.position != self._history.position()
        own = _place(self.process)
        # What the memory evicted before it could be sent has been counted as skipped.
        new = [each for each in found if each["id"] < self._since or _place(each["process"]) != own]
        for each in new:
            self._sent.pop(each["id"], None)
        self._stored.update(dict.fromkeys(each["id"] for each in new))
        while len(self._stored) > _STORED:
            del self._stored[next(iter(self._stored))]
        return new

    def _running(self) -> list[JsonObject]:
        now = time.monotonic()
        found = []
        for trace_id, summary in self._others.running().items():
            shown = {key: value for key, value in summary.items() if key not in _CLOCKS}
            known = self._sent.get(trace_id)
            if known is None and summary["state"] == "done" and self._is_stored(trace_id):
                continue
            if known is None or known[0] != shown:
                found.append(summary)
            self._sent[trace_id] = shown, now
        return found

    def _is_stored(self, trace_id: str) -> bool:
        ids = None if self._history is None else self._history.ids()
        return ids is not None and trace_id in ids

    def _lost(self) -> list[str]:
        """Return those that ran when they were sent, and of which nothing has come since."""
        before = time.monotonic() - _LOST_SECONDS
        lost = [each for each, (_, shown) in self._sent.items() if shown < before]
        return [each for each in lost if self._sent.pop(each)[0]["state"] == "running"]

    def _removed(self) -> list[str]:
        """Return those that came by the history and have left it."""
        ids = None if self._history is None else self._history.ids()
        if ids is None or ids is self._ids:
            return []
        self._ids = ids
        removed = [each for each in self._stored if each not in ids]
        for each in removed:
            del self._stored[each]
        return removed

    def _new_steps(self, wanted: str | None) -> list[JsonObject]:
        if wanted != self._steps_of:
            self._steps_of, self._steps, self._written = wanted, [], None
        if wanted is None or wanted not in self._sent:
            return []
        # To read and explain it takes time from the app.
        before, self._written = self._written, self._others.written(wanted)
        if self._written in (None, before):
            return []
        trace = self._others.steps(wanted)
        if trace is None:
            return []
        whole = trace.to_dict()
        known, self._steps = self._steps, whole["steps"]
        new = [
            each
            for index, each in enumerate(self._steps)
            if index >= len(known) or known[index] != each
        ]
        if not new:
            return []
        return [{"trace": wanted, "steps": new, "highlights": whole["highlights"]}]


def _place(process: JsonObject) -> tuple[t.Any, ...]:
    """Return what tells an app in a process from all others."""
    return tuple(process.get(key) for key in ("host", "pid", "started_at", "app"))


__all__ = ["News", "OfOthers"]
