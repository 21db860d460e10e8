"""Follow what is added to a history: one thread asks for it, as long as somebody wants to know.

Whoever wants to know it does not wait for a Redis that is away. As this thread tries again and
again, no other one does.
"""

from __future__ import annotations

import os
import threading
import time
import typing as t
from bisect import bisect_right
from collections.abc import Mapping

from ...faults import fault
from ...trace.model import JsonObject

#: The position of an entry in a stream.
Position = tuple[int, int]
#: A position, and the summary of a request; None for one that is cleared, or of another program.
Entry = tuple[Position, JsonObject | None]

# The thread ends when nobody has asked for so long, s.
_WANTED = 5.0
# What is added in this time comes together; and how long to wait after a failure, s.
_GATHER = 0.03
_AGAIN = 0.3
# To read it takes time from the app: no more than so many are read in a second. Where requests come
# faster, those that are evicted by then are not read.
_MANY = 250
_KEPT = 2000


class Source(t.Protocol):
    """The history, for its follower; each waits for the Redis, and returns None if it fails."""

    def last(self, *, anyway: bool) -> Position | None:
        """Return the position of the last entry."""
        ...

    def wait(self, after: Position) -> list[Entry] | None:
        """Return the entries after a position once there are any, or none of them after a while."""
        ...

    def ids(self, known: Ids) -> Ids | None:
        """Return the ids of all requests; the same object as long as nothing has changed."""
        ...


class Ids(t.NamedTuple):
    """The ids of all requests, and whether each is for a static file."""

    ids: Mapping[str, bool]
    #: Another value once there are others.
    version: t.Any


class State(t.NamedTuple):
    """What is known: all entries between two positions."""

    begin: Position
    end: Position
    entries: list[Entry]
    #: As they were at the end.
    ids: Ids


class Follower:
    """Knows what was added last.

    :param source: the history.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._state: State | None = None
        self._wanted = 0.0
        self._running: tuple[int, threading.Thread] | None = None

    def state(self) -> State | None:
        """Return what is known, or None; it is followed for some time from now on."""
        self._wanted = time.monotonic() + _WANTED
        running = self._running
        if running is None or running[0] != os.getpid() or not running[1].is_alive():
            self._start()
            return None
        return self._state

    def _start(self) -> None:
        self._state = None
        thread = threading.Thread(target=self._run, name="flask-lifecycle-redis", daemon=True)
        # First: of two that come at once, the second finds it, as a rule; two threads do no harm.
        self._running = os.getpid(), thread
        try:
            thread.start()
        except RuntimeError as error:  # no more threads, or the process ends
            fault("the start of the thread for Redis", error)

    def _run(self) -> None:
        while time.monotonic() < self._wanted:
            try:
                count = self._turn()
            except Exception as error:
                fault("what is read from Redis", error)
                count = None
            time.sleep(_AGAIN if count is None else pause_after(count))

    def _turn(self) -> int | None:
        """Return how many entries there are more, or None if it failed."""
        state = self._state
        if state is None:
            last = self._source.last(anyway=True)
            if last is None:
                return None
            state = State(last, last, [], Ids({}, None))
        entries = self._source.wait(state.end)
        if entries is None:
            return None
        # Afterwards: what has just been added is among them.
        ids = self._source.ids(state.ids)
        if ids is None:
            return None
        known = [*state.entries, *entries] if entries else state.entries
        end = known[-1][0] if entries else state.end
        dropped = known[:-_KEPT]
        begin = dropped[-1][0] if dropped else state.begin
        self._state = State(begin, end, known[len(dropped) :], ids)
        return len(entries)


def pause_after(count: int) -> float:
    """Return how long to wait after so many entries, in seconds."""
    return max(_GATHER, count / _MANY)


def added(state: State, after: Position, limit: int) -> list[Entry] | None:
    """Return what was added after a position, or None if that is not known."""
    if after < state.begin:
        return None
    if after >= state.end:
        return []
    first = bisect_right(state.entries, after, key=_position)
    return state.entries[first : first + limit]


def _position(entry: Entry) -> Position:
    return entry[0]


__all__ = ["Entry", "Follower", "Ids", "Position", "State", "added", "pause_after"]
