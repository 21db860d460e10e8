"""Writers: append the steps of one thread, and fold repeated steps once a trace is full."""

from __future__ import annotations

import typing as t
from threading import get_ident

from ..core import Fields
from .ancestors import function_of
from .log import PARENT, TRACEPOINT, WIDTH, Log
from .notes import Notes
from .owner import Owner

if t.TYPE_CHECKING:
    from .writer import LiveTrace

#: A full trace keeps the last steps of this many tracepoints, and this many steps of each.
FOLDS_KEPT = 64
STEPS_FOLDED = 50


class Writer(Fields):
    """Appends the steps of one thread, in order of beginning."""

    __slots__ = ("__weakref__", "folded", "macros", "rendering")

    #: The app of the request; None if no request is recorded.
    owner: Owner | None
    current: int
    ident: int
    limit: int
    log: Log
    #: The state of macro calls; None if there were none.
    macros: t.Any
    notes: Notes
    #: The fold of the last step that exceeded this writer's capacity.
    folded: Fold | None
    #: The record of the rendering that is running.
    rendering: t.Any
    #: The last known contents of the app's contexts, for the detection of changes.
    seen: dict[t.Any, t.Any]

    @property
    def trace(self) -> LiveTrace:
        """Return the trace that this writes to."""
        raise NotImplementedError

    def function(self) -> int:
        """Return the innermost step that is one of the user's functions, or -1."""
        return function_of(self.log, self.current)

    def is_spine(self, tracepoint: int) -> bool:
        """Return whether a step that begins now is one of Flask's own, which are always kept."""
        return False

    def is_own(self, context: object, tracepoint: int) -> bool:
        """Return the same for a step of a context."""
        return False

    def fold(self, tracepoint: int) -> Writer:
        """Return the writer for a step that exceeds the capacity, and for all steps inside it.

        Of the steps of one tracepoint inside one step, the first ones and the last one are kept;
        the last has their number. The steps in between are counted in ``dropped_steps``.
        """
        trace = self.trace
        self.unfolded()
        key = (trace is self or self.ident, tracepoint, self.current)
        last = (trace.strands or {}).get(key)
        if last is None and not trace.has_room_for_folds():
            trace.dropped_steps += 1
            return Strand(trace)
        fold = Fold(trace, self, tracepoint, t.cast("Fold | None", last))
        if last is None:
            trace.add_strand(key, fold)
        else:
            # Replaces a key: concurrent iteration over the dict stays valid.
            t.cast("dict[t.Any, Strand]", trace.strands)[key] = fold
        self.folded = fold
        return fold

    def unfolded(self) -> Writer:
        """Return the current writer: the fold of the last step while that runs, else this one."""
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
        self.owner: Owner | None = trace.owner
        self.current: int = -1
        self.folded: Fold | None = None
        self.ident: int = get_ident()
        self.limit: int = trace.limit
        self.log: Log = Log()
        self.notes: Notes = Notes()
        self.macros: t.Any = None
        self.rendering: t.Any = None
        self.seen: dict[t.Any, t.Any] = trace.seen

    @property
    def trace(self) -> LiveTrace:
        return self._trace


class _Repeated(t.NamedTuple):
    """How often a step ran inside another one, and how many of the first were kept."""

    times: int
    first: int

    def detail(self, _trace: LiveTrace) -> dict[str, int] | None:
        """Return it JSON-ready; None if no steps were dropped."""
        return self._asdict() if self.times > self.first + 1 else None


class Fold(Strand):
    """Writes the last step of one tracepoint in a full trace, with the steps inside it."""

    __slots__ = ("_bytes", "_outside", "_repeated")

    _bytes: int
    _outside: int
    _repeated: _Repeated

    def __init__(
        self, trace: LiveTrace, writer: Writer, tracepoint: int, last: Fold | None
    ) -> None:
        super().__init__(trace)
        outside = writer.current
        while outside >= 0 and writer is not trace:
            # Steps of other threads lie inside one of the request's own.
            outside = writer.log[outside + PARENT]
        self._outside = outside if outside < 0 else -2 - outside
        self.current: int = self._outside
        self.limit: int = STEPS_FOLDED * WIDTH
        if last is None:
            kept = _count(writer, tracepoint)
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
        """Return whether a step in it is running."""
        return self.current != self._outside

    def settle(self) -> None:
        """Add up the size of its details, now that its steps have ended."""
        self._bytes += self._trace.detail_bytes

    def fold(self, tracepoint: int) -> Writer:
        self._trace.dropped_steps += 1
        return Strand(self._trace)


def _count(writer: Writer, tracepoint: int) -> int:
    """Count the steps of a tracepoint inside the current step."""
    log = writer.log
    inside = zip(log[TRACEPOINT::WIDTH], log[PARENT::WIDTH], strict=False)
    return sum(each == (tracepoint, writer.current) for each in inside)


__all__ = ["FOLDS_KEPT", "STEPS_FOLDED", "Fold", "Strand", "Writer"]
