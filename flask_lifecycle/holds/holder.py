"""The holder of one app: decides which requests are held, and lets them go on."""

from __future__ import annotations

import os
import time
import typing as t
from collections.abc import Sequence
from weakref import WeakKeyDictionary, ref

from .. import locks
from ..recorder import holding
from ..recorder.holding import Call, When
from ..trace.model import JsonObject
from ..trace.owner import Owner
from ..trace.tracepoint import TRACEPOINTS, UNNUMBERED, Tracepoint
from ..trace.writer import LiveTrace, Writer
from .bounds import UNKNOWN, Server, Viewers, is_on_servers_loop
from .breakpoints import Breakpoint
from .held import Held
from .instead import instead_of

_CACHED = 4096
# Stands for the next step, or the end of one.
_ANY = Breakpoint()


class Next(t.NamedTuple):
    """Where a request that went on is held next, apart from breakpoints."""

    do: str
    #: A weak reference: the trace may be the writer.
    writer: ref[Writer]
    step: int


class Holder:
    """Holds the requests of one app.

    :param owner: the app's identity.
    :param seconds: how long a request is held at most.
    """

    def __init__(self, owner: Owner, seconds: float) -> None:
        self._owner = owner
        self._seconds = seconds
        self._lock = locks.lock()
        self._pid = os.getpid()
        self._held: dict[str, Held] = {}
        self._next: WeakKeyDictionary[LiveTrace, Next] = WeakKeyDictionary()
        #: By the number of a tracepoint, or what it is named, and its request's endpoint.
        self._at: dict[tuple[t.Any, str | None], tuple[Breakpoint, ...]] = {}
        self.breakpoints: tuple[Breakpoint, ...] = ()
        self.on: bool = True
        #: Grows with each change of the breakpoints: when it was, in µs, so that it is the same in
        #: all processes that have them; 0 before the first.
        self.revision: int = 0
        #: How many requests were not held at a breakpoint, as too many were held already.
        self.passed: int = 0
        self.viewers: Viewers = Viewers()
        #: The server, as the last client of the panel came through it.
        self.server: Server = UNKNOWN
        #: Returns the server by the call that this thread handles: no client may come through it.
        self.find_server: t.Callable[[], Server | None] = lambda: None
        holding.holders[owner] = self

    @property
    def armed(self) -> bool:
        """Return whether any request may be held."""
        if self.on and any(each.on for each in self.breakpoints):
            return True
        # In one call into C: other requests go on step by step meanwhile.
        traces = (reference() for reference in self._next.keyrefs())
        return any(trace is not None and trace.running for trace in traces)

    def set(
        self, breakpoints: Sequence[Breakpoint], *, on: bool, revision: int | None = None
    ) -> bool:
        """Replace all breakpoints.

        :param revision: that of another process; nothing changes if it is not a newer one.
        :returns: whether they are replaced.
        """
        with self._lock:
            if revision is not None and revision <= self.revision:
                return False
            self.breakpoints = tuple(breakpoints)
            self.on = on
            self._changed(revision)
            return True

    def held(self) -> list[Held]:
        """Return the requests that are held, the oldest first."""
        self._check_pid()
        with self._lock:
            return [each for each in self._held.values() if each.waits]

    def why_never(self) -> str | None:
        """Return why no request will be held, whatever else changes, or None."""
        app: t.Any = self._owner.app()
        if app is None or not app.debug:
            return "Requests are only held while the app is in debug mode."
        return self.server.why_never()

    def why_none(self) -> str | None:
        """Return why no request can be held now, or None."""
        return self.why_never() or self.server.why_none()

    def tell(self, held: Held, do: str, status: t.Any = None, text: t.Any = None) -> bool:
        """Let a held request go on; return False if it does already.

        :param do: ``go``, ``step``, ``end``, ``all``, ``answer``, ``skip`` or ``raise``.
        :raises CannotError: it cannot do that here; the text says why.
        :raises ValueError: the status or the text is invalid; the text says what it takes.
        """
        instead = None
        if do in ("go", "step", "end", "all"):
            held.check(do)
        else:
            app = self._owner.app()
            call = held.call
            instead = instead_of(do, held.tracepoint.stage, call, app, status=status, text=text)
        return held.decide(do, instead)

    def let_all_go(self, do: str = "all") -> int:
        """Let all held requests go on, and hold none of them again; return how many there were."""
        self._check_pid()
        with self._lock:
            # One that is about to wait does not begin to.
            held = [*self._held.values()]
        return sum(each.decide(do) for each in held)

    def close(self) -> None:
        """Hold no more requests, and let those go on that are held."""
        with self._lock:
            # Without a revision, no other process is told of this: it keeps its own.
            self.breakpoints, self.on, self.revision = (), False, 0
            self._next.clear()
            self._at = {}
            if not self._is_closed():
                del holding.holders[self._owner]
        self.let_all_go("stopped")
        holding.arm()

    def _is_closed(self) -> bool:
        return holding.holders.get(self._owner) is not self

    def enter(self, writer: Writer, step: int, when: When, call: Call | None) -> Held | None:
        """Return the request, held at a step; None if it is not to be held there."""
        if step >= len(writer.log):
            # The trace has finished: what another thread does now is not recorded.
            return None
        self._check_pid()
        trace = writer.trace
        if step == 0 and self.server is UNKNOWN and writer is trace and trace.parent is None:
            self.server = self.find_server() or self.server
        number = writer.log[step]
        tracepoint = (
            writer.notes.tracepoints.get(step, TRACEPOINTS[number])
            if number == UNNUMBERED
            else TRACEPOINTS[number]
        )
        stop = self._stop(writer, step, when, number, tracepoint)
        if stop is None or not self._may_hold(trace):
            return None
        held = Held(writer, step, when, tracepoint, call, self._seconds, self)
        blocks = trace.parent is None and is_on_servers_loop()
        with self._lock:
            if self._is_closed():
                return None
            if blocks or trace.id in self._held or _count() >= self.server.room():
                self.passed += 1
                return None
            if stop.once and not self._use_up(stop):
                return None
            self._next.pop(trace, None)
            self._held[trace.id] = held
        try:
            held.begin()
        except BaseException:
            self.released(held)
            raise
        return held

    def released(self, held: Held) -> None:
        """Forget a request that goes on."""
        trace = held.writer.trace
        with self._lock:
            if self._held.get(trace.id) is held:
                del self._held[trace.id]
            if held.did in ("step", "end", "all"):
                self._next[trace] = Next(held.did, ref(held.writer), held.step)
            holding.arm()

    def _may_hold(self, trace: LiveTrace) -> bool:
        app: t.Any = self._owner.app()
        return not trace.hidden and self.viewers.present and app is not None and bool(app.debug)

    def _stop(
        self, writer: Writer, step: int, when: When, number: int, tracepoint: Tracepoint
    ) -> Breakpoint | None:
        """Return the breakpoint that a request has reached, or None."""
        trace = writer.trace
        after = self._next.get(trace) if self._next else None
        if after is None and not self.breakpoints:
            # A request that was let go on step by step may have ended.
            holding.arm()
        if after is not None:
            if after.do == "all":
                return None
            is_next = after.do == "step" and when == "before"
            is_end = when == "after" and step == after.step and writer is after.writer()
            if is_next or (after.do == "end" and is_end):
                return _ANY
        if self.on:
            for each in self._breakpoints_at(number, tracepoint, trace.endpoint):
                if each.when == when and each.takes(trace):
                    return each
        return None

    def _breakpoints_at(
        self, number: int, tracepoint: Tracepoint, endpoint: str | None
    ) -> tuple[Breakpoint, ...]:
        # Templates, signals and statements have no numbers, and the same names again and again.
        place: t.Any = number
        if number == UNNUMBERED:
            place = tracepoint.stage, tracepoint.name, tracepoint.callable
        key = place, endpoint
        # First: where the breakpoints are replaced meanwhile, the new ones have another one.
        at = self._at
        known = at.get(key)
        if known is None:
            if len(at) >= _CACHED:
                at.clear()
            known = tuple(each for each in self.breakpoints if each.is_at(tracepoint, endpoint))
            at[key] = known
        return known

    def _use_up(self, used: Breakpoint) -> bool:
        """Remove a breakpoint that holds one request; return False if it has held one."""
        left = tuple(each for each in self.breakpoints if each is not used)
        if len(left) == len(self.breakpoints):
            return False
        self.breakpoints = left
        self._changed()
        return True

    def _changed(self, revision: int | None = None) -> None:
        self.revision = revision or max(self.revision + 1, time.time_ns() // 1000)
        self._at = {}
        holding.arm()

    def _check_pid(self) -> None:
        """Forget the requests of the parent process, from before a fork."""
        if self._pid != os.getpid():
            self._pid = os.getpid()
            self._held.clear()

    def state(self) -> JsonObject:
        """Return which requests are held, and which breakpoints there are, by their revision."""
        return {
            "held": [each.where() for each in self.held()],
            "revision": self.revision,
            "passed": self.passed,
        }

    def to_dict(self) -> JsonObject:
        """Return the breakpoints, JSON-ready."""
        with self._lock:
            on, breakpoints, revision = self.on, self.breakpoints, self.revision
        return {
            "on": on,
            "breakpoints": [each.to_dict() for each in breakpoints],
            "revision": revision,
            "cannot": self.why_none(),
        }


def _count() -> int:
    """Return how many requests are held: the apps of a process share the server's threads."""
    return sum(len(each._held) for each in holding.all_holders() if isinstance(each, Holder))


__all__ = ["Holder"]
