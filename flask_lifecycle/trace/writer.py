"""The trace of one request while it runs.

:class:`LiveTrace` is appended to by the request's own thread and only read by others.
"""

from __future__ import annotations

import typing as t
from threading import current_thread, get_ident
from time import time

from ..locks import lock
from ..redact import Redactor
from . import process
from .log import BEGIN, END, PARENT, SITE, STEP_BYTES, WIDTH, Columns, clock, merge, packed
from .model import Error
from .notes import Notes, joined
from .owner import Owner
from .strands import FOLDS_KEPT, STEPS_FOLDED, Fold, Strand, Writer
from .tracepoint import SITES

_lock = lock()

# The request's own steps lie inside these; all else runs the user's code.
_OUTER_STAGES = frozenset(("wsgi", "middleware", "dispatch"))
_CONTEXT_STAGES = frozenset(
    ("request_context_push", "request_context_pop", "app_context_push", "app_context_pop")
)


def _unknown() -> None:
    """Stand for the request's own context, as long as that is not known."""


Headers = list[tuple[str, str]]

# Masks by the built-in names alone.
_BUILT_IN = Redactor()


class Keeper(t.Protocol):
    """Where traces are kept."""

    @property
    def share(self) -> int:
        """Return how large a trace may be that need not be settled."""
        ...

    def settle(self, trace: LiveTrace) -> None:
        """See to a trace that is done and that is hidden, or larger than its share."""
        ...

    def discard(self, trace: LiveTrace) -> None:
        """Take out a trace that nobody is to see."""
        ...


class Added(t.Protocol):
    """What was put into a response on its way to the server."""

    @property
    def tag(self) -> bytes:
        """Return what was put into its body."""
        ...

    def taken_out_of(self, headers: Headers, /) -> tuple[Headers, Headers, list[str]]:
        """Part headers into those as without it and its own; the names that it removed third."""
        ...

    def taken_out_of_body(self, beginning: bytes, /) -> bytes:
        """Return the beginning of the body as it would be without it."""
        ...


class Route(t.NamedTuple):
    """What is the same for all requests that match a rule."""

    rule: str
    match: int
    endpoint: str
    blueprints: tuple[str, ...]
    ignored: bool


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

    #: The trace that made a browser send this request, where somebody looked and found it.
    cause: str | None
    #: Masks by the names of the app, once that is set.
    redactor: Redactor
    store: Keeper | None
    #: What writes beside this, by its thread's identity; what is folded, by whose and its site.
    strands: dict[t.Any, Strand] | None
    # Of the request's own steps that were kept though this is full, how many of each site.
    _spine: dict[int, int]
    status: int | None
    #: Refers to the request's own context, weakly, so as to tell it from others that the app makes
    #: meanwhile.
    context: t.Callable[[], object]
    route: Route | None
    ended: float | None
    error: Error | None
    error_step: int
    #: The numbers of the databases' connections that sent something, by their ids.
    connections: dict[int, int]
    #: What became of the toolbar, where this was answered with a page.
    toolbar: str | None
    #: What the toolbar changed on the response that carries it.
    added: Added | None
    #: Whether an HTTP exception without a handler is itself what is answered.
    unhandled: bool
    _kept: _Kept | None
    #: Unix time. The monotonic clock cannot tell: it stands still while the machine sleeps.
    started_at: float
    #: The app's time, in one number so that whoever looks from another thread sees no half of a
    #: change: while the app runs, the reading of the clock at which its time would be 0; while the
    #: server sends, its time so far, negated.
    stopwatch: float

    def __init__(
        self,
        owner: Owner | None,
        method: str,
        path: str,
        query: str = "",
        parent: str | None = None,
        max_steps: int = 2000,
    ) -> None:
        self.owner: Owner | None = owner
        self.method: str = method
        self.path: str = path
        self.query: str = query
        self.parent: str | None = parent
        # The length of the list at which collectors stop.
        self.limit: int = max_steps * WIDTH
        self.current: int = -1
        self.ident: int = get_ident()
        self.log: list[t.Any] = []
        self.notes: Notes = Notes()
        self.serial: int = process.next_serial()
        self.seq: int = 0
        self.cause = None
        self.redactor = _BUILT_IN
        self.store = None
        self.pid: int = process.pid
        self.thread: str = current_thread().name
        self.strands = None
        self.folded: Fold | None = None
        self._spine = {}
        self.status = None
        self.context = _unknown
        self.route = None
        self.ended = None
        self.error = None
        self.error_step = -1
        self.macros: t.Any = None
        self.rendering: t.Any = None
        self.seen: dict[t.Any, t.Any] = {}
        self.connections = {}
        self.streamed: bool = False
        self.dropped_steps: int = 0
        self.detail_bytes: int = 0
        self.toolbar = None
        self.added = None
        self.unhandled = False
        self._kept = None
        self.started_at = time()
        self.origin: float = clock()
        self.stopwatch = self.origin

    @property
    def trace(self) -> LiveTrace:
        return self

    @property
    def id(self) -> str:
        """Return what sorts by time of creation."""
        return process.id_of(self.origin, self.serial)

    @property
    def endpoint(self) -> str | None:
        return None if self.route is None else self.route.endpoint

    @property
    def blueprints(self) -> tuple[str, ...]:
        return () if self.route is None else self.route.blueprints

    @property
    def hidden(self) -> bool:
        """Return whether its endpoint is not to be recorded."""
        return self.route is not None and self.route.ignored

    @property
    def has_context(self) -> bool:
        """Return whether the request's own context is known, or was."""
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
        """Return whether the app has nothing to do while the server sends what there is."""
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
        """Return whether steps may stand elsewhere once it is done: several threads write them."""
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
            strand.limit = max(STEPS_FOLDED * WIDTH, self.limit - self.step_count * WIDTH)
            self.add_strand(ident, strand)
        if strand.current < 0:
            strand.current = -2 - self.function()
        return strand.unfolded()

    def add_strand(self, key: t.Any, strand: Strand) -> None:
        """Take in what is written beside this."""
        with _lock:
            self.strands = {**(self.strands or {}), key: strand}

    def has_room_for_folds(self) -> bool:
        """Return whether the last step of one more site may be kept."""
        return len(self.strands or ()) < FOLDS_KEPT

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

    def is_own(self, context: object, site: int) -> bool:
        """Return whether a context's step that begins now is to be kept in any case.

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


__all__ = ["NOBODY", "LiveTrace", "Route", "Strand", "Writer"]
