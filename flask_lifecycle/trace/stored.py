"""What is stored of a finished request, and the request made again of it, for the same readers.

These are its columns and records as they are: to make the public form takes several times as long,
and few requests are ever read.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import attrgetter
from struct import Struct, iter_unpack

from ..core import compiled, twin
from .caller import Caller
from .changes import Changed
from .counts import Counts
from .forms import Form
from .holds import Span
from .kept import Kept, columns, numbers_in
from .log import WIDTH, Columns
from .messages import Answered, Received
from .model import Error, Source
from .notes import SHORT_CIRCUIT, Detail, Facts, Notes
from .sent import Sent, Traceparent
from .statement import Statement
from .tracepoint import Tracepoint
from .writer import LiveTrace, Route

_PLAIN = ("method", "path", "query", "status", "thread", "toolbar")
#: The names of the fields of a stored request; one of another version may lack some, or have more.
#: The last one has those that differ from their defaults in few requests.
FIELDS = (*_PLAIN, "id", "details", "extras", "unnumbered", "more")
_SELDOM = {
    **dict.fromkeys(("parent", "server_error_by", "cause", "background", "traceparent")),
    "error_step": -1,
    "dropped_steps": 0,
    "error": None,
    "caller": None,
    "holds": (),
}
_TIMES = ("started_at", "origin", "ended", "stopwatch")

# What makes the details again that are stored in a form of their own.
_FORMS: Mapping[str, Callable[..., Detail]] = {
    "received": Received.restored,
    "answered": Answered,
    "counts": Counts.restored,
    "statement": Statement.restored,
    "changed": Changed.restored,
    "sent": Sent,
    "traceparent": Traceparent,
}

Fields = Mapping[str, t.Any]
#: The name of a form, and details in it, JSON-ready; None: as readers have them.
Stored = tuple[str | None, t.Any]

_plain = attrgetter(*_PLAIN)
_seldom = attrgetter(*_SELDOM)
_DEFAULTS = tuple(_SELDOM.values())
_times = attrgetter(*_TIMES)
_clocks = Struct("dddd")
# A step in half the space: its tracepoint, the index of its parent, and nanoseconds since the
# request's origin and since its begin. The compiled core makes it, where that loses nothing.
_SHORT = "HhII"
_OPEN = 0xFFFFFFFF


def fields_of(
    trace: LiveTrace, trace_id: str, form: Callable[[Detail, LiveTrace], Stored]
) -> list[t.Any]:
    """Return the fields of a finished request, JSON-ready.

    :param form: :func:`form_of`, or what calls it and handles its exceptions.
    """
    notes = trace.notes
    # Most details are stored as they are.
    plain = Facts if form is form_of else None
    details: list[t.Any] = []
    for place, note in notes.details.items():
        details += (place, None, note) if type(note) is plain else (place, *form(note, trace))
    extras: list[t.Any] = []
    for place, changed in notes.changed.items():
        extras += (place, "changes", *form(changed, trace))
    for place, added in notes.extras.items():
        for name, extra in added.items():
            extras += (place, name, *form(extra, trace))
    unnumbered = [(at, *tracepoint_fields(each)) for at, each in notes.tracepoints.items()]
    return [*_plain(trace), trace_id, details, extras, unnumbered, _more(trace)]


def _more(trace: LiveTrace) -> dict[str, t.Any]:
    """Return the fields that differ from their defaults in few requests, where any does."""
    values = _seldom(trace)
    more: dict[str, t.Any] = {}
    if values != _DEFAULTS:
        error, caller = trace.error, trace.caller
        more = dict(zip(_SELDOM, values, strict=True))
        more["error"] = None if error is None else (error.type, error.message)
        more["caller"] = None if caller is None else (caller.trace, caller.step)
        more["holds"] = [(each.place, each.begin, each.end, each.did) for each in trace.holds]
    if trace.notes.outcomes:
        more["outcomes"] = [(at, *_outcome(each)) for at, each in trace.notes.outcomes.items()]
    if trace.merged:
        more["merged"] = True
    return more


def form_of(note: Detail, trace: LiveTrace) -> Stored:
    """Return the details of a step, or an addition to them, as they are stored."""
    form: Form | None = getattr(note, "stored", None)
    if form is None:
        return None, note.detail(trace)
    name, attributes = form
    return name, note if attributes is None else [getattr(note, each) for each in attributes]


def numbers_of(trace: LiveTrace, used: bytearray) -> tuple[bytes, bool]:
    """Return the times of a finished request and its steps, as numbers; and whether in short.

    :param used: where its tracepoints are marked, by their numbers.
    :raises ValueError: it has not finished.
    """
    kept = trace.kept
    if kept is None:
        raise ValueError("it has not finished")
    times = _clocks.pack(*_times(trace))
    short = _shortened(kept.steps, trace.origin, used)
    if short is not None:
        return times + short, True
    numbers = numbers_in(kept.steps)
    used.extend(bytes(max(0, max(numbers, default=-1) + 1 - len(used))))
    for number in numbers:
        used[number] = 1
    return times + kept.steps, False


def _not_shortened(_steps: bytes, _origin: float, _used: bytearray) -> None:
    """Leave it: that would take longer than what it saves."""


_shortened = _not_shortened if compiled is None else compiled.shortened


def _lengthened(short: bytes, origin: float) -> bytes:
    """Return the steps that were stored in short."""
    log: list[t.Any] = []
    for tracepoint, parent, begin, took in iter_unpack(_SHORT, short):
        end = 0.0 if took == _OPEN else origin + (begin + took) / 1e9
        log += (tracepoint, max(-1, parent * WIDTH), origin + begin / 1e9, end)
    return twin.pack(log)


def _outcome(outcome: t.Any) -> tuple[str, ...]:
    return (outcome.type, outcome.message) if isinstance(outcome, Error) else ()


def tracepoint_fields(tracepoint: Tracepoint) -> tuple[t.Any, ...]:
    """Return what :func:`tracepoint` takes, JSON-ready."""
    source = tracepoint.source
    return (
        tracepoint.stage,
        tracepoint.name,
        tracepoint.callable,
        None if source is None else (source.file, source.line),
        tracepoint.scope,
        tracepoint.package,
    )


def tracepoint_of(stage: str, name: str, called: t.Any, source: t.Any, *rest: t.Any) -> Tracepoint:
    """Return a stored tracepoint."""
    return Tracepoint(stage, name, called, source and Source(*source), *rest)


# What the compiled function has to know.
_LAYOUT = (
    _PLAIN,
    (*_SELDOM,),
    _DEFAULTS,
    Facts,
    _more,
    ("stage", "name", "callable"),
    ("scope", "package"),
)


def _text_of(trace: LiveTrace, trace_id: str, route: int | None) -> bytes:
    return twin.dumps([route, *fields_of(trace, trace_id, form_of)]).encode("ascii")


#: Returns the fields of a finished request as JSON, after the number of its route. The compiled
#: function fails for some of what its twin writes.
text_of: Callable[[LiveTrace, str, int | None], bytes] = (
    _text_of if compiled is None else partial(compiled.stored, _LAYOUT)
)


class Restored(LiveTrace):
    """A finished request as it was stored, by this process or another.

    :param numbers: of :func:`numbers_of`.
    :param known: the tracepoints by their numbers.
    :param is_short: whether the numbers are in short.
    """

    __slots__ = ("_id", "_known")

    def __init__(
        self,
        fields: Fields,
        numbers: bytes,
        known: Mapping[int, Tracepoint],
        route: Route | None,
        *,
        is_short: bool,
    ) -> None:
        super().__init__(None, "", "")
        fields = {**fields, **fields.get("more", {})}
        for name in (*_PLAIN, *_SELDOM):
            if name in fields:
                setattr(self, name, fields[name])
        times = zip(_TIMES, _clocks.unpack_from(numbers), strict=True)
        for name, reading in times:
            setattr(self, name, reading)
        self._id: str = fields["id"]
        self._known = known
        self.notes: Notes = _notes(fields)
        steps = numbers[_clocks.size :]
        if is_short:
            steps = _lengthened(steps, self.origin)
        self._kept = Kept(steps, self.notes, merged=fields.get("merged", False))
        self.route = route
        error, caller, holds = (fields.get(name) for name in ("error", "caller", "holds"))
        self.error: Error | None = error and Error(*error)
        self.caller: Caller | None = caller and Caller(*caller)
        self.holds: tuple[Span, ...] = tuple(_span(self, *each) for each in holds or ())

    @property
    def id(self) -> str:
        return self._id

    def elapsed(self) -> int:
        # The clock of another process may begin elsewhere.
        return self.duration or 0

    def columns(self) -> Columns:
        log = () if self._kept is None else self._kept.log()
        return columns(log, self.notes, self.endpoint, self.ended, self._known)


def _notes(fields: Fields) -> Notes:
    notes = Notes()
    for at, form, detail in _groups(fields["details"], 3):
        notes.details[at] = Facts(detail) if form is None else _note(form, detail)
    for at, name, form, extra in _groups(fields["extras"], 4):
        notes.add(at, name, _Addition(extra) if form is None else _note(form, extra))
    for at, *error in fields.get("outcomes", ()):
        notes.outcomes[at] = Error(*error) if error else SHORT_CIRCUIT
    for at, *tracepoint in fields["unnumbered"]:
        notes.tracepoints[at] = tracepoint_of(*tracepoint)
    return notes


def _groups(values: Sequence[t.Any], size: int) -> t.Iterator[tuple[t.Any, ...]]:
    return zip(*[iter(values)] * size, strict=True)


def _note(form: str, stored: list[t.Any]) -> Detail:
    restored = _FORMS.get(form)
    # A later version may have more forms.
    return Facts() if restored is None else restored(*stored)


class _Addition:
    __slots__ = ("_value",)

    def __init__(self, value: t.Any) -> None:
        self._value = value

    def detail(self, _trace: LiveTrace) -> t.Any:
        return self._value


def _span(trace: LiveTrace, place: int, begin: float, end: float, did: str | None) -> Span:
    span = Span(trace, place)
    span.begin, span.end, span.did = begin, end, did
    return span


__all__ = [
    "FIELDS",
    "Restored",
    "fields_of",
    "form_of",
    "numbers_of",
    "text_of",
    "tracepoint_fields",
    "tracepoint_of",
]
