"""The records: what is written while a request runs, and the frozen copies that are handed out.

:class:`LiveTrace` and :class:`LiveStep` are appended to by the request's own thread and only
read by others. :class:`Trace` and :class:`Step` are immutable; their fields are the contract.
"""

from __future__ import annotations

import os
import socket
import threading
import typing as t
from dataclasses import dataclass, replace
from time import perf_counter_ns as clock
from time import time_ns

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
    "log",
    "flash",
)

Outcome = t.Literal["ok", "short_circuit", "raised"]

# Unix time of the monotonic clock's zero: ids sort by creation even if the wall clock steps back.
_EPOCH = time_ns() - clock()
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

    def named(self, name: str) -> Site:
        """Return the same site under another name."""
        return replace(self, name=name)


@dataclass(frozen=True, slots=True)
class Error:
    """The type's name and the text of an exception, capped; never the exception itself."""

    type: str
    message: str


class LiveStep:
    """One step while and after it runs. Times are raw readings of the monotonic clock, in ns."""

    __slots__ = ("begin", "detail", "end", "error", "outcome", "parent", "site")

    def __init__(self, site: Site, parent: LiveStep | None) -> None:
        self.site = site
        self.parent = parent
        self.end: int | None = None
        self.outcome: Outcome | None = None
        self.error: Error | None = None
        self.detail: dict[str, t.Any] | None = None
        self.begin = clock()


class LiveTrace:
    """One request while it is recorded. Only its own request writes; no lock is needed."""

    __slots__ = (
        "__weakref__",
        "blueprints",
        "current",
        "detail_bytes",
        "dropped_steps",
        "duration",
        "endpoint",
        "error",
        "error_step",
        "hidden",
        "id",
        "max_steps",
        "method",
        "origin",
        "owner",
        "parent",
        "path",
        "phase",
        "pid",
        "query",
        "seq",
        "started_at",
        "status",
        "steps",
        "streamed",
        "thread",
        "url_rule",
    )

    def __init__(
        self, *, owner: int, method: str, path: str, query: str, parent: str | None, max_steps: int
    ) -> None:
        self.origin = clock()
        started = _EPOCH + self.origin
        self.id = f"{started:016x}{os.urandom(4).hex()}"
        self.seq = 0
        self.owner = owner
        self.started_at = started / 1e9
        self.method = method
        self.path = path
        self.query = query
        self.parent = parent
        self.max_steps = max_steps
        self.pid = os.getpid()
        self.thread = threading.current_thread().name
        self.steps: list[LiveStep] = []
        self.current: LiveStep | None = None
        self.phase: str | None = None
        self.status: int | None = None
        self.url_rule: str | None = None
        self.endpoint: str | None = None
        self.blueprints: tuple[str, ...] = ()
        self.duration: int | None = None
        self.error: Error | None = None
        self.error_step: LiveStep | None = None
        self.streamed = False
        self.hidden = False
        self.dropped_steps = 0
        self.detail_bytes = 0

    @property
    def running(self) -> bool:
        return self.duration is None

    def elapsed(self) -> int:
        """Nanoseconds since the start."""
        return clock() - self.origin

    def size(self) -> int:
        """Estimate the bytes kept for this trace."""
        return 1000 + 200 * len(self.steps) + self.detail_bytes

    def snapshot_header(self) -> dict[str, t.Any]:
        """Return all but the steps, as JSON's types."""
        return self._copy([]).header()

    def snapshot(self) -> Trace:
        """Copy what is recorded so far."""
        return self._copy(list(self.steps))

    def _copy(self, live: list[LiveStep]) -> Trace:
        ids = {id(step): index for index, step in enumerate(live)}
        return Trace(
            id=self.id,
            state="running" if self.running else "done",
            method=self.method,
            path=self.path,
            query=self.query,
            url_rule=self.url_rule,
            endpoint=self.endpoint,
            blueprints=self.blueprints,
            status=self.status,
            started_at=self.started_at,
            duration=self.duration,
            process=Process(self.pid, _HOST, self.thread),
            error=None
            if self.error is None
            else TraceError(
                self.error.type,
                self.error.message,
                ids.get(id(self.error_step)),
            ),
            parent=self.parent,
            dropped_steps=self.dropped_steps,
            steps=tuple(freeze(step, index, ids, self.origin) for index, step in enumerate(live)),
        )


def freeze(step: LiveStep, index: int, ids: t.Mapping[int, int], origin: int) -> Step:
    """Copy one step; ``ids`` maps the identity of a live step to its index."""
    site = step.site
    end = step.end
    return Step(
        id=index,
        parent=None if step.parent is None else ids.get(id(step.parent)),
        stage=site.stage,
        name=site.name,
        callable=site.callable,
        source=site.source,
        scope=site.scope,
        begin=step.begin - origin,
        end=None if end is None else end - origin,
        outcome=None if end is None else step.outcome,
        error=step.error,
        detail=dict(step.detail) if step.detail else {},
    )


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
    "STAGES",
    "Error",
    "LiveStep",
    "LiveTrace",
    "Outcome",
    "Process",
    "Site",
    "Source",
    "Step",
    "Trace",
    "TraceError",
    "clock",
    "freeze",
]
