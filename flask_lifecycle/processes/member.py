"""One app of this process, among the processes that share its history."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Callable
from time import monotonic

from .. import locks
from ..faults import fail_open, fault
from ..history.outbox import Outbox
from ..history.protocol import WritableHistory
from ..history.writer import flush
from ..store import Store
from ..trace import process
from ..trace.model import JsonObject
from ..trace.process import HOST
from .protocol import WATCH_SECONDS, Board, Published
from .running import REFRESHED, Running
from .thread import OFTEN, SELDOM, thread

_ID = re.compile("[0-9a-f]{24}")
# How often viewers make themselves known, and the most requests whose steps they watch.
_WATCH = 0.3
_WATCHED = 16
# What is counted changes often; it is read and written no more often than this, s.
_COUNT = 1.0
_COUNTED = ("evicted", "too_large", "ignored")
# What the others published is read no more often.
_READ = 0.08
# A request that is due then is old enough when it is looked at, s.
_SOON = 0.005


class Holds(t.Protocol):
    """What holds the requests of an app, in all processes."""

    @property
    def are_any(self) -> bool:
        """Return whether a request is held here."""
        ...

    def look(self) -> None:
        """Do what is due while somebody watches, here or elsewhere."""
        ...

    def looked(self, *, elsewhere: bool) -> None:
        """Take note of whether another process has viewers."""
        ...

    def published(self) -> JsonObject:
        """Return what the others are to know."""
        ...

    def answer(self, data: JsonObject) -> None:
        """Tell a process that has just started of the breakpoints."""
        ...

    def obey(self, data: JsonObject) -> None:
        """Let a request go on, as another process tells."""
        ...


class Member:
    """What an app tells the other processes, and what it knows of them.

    :param app: the app's name.
    :param run: the name of the server's run.
    :param outbox: takes what this process has finished.
    """

    def __init__(
        self,
        app: str,
        run: str,
        board: Board,
        store: Store,
        history: WritableHistory,
        outbox: Outbox,
    ) -> None:
        self.board: Board = board
        self._history = history
        self._app = app
        self._run = run
        self._outbox = outbox
        # What was counted already of this process's numbers.
        self._counted: dict[str, int] = {}
        # The numbers of all, and when they are to be read and written again.
        self._known: dict[str, int] = {}
        self._known_at = self._count_at = 0.0
        self._store = store
        self._running = Running(store)
        #: Returns the ids of the requests whose steps viewers of this process want; None without
        #: viewers.
        self.wanted: Callable[[], t.Iterable[str] | None] = lambda: None
        #: Handle the messages of others, by their kinds.
        self.handlers: dict[str, Callable[[JsonObject], t.Any]] = {
            "clear": self._clear,
            "restore": self._restore,
            "breakpoints?": self._answer,
            "hold": self._obey,
        }
        #: What holds requests, once any may be held.
        self.holds: Holds | None = None
        # Whether it has asked the others for their breakpoints.
        self._has_asked = False
        self._listening = locks.lock()
        self._read: int | None = None
        # The requests that are watched, and until when some are that were asked for once: by the
        # threads of the panel.
        self._watched: frozenset[str] = frozenset()
        self._asked: dict[str, float] = {}
        self._asking = locks.lock()
        self._watched_at = self._published_at = 0.0
        self._others: list[Published] = []
        self._others_at = 0.0
        #: Whether it takes part; until then, each request lets it.
        self.joined: bool = False

    @fail_open
    def join(self) -> None:
        """Take part from now on."""
        if not self.joined:
            self.joined = thread.add(self)

    def leave(self) -> None:
        """Take part no more, as the extension is removed from the app."""
        thread.remove(self)

    def hurry(self) -> None:
        """Let the others know at once that somebody watches."""
        self.join()
        thread.hurry()

    @property
    def problem(self) -> str | None:
        """Return why nothing is shared, as a sentence, or None."""
        # What is done comes to the others by the history alone.
        if self._history.problem is not None or self.board.problem is None:
            return self._history.problem
        return f"Other processes are not seen: {self.board.problem}."

    @property
    def process(self) -> JsonObject:
        """Return this process, as its requests have it."""
        run = process.run
        made = {"pid": run.pid, "host": HOST, "started_at": run.started_at, "app": self._app}
        return {**made, "run": self._run}

    @property
    def app(self) -> JsonObject:
        """Return the app and the machine, whose processes have the same breakpoints."""
        return {"app": self._app, "host": HOST}

    def turn(self) -> float:
        """Do what is due; return in how many seconds to do so again."""
        if self._history.problem is not None:
            return SELDOM
        self.listen()
        wanted = self.wanted()
        self._watch(wanted)
        watched = self.board.watched()
        if self.holds is not None and (watched is not None or self.board.problem is None):
            self.holds.looked(elsewhere=watched is not None)
        if (wanted is not None or watched is not None) and monotonic() >= self._count_at:
            self._count_at = monotonic() + _COUNT
            self._count()
        if wanted is not None or watched is not None:
            self._hold()
        if watched is None and self.holds is not None and self.holds.are_any:
            # For the command line, which has no time to ask.
            watched = frozenset()
        if watched is not None:
            self._publish(watched)
        elif self._published_at:
            self._published_at = 0.0
            self._running.forget()
            self.board.unpublish()
        if wanted is None and watched is None:
            return SELDOM
        due = self._running.due
        return OFTEN if watched is None or due is None else min(OFTEN, due + _SOON)

    def ask(self, trace_id: str) -> None:
        """Watch a request for some seconds."""
        with self._asking:
            self._asked[trace_id] = monotonic() + WATCH_SECONDS
        self._watch(self.wanted())

    def _watch(self, wanted: t.Iterable[str] | None) -> None:
        """Let the others know if this process has viewers, and which requests they watch."""
        now = monotonic()
        with self._asking:
            self._asked = {each: until for each, until in self._asked.items() if until > now}
            asked = [*self._asked]
        if wanted is None and not asked:
            if self._watched_at:
                self._watched_at = 0.0
                self.board.unwatch()
            return
        named = [each for each in (*asked, *(wanted or ())) if _ID.fullmatch(each)]
        ids = frozenset(named[:_WATCHED])
        if now - self._watched_at >= _WATCH or ids != self._watched:
            self._watched_at, self._watched = now, ids
            self.board.watch(ids)

    def _hold(self) -> None:
        if not self._has_asked:
            self._has_asked = True
            self.board.tell("breakpoints?", self.app)
        if self.holds is not None:
            self.holds.look()

    def listen(self) -> None:
        """Handle what the others have told."""
        with self._listening:
            self._listen()

    def _listen(self) -> None:
        if self._read is None:
            self._read = self.board.latest()
        for number, kind, data in self.board.told(self._read):
            self._read = number
            handle = self.handlers.get(kind)
            if handle is not None:
                try:
                    handle(data)
                except Exception as error:
                    fault(f"a message of another process ({kind})", error)

    def _clear(self, data: JsonObject) -> None:
        before = data.get("before")
        if type(before) is str:
            self._store.clear(restorable=True, before=before)
            # What waits to be written began before, too.
            flush()
            self._history.clear(restorable=True, before=before)

    def _restore(self, _data: JsonObject) -> None:
        self._store.restore()
        flush()
        self._history.restore()

    def _answer(self, data: JsonObject) -> None:
        if self.holds is not None:
            self.holds.answer(data)

    def _obey(self, data: JsonObject) -> None:
        if self.holds is not None:
            self.holds.obey(data)

    def others(self) -> list[Published]:
        """Return what the others published last, at most some milliseconds ago."""
        now = monotonic()
        if now - self._others_at >= _READ:
            self._others = self.board.others()
            self._others_at = now
        return self._others

    def stored_ids(self) -> t.Container[str] | None:
        """Return the ids of what is in the history, or None."""
        return self._history.ids()

    def counts(self) -> dict[str, int]:
        """Return how many requests of all processes were evicted, too large, or ignored."""
        if monotonic() < self._known_at:
            return self._known
        self._known_at = monotonic() + _COUNT
        runs = {self._run, *(str(each.process.get("run")) for each in self.others())}
        found = dict.fromkeys(_COUNTED, 0)
        for name, number in self.board.counts().items():
            run, _, what = name.partition(" ")
            if run in runs and what in found:
                found[what] += number
        more = self._numbers()
        for what in found:
            found[what] += more[what] - self._counted.get(what, 0)
        self._known = found
        return found

    def _count(self) -> None:
        """Add what is new to the numbers of all processes."""
        for what, number in self._numbers().items():
            more = number - self._counted.get(what, 0)
            if more:
                self._counted[what] = number
                self.board.count(f"{self._run} {what}", more)

    def _numbers(self) -> dict[str, int]:
        outbox, history = self._outbox, self._history
        waiting = sum(
            not each.stored and each.ended is not None and each.outbox is not None
            for each in self._store.newest()
        )
        # Some were evicted before they were written.
        lost = outbox.taken - outbox.written - waiting
        return {
            "evicted": history.evicted + max(0, lost),
            "too_large": history.too_large,
            "ignored": self._store.ignored,
        }

    def close(self) -> None:
        """Leave the others, as the process ends."""
        self._count()
        self.board.leave()

    def _publish(self, watched: frozenset[str]) -> None:
        now = monotonic()
        has_news = self._running.has_news()
        steps = self._running.steps(watched)
        if has_news or steps or now - self._published_at >= REFRESHED:
            self._published_at = now
            process = self.process
            if self.holds is not None:
                process["holds"] = self.holds.published()
            self.board.publish(process, self._running.summaries(), steps)
            if self.board.problem is not None:
                self._running.again()

    def forked(self) -> None:
        """Take part again, as another process: what the parent has published is its own."""
        self.joined = self._has_asked = False
        self._published_at = self._watched_at = 0.0
        self._running.forget()
        self._counted = self._numbers()


__all__ = ["Member"]
