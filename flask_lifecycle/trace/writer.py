"""The trace of one request while it runs.

:class:`LiveTrace` is appended to by the request's own thread and only read by others.
"""

from __future__ import annotations

import typing as t
from threading import current_thread, get_ident
from time import time

from ..core import shortcut, slotted
from ..locks import lock
from ..redact import Redactor
from . import process
from .ancestors import is_context, is_outside_functions
from .caller import Caller
from .files import ENDINGS, is_file
from .holds import Span
from .kept import Kept, columns
from .log import STEP_BYTES, WIDTH, Columns, Log, clock, merge, pack
from .model import Error, ServerErrorBy
from .notes import KINDS, Notes, joined
from .owner import Owner
from .protocols import Added, Keeper, Outbox
from .strands import FOLDS_KEPT, STEPS_FOLDED, Fold, Strand, Writer

_lock = lock()
# The estimated bytes of a trace, of each step, and of each of its notes.
_TRACE, _STEP, _NOTE = 1000, 24, 200
_STEP_WITH_NOTES = _STEP + KINDS * _NOTE
# What the endpoints of static files end with.
_STATIC = ("static",)


def no_context() -> None:
    """Stand for the request's own context while that is unknown."""


# Masks by the built-in names alone.
_BUILT_IN = Redactor()


class Route(t.NamedTuple):
    """The properties that all requests for a rule share."""

    rule: str
    match: int
    endpoint: str
    blueprints: tuple[str, ...]
    ignored: bool


@slotted
class LiveTrace(Writer):
    """One request while it is recorded, by its own thread. No lock is needed.

    :param owner: the app's identity.
    """

    __slots__ = (
        "_kept",
        "_spine",
        "added",
        "background",
        "caller",
        "cause",
        "cleared",
        "connections",
        "context",
        "detail_bytes",
        "dropped_steps",
        "ended",
        "error",
        "error_step",
        "holds",
        "method",
        "origin",
        "outbox",
        "parent",
        "path",
        "query",
        "redactor",
        "route",
        "run",
        "seq",
        "serial",
        "server_error_by",
        "started_at",
        "status",
        "stopwatch",
        "store",
        "stored",
        "strands",
        "streamed",
        "thread",
        "toolbar",
        "traceparent",
        "unhandled",
    )

    #: The trace that made a browser send this request, if that has been looked up.
    cause: str | None
    #: When it was cleared while it was running, Unix time; 0 if it cannot be restored.
    cleared: float | None
    #: Its sender, as its headers say.
    caller: Caller | None
    traceparent: str | None
    #: Whether a page sent it by itself: ``"always"``, ``"loading"``, or None if a person may have.
    background: str | None
    #: Masks by the names of the app, once that is set.
    redactor: Redactor
    store: Keeper | None
    #: Takes the trace to the history, if a server sent its request.
    outbox: Outbox | None
    #: Whether the history has got it.
    stored: bool
    #: The other writers: strands by thread identity, folds by their writer and tracepoint.
    strands: dict[t.Any, Strand] | None
    # How many of the request's own steps were kept beyond the capacity, by tracepoint.
    _spine: dict[int, int]
    status: int | None
    #: A weak reference to the request's own context, to distinguish it from others that the app
    #: creates; ``no_context`` before there is one.
    context: t.Callable[[], object]
    route: Route | None
    ended: float | None
    error: Error | None
    error_step: int
    #: The numbers of the database connections in use, by their ids.
    connections: dict[int, int]
    #: The state of the toolbar, if the response is a page.
    toolbar: str | None
    #: The changes by the toolbar to the response that carries it.
    added: Added | None
    #: Whether an HTTP exception without a handler is itself the response.
    unhandled: bool
    #: What sent a 500 in place of the app's response.
    server_error_by: ServerErrorBy | None
    _kept: Kept | None
    #: The spans in which it was held, or is.
    holds: tuple[Span, ...]
    #: Unix time. The monotonic clock cannot replace it: it stops while the machine sleeps.
    started_at: float
    #: The app's time, in one number so that concurrent readers see no partial update: while the
    #: app runs, the clock reading at which its time would be 0; while the server sends, its time
    #: so far, negated.
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
        # The length of the log at which collectors stop.
        self.limit: int = max_steps * WIDTH
        self.current: int = -1
        self.ident: int = get_ident()
        self.log: Log = Log()
        self.notes: Notes = Notes()
        self.serial: int = process.next_serial()
        self.seq: int = 0
        self.cause = None
        self.cleared = None
        self.background = None
        self.caller = None
        self.traceparent = None
        self.redactor = _BUILT_IN
        self.store = None
        self.outbox = None
        self.stored = False
        self.run: process.Run = process.run
        self.thread: str = current_thread().name
        self.strands = None
        self.folded: Fold | None = None
        self._spine = {}
        self.status = None
        self.context = no_context
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
        self.server_error_by = None
        self._kept = None
        self.holds = ()
        self.started_at = time()
        self.origin: float = clock()
        self.stopwatch = self.origin

    @property
    def trace(self) -> LiveTrace:
        return self

    @property
    @shortcut("trace_id", vars(process))
    def id(self) -> str:
        """Return the id; ids sort by time of creation."""
        return process.id_of(self.origin, self.serial)

    @property
    def endpoint(self) -> str | None:
        return None if self.route is None else self.route.endpoint

    @property
    def blueprints(self) -> tuple[str, ...]:
        return () if self.route is None else self.route.blueprints

    @property
    def hidden(self) -> bool:
        """Return whether its endpoint is not recorded."""
        return self.route is not None and self.route.ignored

    @property
    def running(self) -> bool:
        return self.ended is None

    @property
    def duration(self) -> int | None:
        """Return its duration in ns, or None while it runs."""
        return None if self.ended is None else self.since(self.ended)

    @property
    def app_time(self) -> int:
        """Return the app's own time so far, without the server's sending, in ns."""
        stopwatch = self.stopwatch
        if stopwatch > 0:
            ended = self.ended
            stopwatch -= clock() if ended is None else ended
        return round(-stopwatch * 1e9)

    @property
    def sending(self) -> bool:
        """Return whether the app is idle while the server sends a body that is complete."""
        return self.ended is None and self.stopwatch <= 0

    @property
    def step_count(self) -> int:
        """Return the number of steps recorded so far."""
        kept = self._kept
        if kept is not None:
            return kept.step_count
        strands = (self.strands or {}).values()
        return (len(self.log) + sum(len(strand.log) for strand in strands)) // WIDTH

    @property
    def kept(self) -> Kept | None:
        """Return what is stored of a finished request."""
        return self._kept

    @property
    def merged(self) -> bool:
        """Return whether steps may get other indexes at the end, as several threads write them."""
        kept = self._kept
        return bool(self.strands) if kept is None else kept.merged

    def elapsed(self) -> int:
        """Return the nanoseconds since the start."""
        return self.since(clock())

    def since(self, reading: float) -> int:
        """Convert a clock reading to nanoseconds since the start."""
        return round((reading - self.origin) * 1e9)

    def strand(self) -> Writer:
        """Return the writer of the current thread: the trace itself, or in other threads a strand.

        A strand's steps lie inside the user's function that runs in the request's own thread.
        """
        ident = get_ident()
        if ident == self.ident:
            return self

        if not self.running:
            # The request is finished: what is written now is discarded.
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
            # All strands together may not write many more steps than one writer alone.
            strand.limit = max(STEPS_FOLDED * WIDTH, self.limit - self.step_count * WIDTH)
            self.add_strand(ident, strand)
        if strand.current < 0:
            strand.current = -2 - self.function()
        return strand.unfolded()

    def add_strand(self, key: t.Any, strand: Strand) -> None:
        """Register another writer of this trace."""
        with _lock:
            self.strands = {**(self.strands or {}), key: strand}

    def has_room_for_folds(self) -> bool:
        """Return whether the last step of one more tracepoint may be kept."""
        return len(self.strands or ()) < FOLDS_KEPT

    def is_spine(self, tracepoint: int) -> bool:
        return is_outside_functions(self.log, self.current) and self._is_seldom(tracepoint)

    def is_own(self, context: object, tracepoint: int) -> bool:
        """Return whether a context's step that begins now is always kept.

        That is so if the context is the request's own, or is pushed or popped by it. The app can
        create any number of others.
        """
        if self.context is no_context or is_context(self.log, self.current):
            return self.is_spine(tracepoint)
        return context is self.context() and self._is_seldom(tracepoint)

    def _is_seldom(self, tracepoint: int) -> bool:
        # Beyond this number it is a loop outside of the user's functions.
        times = self._spine[tracepoint] = self._spine.get(tracepoint, 0) + 1
        return times <= self.limit // WIDTH

    def fold(self, tracepoint: int) -> Writer:
        writer = super().fold(tracepoint)
        if self.folded is not None:
            # So that all steps inside it ask for their writer.
            self.ident = 0
        return writer

    def connection(self, used: t.Any, *, opened: bool = False) -> int | None:
        """Return the number of a database connection, counted from 1; ids may be reused."""
        if used is None:
            return None
        numbers = self.connections
        found = None if opened else numbers.get(id(used))
        if found is None:
            found = numbers[id(used)] = max(numbers.values(), default=0) + 1
        return found

    @shortcut("finish", (Kept, ENDINGS, _STATIC, _STEP_WITH_NOTES, _TRACE, globals()))
    def finish(self) -> None:
        """End the trace now, and pack its steps."""
        if self.ended is not None:
            return

        log, notes = self.log, self.notes
        if self.strands:
            log, notes, places = self._merged()
            self.error_step = places.get((0, self.error_step), -1)
            for span in self.holds:
                span.place, span.writer = self._place(span, places), self
        packed = pack(log)
        # First: concurrent readers read this last.
        self._kept = Kept(packed, notes, bool(self.strands))
        self.notes = notes
        self.strands = None
        # Late steps are written to logs that nobody reads.
        self.log = Log()
        self.context = no_context
        self.ident = 0
        self.folded = None
        self._spine = {}
        self.macros = None
        self.seen = {}
        self.connections = {}
        self.added = None
        self.ended = clock()
        store, self.store = self.store, None
        if store is not None:
            self._hand_over(store, len(packed) // STEP_BYTES)

    def _hand_over(self, store: Keeper, steps: int) -> None:
        """Pass a trace that has ended on to the store, if that has to know, and to the history."""
        # As by `endpoint`, `hidden` and `size`, whose calls take longer than this.
        route, path = self.route, self.path
        endpoint, hidden = ("", False) if route is None else (route.endpoint, route.ignored)
        may_be_file = endpoint.endswith(_STATIC) or path.endswith(ENDINGS)
        of_file = may_be_file and is_file(endpoint, path)
        most = steps * _STEP_WITH_NOTES + self.detail_bytes
        if of_file or hidden or (most > store.share - _TRACE and self.size() > store.share):
            store.settle(self)
        if self.outbox is not None and not hidden:
            self.outbox.append(self, of_file)

    def columns(self) -> Columns:
        """Return the steps recorded so far."""
        log: t.Sequence[t.Any]
        if self.strands:
            log, notes, _ = self._merged()
        else:
            log, notes = self.log[:], self.notes
        # Last: if the trace has finished in between, all else has changed.
        kept = self._kept
        if kept is not None:
            log, notes = kept.log(), kept.notes
        return columns(log, notes, self.endpoint, self.ended)

    def _merged(self) -> tuple[Log, Notes, dict[tuple[int, int], int]]:
        writers = (self, *(self.strands or {}).values())
        merged, places = merge([each.log[:] for each in writers])
        return merged, joined([each.notes for each in writers], places), places

    @property
    def held(self) -> int:
        """Return how long breakpoints have held it, in ns."""
        return round(sum((each.end or clock()) - each.begin for each in self.holds) * 1e9)

    def hold(self, writer: Writer, step: int) -> Span:
        """Begin a span in which this request is held at a step."""
        span = Span(writer, step)
        with _lock:
            self.holds = (*self.holds, span)
        return span

    def held_at(self, span: Span) -> int:
        """Return the index of the step at which the request was held."""
        places = self._merged()[2] if self.strands else {}
        return self._place(span, places) // WIDTH

    def _place(self, span: Span, places: dict[tuple[int, int], int]) -> int:
        if not places:
            return span.place
        writers = [self, *(self.strands or {}).values()]
        # The step of a discarded writer is not kept: then it was held in the whole call.
        index = next((at for at, each in enumerate(writers) if each is span.writer), -1)
        return places.get((index, span.place), 0)

    def size(self) -> int:
        """Estimate the bytes that this trace uses."""
        steps, notes = self.step_count, len(self.notes)
        return _TRACE + _STEP * steps + _NOTE * notes + self.detail_bytes


#: The writer where no request is recorded: it has no owner.
NOBODY = LiveTrace(None, "", "")


__all__ = ["NOBODY", "LiveTrace", "Route", "Strand", "Writer", "no_context"]
