"""What is written while a request runs, by its own thread and by others.

:class:`LiveTrace` is appended to by the request's own thread and only read by others.
"""

from __future__ import annotations

import os
import typing as t
from itertools import count
from threading import current_thread, get_ident
from time import time

from ..locks import lock
from .log import (
    BEGIN,
    END,
    PARENT,
    SITE,
    STEP_BYTES,
    WIDTH,
    Columns,
    clock,
    merge,
    packed,
)
from .model import FUNCTION_STAGES, Error
from .notes import Notes, joined
from .owner import Owner
from .tracepoint import SITES

#: When the app's process began to be watched, Unix time.
STARTED = time()
# Unix time of the monotonic clock's zero: ids sort by creation even if the wall clock steps back.
_EPOCH = time() - clock()
_lock = lock()

# Where the serial numbers in the ids begin: two processes started at once differ in it.
_first = int.from_bytes(os.urandom(4), "big") >> 1
_serial = count()
_pid = os.getpid()


# Of a full trace, the last steps of so many sites are kept, and so many steps of each.
_FOLDS_KEPT = 64
_STEPS_FOLDED = 50
# The request's own steps lie inside these; all else runs the user's code.
_OUTER_STAGES = frozenset(("wsgi", "middleware", "dispatch"))
_CONTEXT_STAGES = frozenset(
    ("request_context_push", "request_context_pop", "app_context_push", "app_context_pop")
)


def _unknown() -> None:
    """Stand for the request's own context, as long as that is not known."""


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

    __slots__ = (
        "__weakref__",
        "current",
        "folded",
        "ident",
        "limit",
        "log",
        "macros",
        "notes",
        "owner",
        "rendering",
        "seen",
    )

    #: Whose request it is; None, where none is recorded.
    owner: Owner | None
    current: int
    ident: int
    limit: int
    log: list[t.Any]
    #: What is called of macros; None, where none was.
    macros: t.Any
    notes: Notes
    #: What took the last step for which there was no room here.
    folded: Fold | None
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

    def is_spine(self, site: int) -> bool:
        """Tell whether a step that begins now is the request's own, and to be kept in any case."""
        return False

    def is_own(self, context: t.Any, site: int) -> bool:
        """Tell the same of a step of a context."""
        return False

    def fold(self, site: int) -> Writer:
        """Return what takes a step for which there is no room, and all inside it.

        Of the steps of one site in one other, the last is kept beside the first ones, and says how
        many there were. Those in between are counted in ``dropped_steps``.
        """
        trace = self.trace
        self.unfolded()
        key = (trace is self or self.ident, site, self.current)
        last = (trace.strands or {}).get(key)
        if last is None and not trace.has_room_for_folds():
            trace.dropped_steps += 1
            return Strand(trace)
        fold = Fold(trace, self, site, t.cast("Fold | None", last))
        if last is None:
            trace.add_strand(key, fold)
        else:
            # As many keys as before: whoever goes through them meanwhile is not disturbed.
            t.cast("dict[t.Any, Strand]", trace.strands)[key] = fold
        self.folded = fold
        return fold

    def unfolded(self) -> Writer:
        """Return what writes now: what took the last step, as long as that runs."""
        fold = self.folded
        if fold is None:
            return self
        if fold.is_open:
            return fold
        fold.settle()
        self.folded = None
        return self


class Strand(Writer):
    """Writes the steps of another thread, to which the request's context was copied."""

    __slots__ = ("_trace",)

    def __init__(self, trace: LiveTrace) -> None:
        self._trace = trace
        self.owner = trace.owner
        self.current = -1
        self.folded = None
        self.ident = get_ident()
        self.limit = trace.limit
        self.log = []
        self.notes = Notes()
        self.macros = None
        self.rendering = None
        self.seen = trace.seen

    @property
    def trace(self) -> LiveTrace:
        return self._trace


class _Repeated(t.NamedTuple):
    """How often a step ran in another one, and how many of the first were kept."""

    times: int
    first: int

    def detail(self, _trace: LiveTrace) -> dict[str, int] | None:
        """Return it as JSON's types; None where nothing was left out."""
        return self._asdict() if self.times > self.first + 1 else None


class Fold(Strand):
    """Takes the last of the steps of one site in a full trace, with what is inside it."""

    __slots__ = ("_bytes", "_outside", "_repeated")

    _bytes: int
    _repeated: _Repeated

    def __init__(self, trace: LiveTrace, writer: Writer, site: int, last: Fold | None) -> None:
        super().__init__(trace)
        outside = writer.current
        while outside >= 0 and writer is not trace:
            # Steps of other threads lie inside one of the request's own.
            outside = writer.log[outside + PARENT]
        self.current = self._outside = outside if outside < 0 else -2 - outside
        self.limit = _STEPS_FOLDED * WIDTH
        if last is None:
            kept = _count(writer, site)
            self._repeated = _Repeated(kept + 1, kept)
        else:
            times, kept = last._repeated
            self._repeated = _Repeated(times + 1, kept)
            trace.dropped_steps += len(last.log) // WIDTH
            trace.detail_bytes -= last._bytes
        self._bytes = -trace.detail_bytes
        self.notes.add(0, "repeated", self._repeated)

    @property
    def is_open(self) -> bool:
        """Tell whether a step in it runs."""
        return self.current != self._outside

    def settle(self) -> None:
        """Reckon what its details take: all that runs in it is over."""
        self._bytes += self._trace.detail_bytes

    def fold(self, site: int) -> Writer:
        self._trace.dropped_steps += 1
        return Strand(self._trace)


def _count(writer: Writer, site: int) -> int:
    """Count the steps of a site that lie in the current step."""
    log = writer.log
    inside = zip(log[SITE::WIDTH], log[PARENT::WIDTH], strict=False)
    return sum(each == (site, writer.current) for each in inside)


class _Kept(t.NamedTuple):
    """What is kept of a request that is done: told in one assignment to who reads it meanwhile."""

    steps: bytes
    notes: Notes
    #: Whether the steps of several writers were put into one list.
    merged: bool


class LiveTrace(Writer):
    """One request while it is recorded, by its own thread. No lock is needed.

    :param owner: stands for the app.
    """

    __slots__ = (
        "_kept",
        "_spine",
        "added",
        "cause",
        "connections",
        "context",
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
        owner: Owner | None,
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
        self.notes = Notes()
        self.serial = next(_serial)
        self.seq = 0
        #: The trace that made a browser send this request, where somebody looked and found it.
        self.cause: str | None = None
        #: Masks by the names of the app; None, where only the built-in ones are known.
        self.redactor: t.Any = None
        self.store: t.Any = None
        self.pid = _pid
        self.thread = current_thread().name
        #: What writes beside this, by its thread's identity; what is folded, by whose and its site.
        self.strands: dict[t.Any, Strand] | None = None
        self.folded = None
        # Of the request's own steps that were kept though this is full, how many of each site.
        self._spine: dict[int, int] = {}
        self.status: int | None = None
        #: Refers to the request's own context, weakly, so as to tell it from others that the app
        #: makes meanwhile.
        self.context: t.Any = _unknown
        self.route: Route | None = None
        self.ended: float | None = None
        self.error: Error | None = None
        self.error_step = -1
        self.macros = None
        self.rendering = None
        self.seen = {}
        # The numbers of the databases' connections that sent something, by their ids.
        self.connections: dict[int, int] = {}
        self.streamed = False
        self.dropped_steps = 0
        self.detail_bytes = 0
        # What became of the toolbar, where this was answered with a page.
        self.toolbar: str | None = None
        # What the toolbar changed on the response that carries it.
        self.added: t.Any = None
        # Whether an HTTP exception without a handler is itself what is answered.
        self.unhandled = False
        self._kept: _Kept | None = None
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
    def has_context(self) -> bool:
        """Tell whether the request's own context is known, or was."""
        return self.context is not _unknown

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
            return len(kept.steps) // STEP_BYTES
        strands = (self.strands or {}).values()
        return (len(self.log) + sum(len(strand.log) for strand in strands)) // WIDTH

    @property
    def merged(self) -> bool:
        """Tell whether steps may stand elsewhere once it is done: several threads write them."""
        kept = self._kept
        return bool(self.strands) if kept is None else kept.merged

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
        fold = self.folded
        if fold is not None and fold.ident == ident:
            if self.unfolded() is self:
                self.ident = ident
                return self
            return fold
        strand = (self.strands or {}).get(ident)
        if strand is None:
            strand = Strand(self)
            # All together are not to be many more than one alone may write.
            strand.limit = max(_STEPS_FOLDED * WIDTH, self.limit - self.step_count * WIDTH)
            self.add_strand(ident, strand)
        if strand.current < 0:
            strand.current = -2 - self.function()
        return strand.unfolded()

    def add_strand(self, key: t.Any, strand: Strand) -> None:
        """Take in what is written beside this."""
        with _lock:
            self.strands = {**(self.strands or {}), key: strand}

    def has_room_for_folds(self) -> bool:
        """Tell whether the last step of one more site may be kept."""
        return len(self.strands or ()) < _FOLDS_KEPT

    def is_spine(self, site: int) -> bool:
        log, step = self.log, self.current
        while step >= 0:
            stage = SITES[log[step + SITE]].stage
            if stage in _CONTEXT_STAGES:
                break
            if stage not in _OUTER_STAGES:
                return False
            step = log[step + PARENT]
        return self._is_seldom(site)

    def is_own(self, context: t.Any, site: int) -> bool:
        """Tell whether a context's step that begins now is to be kept in any case.

        It is where the context is the request's own, or one that its own pushes or pops. Those
        that the app makes besides are as many as it likes.
        """
        if not self.has_context or self._is_inside_context():
            return self.is_spine(site)
        return context is self.context() and self._is_seldom(site)

    def _is_inside_context(self) -> bool:
        step = self.current
        return step >= 0 and SITES[self.log[step + SITE]].stage in _CONTEXT_STAGES

    def _is_seldom(self, site: int) -> bool:
        # Beyond that it is a loop outside of all that the user's functions do.
        times = self._spine[site] = self._spine.get(site, 0) + 1
        return times <= self.limit // WIDTH

    def fold(self, site: int) -> Writer:
        writer = super().fold(site)
        if self.folded is not None:
            # So that all inside it asks for its writer.
            self.ident = 0
        return writer

    def connection(self, used: t.Any, *, opened: bool = False) -> int | None:
        """Number a database's connection, from 1 on, as it is first met; the id may come again."""
        if used is None:
            return None
        numbers = self.connections
        found = None if opened else numbers.get(id(used))
        if found is None:
            found = numbers[id(used)] = max(numbers.values(), default=0) + 1
        return found

    def finish(self) -> None:
        """End the trace now, and keep its steps in little memory."""
        if self.ended is not None:
            return

        log, notes = self.log, self.notes
        if self.strands:
            log, notes, places = self._merged()
            self.error_step = places.get((0, self.error_step), -1)
        # Before all else: who reads meanwhile looks here last.
        self._kept = _Kept(packed(len(log) // WIDTH).pack(*log), notes, bool(self.strands))
        self.notes = notes
        self.strands = None
        # Late steps go where nobody looks, and are not kept.
        self.log = []
        self.ident = 0
        self.folded = None
        self._spine = {}
        self.macros = None
        self.seen = {}
        self.connections = {}
        self.ended = clock()
        store, self.store = self.store, None
        if store is not None and (self.hidden or self.size() > store.share):
            store.settle(self)

    def columns(self) -> Columns:
        """Return what is recorded so far."""
        log: t.Sequence[t.Any]
        if self.strands:
            log, notes, _ = self._merged()
        else:
            log, notes = list(self.log), self.notes
        # Last: of a trace that is done in between, nothing else is as it was.
        kept = self._kept
        if kept is not None:
            log, notes = packed(len(kept.steps) // STEP_BYTES).unpack(kept.steps), kept.notes
        ends = log[END::WIDTH]
        if self.ended is not None:
            # Left open by what began it, such as a generator that nobody closed.
            ends = [end or self.ended for end in ends]
        sites = [SITES[each] for each in log[SITE::WIDTH]]
        for step, named in [*notes.sites.items()]:
            if step // WIDTH < len(sites):
                sites[step // WIDTH] = named
        return Columns(
            sites,
            [each // WIDTH for each in log[PARENT::WIDTH]],
            log[BEGIN::WIDTH],
            ends,
            notes,
            self.endpoint,
        )

    def _merged(self) -> tuple[list[t.Any], Notes, dict[tuple[int, int], int]]:
        writers = (self, *(self.strands or {}).values())
        merged, places = merge([list(each.log) for each in writers])
        return merged, joined([each.notes for each in writers], places), places

    def size(self) -> int:
        """Estimate the bytes kept for this trace."""
        return 1000 + 24 * self.step_count + 200 * len(self.notes) + self.detail_bytes


#: Stands where no request is recorded: it has no owner.
NOBODY = LiveTrace(None, "", "")


__all__ = ["NOBODY", "STARTED", "LiveTrace", "Route", "Strand", "Writer"]
