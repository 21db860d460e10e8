"""What appends the steps of one thread, and what takes those that repeat in a full trace."""

from __future__ import annotations

import typing as t
from threading import get_ident

from .log import PARENT, SITE, WIDTH
from .model import FUNCTION_STAGES
from .notes import Notes
from .owner import Owner
from .tracepoint import SITES

if t.TYPE_CHECKING:
    from .writer import LiveTrace

#: Of a full trace, the last steps of so many sites are kept, and so many steps of each.
FOLDS_KEPT = 64
STEPS_FOLDED = 50


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
        """Return whether a step that begins now is the request's own, which is always kept."""
        return False

    def is_own(self, context: object, site: int) -> bool:
        """Return the same for a step of a context."""
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
        self.owner: Owner | None = trace.owner
        self.current: int = -1
        self.folded: Fold | None = None
        self.ident: int = get_ident()
        self.limit: int = trace.limit
        self.log: list[t.Any] = []
        self.notes: Notes = Notes()
        self.macros: t.Any = None
        self.rendering: t.Any = None
        self.seen: dict[t.Any, t.Any] = trace.seen

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
    _outside: int
    _repeated: _Repeated

    def __init__(self, trace: LiveTrace, writer: Writer, site: int, last: Fold | None) -> None:
        super().__init__(trace)
        outside = writer.current
        while outside >= 0 and writer is not trace:
            # Steps of other threads lie inside one of the request's own.
            outside = writer.log[outside + PARENT]
        self._outside = outside if outside < 0 else -2 - outside
        self.current: int = self._outside
        self.limit: int = STEPS_FOLDED * WIDTH
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
        """Return whether a step in it runs."""
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


__all__ = ["FOLDS_KEPT", "STEPS_FOLDED", "Fold", "Strand", "Writer"]
