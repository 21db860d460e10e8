"""One viewer: which requests it has been sent, and what its next message contains."""

from __future__ import annotations

import re
import time
import typing as t
from itertools import takewhile

from ...pauses import Pauses
from ...store import Store
from ...summary.progress import progress
from ...summary.summarize import summarized
from ...trace import process
from ...trace.model import JsonObject
from ...trace.writer import LiveTrace
from ..openable import Openable
from .of_others import News, OfOthers
from .steps import Steps, find

# The limits of one message: what a page can process and draw within a few frames.
_TRACES_A_BATCH = 200
# The number of traces that a new viewer is sent; it requests older ones by page.
_NEWEST = 200
# Encoded as JSON without interruption: 2 ms, in which no other thread runs.
_BATCH_BYTES = 256 * 1024
# If more traces than that come at once, nobody sees the steps of each newest one.
_MANY = 20
_POSITION = re.compile("([^/]{1,100})/([0-9a-f]{1,64})/([0-9]{1,15})", re.ASCII)


# The memory of no process.
_ELSEWHERE = "0"
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

    Only the pump advances this state. The thread of the viewer's socket sets ``acknowledged`` and
    the ``pick`` of its steps, each in one assignment, and writes nothing else.
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
        self.steps: Steps = Steps()
        self.gone: tuple[int, int] = (-1, -1)
        #: How many numbers are not those of stored traces, when it was last sent which are gone.
        self._departed: int = -1
        self._restores: int | None = None
        self._states: JsonObject | None = None

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
            others = self.others.news(lambda: self._finished(kept), self.steps.pick.trace)
        try:
            steps = self.steps.news(kept, self.cursor, is_flood=is_flood)
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
            self.known, self.shown, self.leaving = {}, {}, {}
            self.steps.moved.clear()
            self.steps.again()

    def _changed(self, store: Store, kept: list[LiveTrace]) -> tuple[list[JsonObject], int]:
        found: list[JsonObject] = []
        skipped = size = 0
        breath = Pauses()

        running = [find(kept, self.known[each]) for each in self.shown]
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
                self.steps.moved.add(trace.id)

        return found, skipped

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
                self.steps.moved.discard(each)
        # What has left the memory may have come to the history since that was read.
        known = [each for each, since in self.leaving.items() if since <= openable.looked]
        for each in known:
            del self.leaving[each]
        return [each for each in known if not openable.has(each)]


def before_newest(kept: list[LiveTrace]) -> int:
    """Return the number after which a new viewer's traces begin."""
    return kept[_NEWEST].seq if len(kept) > _NEWEST else 0


__all__ = ["Position", "Viewer", "before_newest"]
