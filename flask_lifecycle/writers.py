"""What is written while a request runs, by its own thread and by others.

:class:`LiveTrace` is appended to by the request's own thread and only read by others.
"""

from __future__ import annotations

import os
import typing as t
from itertools import count
from threading import current_thread, get_ident
from time import time

from .forks import lock
from .sites import SITES
from .steps import BEGIN, END, PARENT, SITE, STEP_BYTES, WIDTH, Columns, clock, merge, packed
from .trace import FUNCTION_STAGES, Error

#: When the app's process began to be watched, Unix time.
STARTED = time()
# Unix time of the monotonic clock's zero: ids sort by creation even if the wall clock steps back.
_EPOCH = time() - clock()
_lock = lock()

# Where the serial numbers in the ids begin: two processes started at once differ in it.
_first = int.from_bytes(os.urandom(4), "big") >> 1
_serial = count()
_pid = os.getpid()


def _forked() -> None:
    global _pid, _first
    _pid = os.getpid()
    _first = int.from_bytes(os.urandom(4), "big") >> 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


class Route(t.NamedTuple):
    """What is the same for all requests that match a rule."""

    rule: str
    match: int
    endpoint: str
    blueprints: tuple[str, ...]
    ignored: bool


class Writer:
    """Appends the steps of one thread, in order of beginning."""

    __slots__ = ("current", "ident", "limit", "log", "notes", "owner", "rendering", "seen")

    owner: t.Any
    current: int
    ident: int
    limit: int
    log: list[t.Any]
    notes: dict[int, t.Any]
    #: What is noted of the rendering that runs.
    rendering: t.Any
    #: What was in the app's contexts, for who watches what changes in them.
    seen: dict[t.Any, t.Any]

    @property
    def trace(self) -> LiveTrace:
        """Return the trace that is written."""
        raise NotImplementedError

    def function(self) -> int:
        """Find the innermost step that is a function of the user's, or -1."""
        log, step = self.log, self.current
        while 0 <= step < len(log) and SITES[log[step + SITE]].stage not in FUNCTION_STAGES:
            step = log[step + PARENT]
        return step


class Strand(Writer):
    """Writes the steps of another thread, to which the request's context was copied."""

    __slots__ = ("_trace",)

    def __init__(self, trace: LiveTrace) -> None:
        self._trace = trace
        self.owner = trace.owner
        self.current = -1
        self.ident = get_ident()
        self.limit = trace.limit
        self.log = []
        self.notes = {}
        self.rendering = None
        self.seen = trace.seen

    @property
    def trace(self) -> LiveTrace:
        return self._trace


class LiveTrace(Writer):
    """One request while it is recorded, by its own thread. No lock is needed.

    :param owner: stands for the app; no reference to it.
    """

    __slots__ = (
        "__weakref__",
        "_kept",
        "added",
        "cause",
        "detail_bytes",
        "dropped_steps",
        "ended",
        "error",
        "error_step",
        "method",
        "origin",
        "parent",
        "path",
        "pid",
        "query",
        "redactor",
        "request_id",
        "route",
        "seq",
        "serial",
        "started_at",
        "status",
        "stopwatch",
        "store",
        "strands",
        "streamed",
        "thread",
        "toolbar",
        "unhandled",
    )

    def __init__(
        self,
        owner: t.Any,
        method: str,
        path: str,
        query: str = "",
        parent: str | None = None,
        max_steps: int = 2000,
    ) -> None:
        self.owner = owner
        self.method = method
        self.path = path
        self.query = query
        self.parent = parent
        # The length of the list at which collectors stop.
        self.limit = max_steps * WIDTH
        self.current = -1
        self.ident = get_ident()
        self.log = []
        self.notes = {}
        self.serial = next(_serial)
        self.seq = 0
        #: The trace that made a browser send this request, where somebody looked and found it.
        self.cause: str | None = None
        #: Masks by the names of the app; None, where only the built-in ones are known.
        self.redactor: t.Any = None
        self.store: t.Any = None
        self.pid = _pid
        self.thread = current_thread().name
        self.strands: dict[int, Strand] | None = None
        self.status: int | None = None
        # Of the request's own object, so as to tell it from others that the app makes meanwhile.
        self.request_id = 0
        self.route: Route | None = None
        self.ended: float | None = None
        self.error: Error | None = None
        self.error_step = -1
        self.rendering = None
        self.seen = {}
        self.streamed = False
        self.dropped_steps = 0
        self.detail_bytes = 0
        # What became of the toolbar, where this was answered with a page.
        self.toolbar: str | None = None
        # What the toolbar changed on the response that carries it.
        self.added: t.Any = None
        # Whether an HTTP exception without a handler is itself what is answered.
        self.unhandled = False
        self._kept: bytes | None = None
        #: Unix time. The monotonic clock cannot tell: it stands still while the machine sleeps.
        self.started_at = time()
        self.origin = clock()
        # The app's time, in one number so that whoever looks from another thread sees no half of
        # a change: while the app runs, the reading of the clock at which its time would be 0;
        # while the server sends, its time so far, negated.
        self.stopwatch = self.origin

    @property
    def trace(self) -> LiveTrace:
        return self

    @property
    def id(self) -> str:
        """Return what sorts by time of creation."""
        return f"{int((_EPOCH + self.origin) * 1e9):016x}{_first + self.serial:08x}"

    @property
    def endpoint(self) -> str | None:
        return None if self.route is None else self.route.endpoint

    @property
    def blueprints(self) -> tuple[str, ...]:
        return () if self.route is None else self.route.blueprints

    @property
    def hidden(self) -> bool:
        """Tell whether its endpoint is not to be recorded."""
        return self.route is not None and self.route.ignored

    @property
    def running(self) -> bool:
        return self.ended is None

    @property
    def duration(self) -> int | None:
        """Return how long it took, in ns."""
        return None if self.ended is None else self.since(self.ended)

    @property
    def app_time(self) -> int:
        """Return how long the app itself took, so far: without the server's sending, in ns."""
        stopwatch = self.stopwatch
        if stopwatch > 0:
            ended = self.ended
            stopwatch -= clock() if ended is None else ended
        return round(-stopwatch * 1e9)

    @property
    def sending(self) -> bool:
        """Tell whether the app has nothing to do while the server sends what there is."""
        return self.ended is None and self.stopwatch <= 0

    @property
    def step_count(self) -> int:
        """Count the steps recorded so far."""
        kept = self._kept
        if kept is not None:
            return len(kept) // STEP_BYTES
        strands = (self.strands or {}).values()
        return (len(self.log) + sum(len(strand.log) for strand in strands)) // WIDTH

    def elapsed(self) -> int:
        """Nanoseconds since the start."""
        return self.since(clock())

    def since(self, reading: float) -> int:
        """Turn a reading of the clock into nanoseconds since the start."""
        return round((reading - self.origin) * 1e9)

    def strand(self) -> Writer:
        """Return what writes for the thread that runs: the trace itself, but elsewhere a strand.

        A strand's steps lie inside the user's function that runs in the request's own thread.
        """
        ident = get_ident()
        if ident == self.ident:
            return self

        if not self.running:
            # The request is over: what is written now is nobody's.
            return Strand(self)
        strand = (self.strands or {}).get(ident)
        if strand is None:
            strand = Strand(self)
            with _lock:
                self.strands = {**(self.strands or {}), ident: strand}
        if strand.current < 0:
            strand.current = -2 - self.function()
        return strand

    def finish(self) -> None:
        """End the trace now, and keep its steps in little memory."""
        if self.ended is not None:
            return

        if self.strands:
            log, self.notes, places = self._merged()
            self.error_step = places.get((0, self.error_step), -1)
            self.strands = None
        else:
            log = self.log
        self._kept = packed(len(log) // WIDTH).pack(*log)
        # Late steps go where nobody looks.
        self.log = []
        self.seen = {}
        self.ended = clock()
        store, self.store = self.store, None
        if store is not None and (self.hidden or self.size() > store.share):
            store.settle(self)

    def columns(self) -> Columns:
        """Return what is recorded so far."""
        # In this order: a trace that is done in between has its steps in either.
        log: t.Sequence[t.Any] = self.log
        notes = self.notes
        kept = self._kept
        if kept is not None:
            log, notes = packed(len(kept) // STEP_BYTES).unpack(kept), self.notes
        elif self.strands:
            log, notes, _ = self._merged()
        else:
            log = list(log)
        ends = log[END::WIDTH]
        if self.ended is not None:
            # Left open by what began it, such as a generator that nobody closed.
            ends = [end or self.ended for end in ends]
        return Columns(
            [SITES[each] for each in log[SITE::WIDTH]],
            [each // WIDTH for each in log[PARENT::WIDTH]],
            log[BEGIN::WIDTH],
            ends,
            notes,
            self.endpoint,
        )

    def _merged(self) -> tuple[list[t.Any], dict[int, t.Any], dict[tuple[int, int], int]]:
        writers = (self, *(self.strands or {}).values())
        return merge([list(each.log) for each in writers], [each.notes for each in writers])

    def size(self) -> int:
        """Estimate the bytes kept for this trace."""
        return 1000 + 24 * self.step_count + 200 * len(self.notes) + self.detail_bytes


#: Stands where no request is recorded: it has no owner.
NOBODY = LiveTrace(None, "", "")


__all__ = ["NOBODY", "STARTED", "LiveTrace", "Route", "Strand", "Writer"]
