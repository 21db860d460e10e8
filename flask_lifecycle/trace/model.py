"""The public records: immutable, and their fields are the contract."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence
from dataclasses import dataclass

from .caller import Caller
from .explain import explained, journey
from .highlights import highlights
from .names import is_named
from .notebook import in_notebook
from .status import client_status

if t.TYPE_CHECKING:
    from .compare import Comparison

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

#: Each step of these stages is a call of one of the user's functions.
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

#: What a held request can be told to do in place of a function.
INTERVENTIONS = ("answer", "skip", "raise")
#: How a held request goes on: told by a person, after its time, as nobody watches any more, or as
#: the server stops.
DID = ("go", "step", "end", "all", *INTERVENTIONS, "time", "left", "stopped")

#: A JSON object.
JsonObject = dict[str, t.Any]
#: One of :data:`STAGES`; readers of recordings check that.
Stage = t.Annotated[str, STAGES]
ServerErrorBy = t.Literal["debugger", "server"]
Outcome = t.Literal["ok", "short_circuit", "raised"]


@dataclass(frozen=True, slots=True)
class Source:
    """The source location of a callable: the file's path and the line of its ``def``."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Error:
    """The type's name and the text of an exception, truncated; never the exception itself."""

    type: str
    message: str


@dataclass(frozen=True, slots=True)
class Process:
    """The process and thread of a request. ``started_at`` is when the process began, Unix time.

    Host, pid and ``started_at`` are the same for all requests of one run, and of no other. ``app``
    is the name of the Flask app: a process may have several.
    """

    pid: int
    host: str
    thread: str
    started_at: float = 0.0
    app: str = ""


@dataclass(frozen=True, slots=True)
class TraceError:
    """The exception that left the app or was answered with 500, and the step that raised it."""

    type: str
    message: str
    step: int | None


@dataclass(frozen=True, slots=True)
class Step:
    """One recorded step. ``begin`` and ``end`` are ns from the trace's start.

    ``package`` is the import package that a function comes from, such as ``flask_login``; None for
    the app's own code and Flask's.
    """

    id: int
    parent: int | None
    stage: Stage
    name: str
    callable: str | None
    source: Source | None
    scope: str | None
    begin: int
    end: int | None
    outcome: Outcome | None
    error: Error | None
    detail: dict[str, t.Any]
    package: str | None = None

    def to_dict(self) -> JsonObject:
        """Return the step, JSON-ready."""
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
            "package": self.package,
        }


@dataclass(frozen=True, slots=True)
class Hold:
    """A span in which a breakpoint held the request, at a step; times are ns from its start.

    ``end`` and ``did`` are None while it is held. ``did`` is how it went on: one of :data:`DID`.
    """

    step: int
    begin: int
    end: int | None
    did: str | None


@dataclass(frozen=True, slots=True)
class Trace:
    """One request, as it was when copied. ``started_at`` is Unix time; other times are in ns.

    ``duration`` lasts until the server has closed the body. ``app_time`` is the app's own part of
    it: until the response was returned to the server, in a stream's generator, and in closing it.
    ``server_error_by`` is who sent a 500 in place of the app's own response, as an exception left
    the app: the server, or Werkzeug's debugger. ``caller`` and ``traceparent`` are what the headers
    say of its sender; the latter has the ids of W3C's trace and span, joined by a hyphen.
    """

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
    app_time: int | None = None
    server_error_by: ServerErrorBy | None = None
    holds: tuple[Hold, ...] = ()
    caller: Caller | None = None
    traceparent: str | None = None

    @property
    def intervened(self) -> tuple[Hold, ...]:
        """Return the holds after which something other than the app's function happened."""
        return tuple(each for each in self.holds if each.did in INTERVENTIONS)

    def header(self) -> JsonObject:
        """Return all fields except the steps, JSON-ready."""
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
            "app_time": self.app_time,
            "process": _plain(self.process),
            "error": _plain(self.error),
            "parent": self.parent,
            "dropped_steps": self.dropped_steps,
            "server_error_by": self.server_error_by,
            "holds": [_plain(each) for each in self.holds],
            "caller": _plain(self.caller),
            "traceparent": self.traceparent,
        }

    def to_dict(self) -> JsonObject:
        """Return the whole trace, JSON-ready, with the sentences of each step and highlights."""
        told = [each.to_dict() for each in highlights(self)]
        return {**self.header(), "steps": list(explained(self)), "highlights": told}

    def explain(self) -> str:
        """Return the whole trace as text: a line for each step, with its duration."""
        return journey(self)

    def _repr_html_(self) -> str | None:
        """Return what a notebook shows: the diagram with its replay and all views, in a frame."""
        return in_notebook(self)

    def find(self, *, stage: str | None = None, name: str | None = None) -> tuple[Step, ...]:
        """Return the steps that match.

        :param name: a name, ``module:qualname``, or a glob of either.
        """
        return tuple(
            step
            for step in self.steps
            if stage in (None, step.stage) and (name is None or _is_named(step, name))
        )

    def compare(self, other: Trace | Sequence[Trace]) -> Comparison:
        """Compare this request with another one, or with several runs of another one.

        :param other: what came later, as a rule: what it alone has is "added".
        """
        # Few processes compare: its import takes a tenth of this package's.
        from .compare import compare

        return compare(self, other)


def _is_named(step: Step, name: str) -> bool:
    return is_named(name, step.name, step.callable)


def _plain(
    record: Source | Error | TraceError | Process | Hold | Caller | None,
) -> JsonObject | None:
    if record is None:
        return None

    return {name: getattr(record, name) for name in record.__dataclass_fields__}


__all__ = [
    "DID",
    "FUNCTION_STAGES",
    "INTERVENTIONS",
    "STAGES",
    "Caller",
    "Error",
    "Hold",
    "JsonObject",
    "Outcome",
    "Process",
    "ServerErrorBy",
    "Source",
    "Stage",
    "Step",
    "Trace",
    "TraceError",
    "client_status",
]
