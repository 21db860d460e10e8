"""The records: what is written while a request runs, and the frozen copies that are handed out.

:class:`LiveTrace` is appended to by the request's own thread and only read by others.
:class:`Trace` and :class:`Step` are immutable; their fields are the contract.
"""

from __future__ import annotations

import os
import socket
import typing as t
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from struct import Struct, calcsize
from threading import current_thread, get_ident
from time import perf_counter as clock
from time import time

from .forks import lock

STAGES = (
    "wsgi",
    "middleware",
    "request_context",
    "app_context_push",
    "request_context_push",
    "session_open",
    "url_match",
    "signal",
    "url_value_preprocessor",
    "before_request",
    "dispatch",
    "view",
    "template",
    "context_processor",
    "url_defaults",
    "error_handler",
    "make_response",
    "after_this_request",
    "after_request",
    "session_save",
    "start_response",
    "teardown_request",
    "teardown_appcontext",
    "request_context_pop",
    "app_context_pop",
    "body",
    "body_close",
    "sql",
    "span",
    "log",
    "flash",
    "warning",
)

#: Each step of these is a function of the user's.
FUNCTION_STAGES = frozenset(
    (
        "url_value_preprocessor",
        "before_request",
        "view",
        "context_processor",
        "url_defaults",
        "error_handler",
        "after_this_request",
        "after_request",
        "teardown_request",
        "teardown_appcontext",
    )
)

Outcome = t.Literal["ok", "short_circuit", "raised"]

#: When the app's process began to be watched, Unix time.
STARTED = time()
# Unix time of the monotonic clock's zero: ids sort by creation even if the wall clock steps back.
_EPOCH = time() - clock()
_HOST = socket.gethostname()


@dataclass(frozen=True, slots=True)
class Source:
    """Where a callable is written: the file's path and the line of its ``def``."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Site:
    """What can run as a step: resolved once for a function, shared by its steps."""

    stage: str
    name: str
    callable: str | None = None
    source: Source | None = None
    scope: str | None = None


@dataclass(frozen=True, slots=True)
class Error:
    """The type's name and the text of an exception, capped; never the exception itself."""

    type: str
    message: str


# A running trace's steps are one flat list of numbers, so many to a step: no objects to make
# and none for the garbage collector to visit. A site is the number that `number` gave it.
# Parents are places in the same list, or -1; below that, places in the request's own list.
# Times are seconds of the monotonic clock: floats are made, packed and freed in less time than
# large integers, and tell nanoseconds apart for 100 days after the start of the machine. An end
# of 0 is still to come. What few steps have is noted beside, by the step's place; by its
# complement (`~place`) what went wrong in it, and by `place + EXTRA`, by name,
# what collectors add: objects that make their part of the details by `detail(redactor)`.
WIDTH = 4
SITE, PARENT, BEGIN, END = range(WIDTH)
EXTRA = 1
_STEP_BYTES = calcsize("iidd")

#: What is noted as the fault of a hook that answered in place of the view.
SHORT_CIRCUIT = "short_circuit"

# Details that are noted as a tuple or list, to be named when somebody reads them. When and how
# much was sent is one flat list. Any other object that is noted makes its details itself, by a
# method `detail(trace)`.
_DETAIL_NAMES = {
    "make_response": ("from", "to"),
    "body": ("chunks", "bytes", "streamed", "sent", "preview", "complete"),
    "sql": ("statement", "rows", "many", "parameters", "place"),
    "span": ("name", "kind", "library", "attributes"),
}

SITES: dict[int, Site] = {}
_SITES_KEPT = 100_000
_numbers: dict[Site, int] = {}
_next_number = count()
_lock = lock()


def number(site: Site) -> int:
    """Give a site the number that stands for it in the steps of this process."""
    known = _numbers.get(site)
    if known is None:
        if len(SITES) >= _SITES_KEPT:
            # Somebody makes up names as they go: no more of them than that.
            site = Site(site.stage, site.stage)
            if site in _numbers:
                return _numbers[site]
        # Without a lock: of two numbers for a site at once, either is good.
        made = next(_next_number)
        SITES[made] = site
        known = _numbers.setdefault(site, made)
    return known


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


class Columns(t.NamedTuple):
    """The steps of a trace, by column. Parents are indexes or -1; times raw readings."""

    sites: list[Site]
    parents: list[int]
    begins: t.Sequence[float]
    ends: t.Sequence[float]
    notes: dict[int, t.Any]
    endpoint: str | None


class LiveTrace(Writer):
    """One request while it is recorded, by its own thread. No lock is needed.

    :param owner: stands for the app; no reference to it.
    """

    __slots__ = (
        "__weakref__",
        "_kept",
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
        "status",
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
        # Whether an HTTP exception without a handler is itself what is answered.
        self.unhandled = False
        self._kept: bytes | None = None
        self.origin = clock()

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
    def step_count(self) -> int:
        """Count the steps recorded so far."""
        kept = self._kept
        if kept is not None:
            return len(kept) // _STEP_BYTES
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
        self._kept = _packed(len(log) // WIDTH).pack(*log)
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
            log, notes = _packed(len(kept) // _STEP_BYTES).unpack(kept), self.notes
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
        """Put the steps of several threads into one list, in order of beginning.

        Return it, what is noted of them, and where each went, by thread and place.
        """
        writers = [self, *(self.strands or {}).values()]
        logs = [list(writer.log) for writer in writers]
        order = sorted(
            (log[place + BEGIN], thread, place)
            for thread, log in enumerate(logs)
            for place in range(0, len(log), WIDTH)
        )
        places = {
            (thread, place): index * WIDTH for index, (_begin, thread, place) in enumerate(order)
        }
        merged: list[t.Any] = []
        for _begin, thread, place in order:
            site, parent, begin, end = logs[thread][place : place + WIDTH]
            inside = (thread, parent) if parent >= -1 else (0, -2 - parent)
            merged += (site, places.get(inside, -1), begin, end)
        notes: dict[int, t.Any] = {}
        for thread, writer in enumerate(writers):
            for key, note in list(writer.notes.items()):
                beside = key % WIDTH if key >= 0 else 0
                new = places.get((thread, key - beside if key >= 0 else ~key), 0)
                notes[new + beside if key >= 0 else ~new] = note
        return merged, notes, places

    def size(self) -> int:
        """Estimate the bytes kept for this trace."""
        return 1000 + 24 * self.step_count + 200 * len(self.notes) + self.detail_bytes

    def snapshot_header(self) -> dict[str, t.Any]:
        """Return all but the steps, as JSON's types."""
        return self._copy(()).header()

    def snapshot(self) -> Trace:
        """Copy what is recorded so far."""
        columns = self.columns()
        return self._copy(
            tuple(freeze(self, columns, index) for index in range(len(columns.sites)))
        )

    def _copy(self, steps: tuple[Step, ...]) -> Trace:
        error = self.error
        return Trace(
            id=self.id,
            state="running" if self.running else "done",
            method=self.method,
            path=self.path,
            query=self.query,
            url_rule=None if self.route is None else self.route.rule,
            endpoint=self.endpoint,
            blueprints=self.blueprints,
            status=self.status,
            started_at=_EPOCH + self.origin,
            duration=self.duration,
            process=Process(self.pid, _HOST, self.thread),
            error=None
            if error is None
            else TraceError(
                error.type,
                error.message,
                None if self.error_step < 0 else self.error_step // WIDTH,
            ),
            parent=self.parent,
            dropped_steps=self.dropped_steps,
            steps=steps,
        )


#: Stands where no request is recorded: it has no owner.
NOBODY = LiveTrace(None, "", "")


@lru_cache(256)
def _packed(steps: int) -> Struct:
    return Struct("iidd" * steps)


def freeze(trace: LiveTrace, columns: Columns, index: int) -> Step:
    """Copy one step."""
    site = columns.sites[index]
    parent = columns.parents[index]
    end = columns.ends[index]
    place = index * WIDTH
    fault = columns.notes.get(~place)
    outcome: Outcome = "ok" if fault is None else "raised"
    if fault == SHORT_CIRCUIT:
        outcome = "short_circuit"
    detail = _detail(trace, site.stage, columns.notes.get(place))
    for name, noted in (columns.notes.get(place + EXTRA) or {}).items():
        shown = noted.detail(trace.redactor)
        if shown:
            detail[name] = shown
    return Step(
        id=index,
        parent=None if parent < 0 else parent,
        stage=site.stage,
        name=_name(site, columns, detail),
        callable=site.callable,
        source=site.source,
        scope=site.scope,
        begin=trace.since(columns.begins[index]),
        end=trace.since(end) if end else None,
        outcome=outcome if end else None,
        error=fault if isinstance(fault, Error) else None,
        detail=detail,
    )


def _name(site: Site, columns: Columns, detail: dict[str, t.Any]) -> str:
    if site.stage == "sql":
        return " ".join(str(detail.get("statement", "")).split())
    if site.stage == "span":
        return str(detail["name"])
    if site.stage == "dispatch" and columns.endpoint is not None:
        return columns.endpoint
    return site.name


def _detail(trace: LiveTrace, stage: str, noted: t.Any) -> dict[str, t.Any]:
    if noted is None:
        return {}
    if isinstance(noted, dict):
        return dict(noted)
    if not isinstance(noted, (tuple, list)):
        made: dict[str, t.Any] = noted.detail(trace)
        return made
    detail = dict(zip(_DETAIL_NAMES[stage], noted, strict=False))
    if "sent" in detail:
        sent = list(detail["sent"])
        times = [trace.since(reading) for reading in sent[::2]]
        detail["sent"] = list(zip(times, sent[1::2], strict=False))
    if "parameters" in detail:
        detail["parameters"] = _listed(detail["parameters"])
        place = detail["place"]
        detail["place"] = place and {"file": place[0], "line": place[1]}
    preview = detail.pop("preview", None)
    if preview is not None:
        detail["preview"] = preview.detail(trace)
    return detail


def _listed(value: t.Any) -> t.Any:
    """Turn the tuples that are kept into lists."""
    return [_listed(each) for each in value] if type(value) is tuple else value


@dataclass(frozen=True, slots=True)
class Process:
    """Where a request ran."""

    pid: int
    host: str
    thread: str


@dataclass(frozen=True, slots=True)
class TraceError:
    """What went out of the app or was answered with 500, and the step in which it was raised."""

    type: str
    message: str
    step: int | None


@dataclass(frozen=True, slots=True)
class Step:
    """One recorded step. ``begin`` and ``end`` are ns from the trace's start."""

    id: int
    parent: int | None
    stage: str
    name: str
    callable: str | None
    source: Source | None
    scope: str | None
    begin: int
    end: int | None
    outcome: Outcome | None
    error: Error | None
    detail: dict[str, t.Any]

    def to_dict(self) -> dict[str, t.Any]:
        """Return the step as JSON's types."""
        return {
            "id": self.id,
            "parent": self.parent,
            "stage": self.stage,
            "name": self.name,
            "callable": self.callable,
            "source": _plain(self.source),
            "scope": self.scope,
            "begin": self.begin,
            "end": self.end,
            "outcome": self.outcome,
            "error": _plain(self.error),
            "detail": self.detail,
        }


@dataclass(frozen=True, slots=True)
class Trace:
    """One request, as it was when copied. ``duration`` is in ns, ``started_at`` Unix time."""

    id: str
    state: t.Literal["running", "done"]
    method: str
    path: str
    query: str
    url_rule: str | None
    endpoint: str | None
    blueprints: tuple[str, ...]
    status: int | None
    started_at: float
    duration: int | None
    process: Process
    error: TraceError | None
    parent: str | None
    dropped_steps: int
    steps: tuple[Step, ...]

    def header(self) -> dict[str, t.Any]:
        """Return all but the steps, as JSON's types."""
        return {
            "id": self.id,
            "state": self.state,
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "url_rule": self.url_rule,
            "endpoint": self.endpoint,
            "blueprints": list(self.blueprints),
            "status": self.status,
            "started_at": self.started_at,
            "duration": self.duration,
            "process": _plain(self.process),
            "error": _plain(self.error),
            "parent": self.parent,
            "dropped_steps": self.dropped_steps,
        }

    def to_dict(self) -> dict[str, t.Any]:
        """Return the whole trace as JSON's types."""
        return {**self.header(), "steps": [step.to_dict() for step in self.steps]}


def _plain(record: Source | Error | TraceError | Process | None) -> dict[str, t.Any] | None:
    if record is None:
        return None

    return {name: getattr(record, name) for name in record.__dataclass_fields__}


__all__ = [
    "BEGIN",
    "END",
    "EXTRA",
    "FUNCTION_STAGES",
    "NOBODY",
    "PARENT",
    "SHORT_CIRCUIT",
    "SITE",
    "SITES",
    "STAGES",
    "STARTED",
    "WIDTH",
    "Columns",
    "Error",
    "LiveTrace",
    "Outcome",
    "Process",
    "Route",
    "Site",
    "Source",
    "Step",
    "Strand",
    "Trace",
    "TraceError",
    "Writer",
    "clock",
    "freeze",
    "number",
]
