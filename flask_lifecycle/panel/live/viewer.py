"""One viewer: what it has been sent, and what its next message contains."""

from __future__ import annotations

import re
import time
import typing as t
from bisect import bisect_left
from functools import partial
from itertools import takewhile

from ...pauses import Pauses
from ...store import Store
from ...summary.progress import progress
from ...summary.summarize import summarized
from ...trace import process
from ...trace.explain import Explainer
from ...trace.highlights import highlights
from ...trace.model import JsonObject, Step
from ...trace.snapshot import freeze, header, snapshot
from ...trace.writer import LiveTrace
from ..openable import Openable
from .growth import Growth
from .of_others import News, OfOthers

# The limits of one message: what a page can process and draw within a few frames.
_TRACES_A_BATCH = 200
# The number of traces that a new viewer is sent; it requests older ones by page.
_NEWEST = 200
_STEPS_A_BATCH = 500
# Encoded as JSON without interruption: 2 ms, in which no other thread runs.
_BATCH_BYTES = 256 * 1024
# The limit of steps among those: a viewer that does not read keeps some copies of two messages.
_STEPS_BYTES = 128 * 1024
# While a trace runs, its highlights are made no more often.
_HIGHLIGHTS_SECONDS = 0.5
# If more traces than that come at once, the steps of the newest are those of one for so long.
_MANY = 20
_STAYS_SECONDS = 1.0
_POSITION = re.compile("([^/]{1,100})/([0-9a-f]{1,64})/([0-9]{1,15})", re.ASCII)


class Pick(t.NamedTuple):
    """The trace whose steps a viewer asks for; the newest one by default."""

    trace: str | None
    #: How many of its steps the viewer has.
    have: int


# The memory of no process.
_ELSEWHERE = "0"
_NEWEST_TRACE = Pick(None, 0)
_NO_NEWS = News([], [], [])
# The progress of a finished request, as far as anybody asks.
_OVER = (False,)


class Position(t.NamedTuple):
    """Up to where a viewer has all requests: in the history, and in the memory of one process."""

    history: str
    epoch: str
    last: int

    def text(self) -> str:
        """Return it as viewers send it back."""
        return f"{self.history}/{self.epoch}/{self.last}"

    @classmethod
    def of(cls, text: t.Any) -> Position | None:
        """Parse what a viewer sends; the input is untrusted."""
        found = _POSITION.fullmatch(text) if isinstance(text, str) else None
        return None if found is None else cls(found[1], found[2], int(found[3]))


class Viewer:
    """The state of one viewer: what it has been sent.

    Only the pump advances this state. The thread of the viewer's socket sets ``pick`` and
    ``acknowledged``, each in one assignment, and writes nothing else.
    """

    def __init__(
        self,
        resumes: bool,
        last: int,
        running: dict[str, int],
        *,
        several: bool = False,
        epoch: str | None = None,
        others: OfOthers | None = None,
        elsewhere: int = 0,
    ) -> None:
        #: Whether the server has other processes.
        self.several: bool = several
        #: What came from other processes; None if nothing is shared with them.
        self.others: OfOthers | None = others
        self._epoch = epoch
        # Up to which number another process has told of this one's traces, by the history.
        self._elsewhere = elsewhere
        self.reset: bool = not resumes
        #: How many requests came while it was disconnected; sent once.
        self.missed: int | None = None
        self.seq: int = 0
        self.acknowledged: int = 0
        self.cursor: int = last
        #: The numbers of the traces that it has been sent, in order, as long as they are stored.
        self.known: dict[str, int] = dict(running)
        #: When those left whose removal is not sent yet: the history may have them.
        self.leaving: dict[str, float] = {}
        self.shown: dict[str, tuple[t.Any, ...]] = dict.fromkeys(running, ())
        self.pick: Pick = _NEWEST_TRACE
        self._picked: Pick = _NEWEST_TRACE
        self.steps_of: str | None = None
        self.steps_sent: int = 0
        self.steps_open: set[int] = set()
        self.growth: Growth = Growth()
        self.explainer: Explainer = Explainer()
        self.strands: tuple[int, int] = (0, 0)
        #: Finished traces whose steps have other indexes now than while they ran.
        self.moved: set[str] = set()
        self.gone: tuple[int, int] = (-1, -1)
        self._highlighted: float = 0.0
        # Until when it gets the steps of the same trace in a flood.
        self._stays: float = 0.0
        #: How many numbers are not those of stored traces, when it was last sent which are gone.
        self._departed: int = -1
        self._restores: int | None = None
        self._states: JsonObject | None = None

    def watches(self, kept: list[LiveTrace], *, is_flood: bool = False) -> LiveTrace | None:
        """Find the trace whose steps the viewer gets; start from its first step if it changed.

        :param is_flood: whether so many have come that nobody sees each newest one.
        """
        pick = self.pick
        is_new, self._picked = pick is not self._picked, pick
        if pick.trace is None:
            trace = kept[0] if kept else None
            if is_flood and time.monotonic() < self._stays:
                trace = _find(kept, self.known.get(self.steps_of or "", 0)) or trace
        else:
            trace = next((each for each in kept if each.id == pick.trace), None)
        if trace is None:
            self.steps_of = None
        elif is_new or trace.id != self.steps_of:
            self.steps_of = trace.id
            self._stays = time.monotonic() + _STAYS_SECONDS
            self.steps_again()
            self.steps_sent = pick.have if trace.id == pick.trace else 0
        return trace

    def _finished(self, kept: list[LiveTrace]) -> set[str]:
        """Return the ids of the stored traces that it has been sent as they are now."""
        return {
            trace.id
            for trace in kept
            if self._elsewhere < trace.seq <= self.cursor
            and not trace.running
            and trace.id not in self.shown
        }

    def again(self, traces: t.Iterable[str]) -> None:
        """Send these traces again, if they have been sent."""
        self.shown.update((each, ()) for each in traces if each in self.known)

    def steps_again(self) -> None:
        """Send the steps of its trace again, from the first one."""
        self.steps_sent = 0
        self.steps_open = set()
        self.growth = Growth()
        self.explainer = Explainer()
        self.strands = (0, 0)

    def message(
        self,
        store: Store,
        kept: list[LiveTrace],
        on_fault: t.Callable[[Exception], None],
        openable: Openable,
        states: JsonObject | None = None,
        *,
        whole: bool = False,
    ) -> JsonObject:
        """Make the next message; empty if there is nothing new and ``whole`` is not set.

        :param kept: all stored traces, newest first.
        :param on_fault: called with an exception that kept steps from being sent.
        :param openable: has what of the removed traces can still be opened.
        :param states: the states of what the page shows beside the traces, by name.
        """
        self._start_again_if_restored(store, kept)
        removed = self._removed(kept, openable)
        is_flood = bool(kept) and kept[0].seq - self.cursor > _MANY
        traces, skipped = self._changed(store, kept)
        # Last: what this process has just sent does not come by the history, too.
        others = _NO_NEWS
        if self.others is not None:
            others = self.others.news(lambda: self._finished(kept), self.pick.trace)
        try:
            steps = self._steps(kept, is_flood=is_flood)
        except Exception as error:
            # Its page would reconnect, and ask for the same.
            on_fault(error)
            steps = []
        counts = None if self.others is None else self.others.counts()
        counts = counts or openable.counts()
        gone = (counts["evicted"], counts["ignored"])
        is_known, self._states = self._states == states, states

        news = traces or steps or removed or self.reset or gone != self.gone or not is_known
        if not news and not whole and not any(others):
            return {}

        oldest, oldest_file = store.oldest()
        reset, self.reset, self.gone = self.reset, False, gone
        missed, self.missed = self.missed, None
        return {
            "epoch": self._epoch or store.epoch,
            "position": self._position(store),
            "reset": reset,
            "traces": traces + others.traces,
            "steps": steps + others.steps,
            "removed": removed + others.removed,
            "skipped": skipped,
            **counts,
            "missed": missed,
            "kept": len(kept),
            "files": store.files,
            "oldest": None if oldest is None else oldest.id,
            "oldest_file": None if oldest_file is None else oldest_file.id,
            **(states or {}),
            "process": {
                **(process.run._asdict() if self.others is None else self.others.process),
                "several": self.several,
                "shared": self.others is not None,
            },
        }

    def _position(self, store: Store) -> str | None:
        """Return up to where it has all, for its next connection to any process of the server."""
        if self.others is None:
            return None
        # What is still to come by the history includes what this process has finished.
        epoch = _ELSEWHERE if self.others.is_behind else store.epoch
        return Position(self.others.position, epoch, self.cursor).text()

    def _start_again_if_restored(self, store: Store, kept: list[LiveTrace]) -> None:
        """Send everything again if cleared traces came back, which are older than the last sent."""
        before, self._restores = self._restores, store.restores
        if before not in (None, self._restores):
            self.reset = True
            self.cursor = before_newest(kept)
            self.known, self.shown, self.moved, self.leaving = {}, {}, set(), {}
            self.steps_again()

    def _changed(self, store: Store, kept: list[LiveTrace]) -> tuple[list[JsonObject], int]:
        found: list[JsonObject] = []
        skipped = size = 0
        breath = Pauses()

        running = [_find(kept, self.known[each]) for each in self.shown]
        news = [*takewhile(lambda trace: trace.seq > self.cursor, kept)]
        for trace in (*running, *reversed(news)):
            if trace is None:
                continue
            new = trace.seq > self.cursor
            if len(found) >= _TRACES_A_BATCH or size >= _BATCH_BYTES:
                break
            # Those that are new and over are sent once.
            state = progress(trace) if trace.running or not new else _OVER
            if new:
                gap = trace.seq - self.cursor - 1
                if gap and self.cursor and not self.reset:
                    skipped += gap - store.unseen(self.cursor, trace.seq)
                self.cursor = trace.seq
                self.known[trace.id] = trace.seq
            elif self.shown[trace.id] == state:
                continue
            summary = summarized(trace)
            if summary is not None:
                found.append(summary)
                size += 1000 + len(trace.path) + len(trace.query)
            breath.take()
            if state[0] if summary is None else summary["state"] == "running":
                self.shown[trace.id] = state
            elif self.shown.pop(trace.id, None) is not None and trace.merged:
                self.moved.add(trace.id)

        return found, skipped

    def _steps(self, kept: list[LiveTrace], *, is_flood: bool) -> list[JsonObject]:
        trace = self.watches(kept, is_flood=is_flood)
        if trace is None or trace.seq > self.cursor:
            return []

        # Read first: if the trace is finished by now, so are all of its steps.
        is_moving = trace.running and trace.merged
        columns = trace.columns()
        head = header(trace)
        count = len(columns.tracepoints)
        if is_moving:
            # Several threads write: a step may have been inserted among those that were sent. All
            # are sent again, unless they are many: then only once the request is finished.
            now = (count, sum(not end for end in columns.ends))
            growth = self.growth
            grown = growth.since_sent(columns, self.steps_open)
            is_new, self.strands = self.strands != now, now
            if not (is_new or grown) or count > _STEPS_A_BATCH:
                return []
            self.steps_again()
            self.strands, self.growth = now, growth
        elif self.strands != (0, 0) or trace.id in self.moved:
            self.moved.discard(trace.id)
            self.steps_again()
        changed = {index for index in self.steps_open if columns.ends[index]}
        changed |= self.growth.since_sent(columns, self.steps_open)
        steps: list[Step] = []
        size = 0
        breath = Pauses()
        for index in (*sorted(changed), *range(self.steps_sent, count)):
            if len(steps) >= _STEPS_A_BATCH or size >= _STEPS_BYTES:
                break
            step = freeze(trace, columns, index)
            steps.append(step)
            breath.take()
            size += 550 + len(str(step.detail))
            self.steps_open.discard(index)
            if step.end is None:
                self.steps_open.add(index)
            self.steps_sent = max(self.steps_sent, index + 1)
        if not steps:
            return []
        explained = []
        read = partial(freeze, trace, columns)
        for each in self.explainer.explained(head, steps, read):
            explained.append(each)
            breath.take()
        return [{"trace": trace.id, "steps": explained, **self._highlights(trace, breath)}]

    def _highlights(self, trace: LiveTrace, breath: Pauses) -> JsonObject:
        """Return the highlights of a trace whose steps are sent; of a running one, now and then."""
        now = time.monotonic()
        count = trace.step_count
        if trace.running and (now < self._highlighted or count > _STEPS_A_BATCH):
            return {}
        if self.steps_sent < count:
            # With the last steps.
            return {}
        self._highlighted = now + _HIGHLIGHTS_SECONDS
        copy = snapshot(trace, breath.take)
        return {"highlights": [each.to_dict() for each in highlights(copy)]}

    def _removed(self, kept: list[LiveTrace], openable: Openable) -> list[str]:
        """Return the sent traces that are gone: evicted, cleared, or hidden since they began.

        Not those that the history has: from the states, the page knows when they go.
        """
        departed = (kept[0].seq if kept else 0) - len(kept)
        if departed != self._departed or not kept:
            # The first time, from what the page says that it has.
            now = 0.0 if self._departed < 0 else time.monotonic()
            self._departed = departed
            there = {trace.seq for trace in kept}
            for each in [each for each, seq in self.known.items() if seq not in there]:
                self.leaving[each] = now
                del self.known[each]
                self.shown.pop(each, None)
                self.moved.discard(each)
        # What has left the memory may have come to the history since that was read.
        known = [each for each, since in self.leaving.items() if since <= openable.looked]
        for each in known:
            del self.leaving[each]
        return [each for each in known if not openable.has(each)]


def pick_of(trace: t.Any, have: t.Any) -> Pick:
    """Parse what a viewer asks for; the input is untrusted."""
    return Pick(
        trace if isinstance(trace, str) else None, max(0, have) if isinstance(have, int) else 0
    )


def before_newest(kept: list[LiveTrace]) -> int:
    """Return the number after which a new viewer's traces begin."""
    return kept[_NEWEST].seq if len(kept) > _NEWEST else 0


def _find(kept: list[LiveTrace], number: int) -> LiveTrace | None:
    index = bisect_left(kept, -number, key=lambda trace: -trace.seq)
    return kept[index] if index < len(kept) and kept[index].seq == number else None


__all__ = ["Pick", "Position", "Viewer", "before_newest", "pick_of"]
