"""What differs between two traces apart from their steps: headers, values, statements.

What differs in every request anyway is not counted, but named.
"""

from __future__ import annotations

import typing as t
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from .details import mapping, pairs, texts
from .intervals import held, took
from .transactions import STATEMENT
from .varying import (
    is_clock,
    is_varying_header,
    is_varying_name,
    without_nonces,
    without_varying,
)

if t.TYPE_CHECKING:
    from .model import Step, Trace

# Of a step: measured, or compared as a whole elsewhere.
_ELSEWHERE = frozenset(
    (
        *("cpu", "memory", "profile", "thread", "connection", "place", "sent", "repeated"),
        *("websocket", "request", "response", "added", "headers", "exception", "receivers"),
    )
)
# What maps names to values, or lists names, in the changes of a step.
_WITH_NAMES = ("added", "changed", "removed", "set", "deleted")
_ABSENT = object()
_MESSAGES = ("log", "warning")


@dataclass(frozen=True, slots=True)
class Changes:
    """What the second request has and the first does not, and the reverse.

    ``changed`` has the values of both. ``by`` has the names of the functions that set them: those
    of the second request, or of the first where the second does not have the value.
    """

    added: dict[str, t.Any]
    changed: dict[str, t.Any]
    removed: tuple[str, ...]
    by: dict[str, t.Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)

    def names(self) -> list[str]:
        """Return the names of all."""
        return [*self.added, *self.changed, *self.removed]


@dataclass(frozen=True, slots=True)
class HeaderChanges:
    """The headers of both requests and of the app's own responses, by their names in lower case.

    ``not_counted`` are the names of those that differ in every request, such as ``Date``.
    """

    request: Changes
    response: Changes
    not_counted: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.request or self.response)


@dataclass(frozen=True, slots=True)
class ComparedStatement:
    """How often each request sent an SQL statement, and how long all of these took, in ns."""

    statement: str
    a: int
    b: int
    a_ns: int
    b_ns: int


@dataclass(frozen=True, slots=True)
class StateChanges:
    """The values that the requests left in ``g`` and in the session.

    None is the value of what they removed. ``not_counted`` are names such as ``csrf_token``, whose
    values differ in every request.
    """

    g: Changes
    session: Changes
    not_counted: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.g or self.session)


def header_changes(a: Trace, b: Trace) -> HeaderChanges:
    """Compare the headers of two requests, and of their responses."""

    def is_varying(name: str, _one: t.Any, _other: t.Any) -> bool:
        return is_varying_header(name)

    request, skipped = _compared(
        _headers(a, "wsgi", "request"), _headers(b, "wsgi", "request"), is_varying
    )
    response, more = _compared(
        _headers(a, "start_response", "response"),
        _headers(b, "start_response", "response"),
        is_varying,
    )
    response = _attributed(response, _header_setters(a), _header_setters(b))
    return HeaderChanges(request, response, tuple(dict.fromkeys((*skipped, *more))))


def state_changes(a: Trace, b: Trace) -> StateChanges:
    """Compare what two requests left in ``g`` and in the session."""
    apart = b.started_at - a.started_at
    lasted = max(a.duration or 0, b.duration or 0) / 1e9

    def is_varying(name: str, one: t.Any, other: t.Any) -> bool:
        return is_varying_name(name) or is_clock(one, other, apart, lasted)

    g, skipped = _compared(_left(a, "g"), _left(b, "g"), is_varying)
    session, more = _compared(_left(a, "session"), _left(b, "session"), is_varying)
    g = _attributed(g, _setters(a, "g"), _setters(b, "g"))
    session = _attributed(session, _setters(a, "session"), _setters(b, "session"))
    return StateChanges(g, session, tuple(dict.fromkeys((*skipped, *more))))


def statements(a: Trace, b: Trace) -> tuple[ComparedStatement, ...]:
    """Count the statements of both requests by their text, in order of their first execution."""
    counts: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    times: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    for trace, count, time in zip((a, b), counts, times, strict=True):
        spans = held(trace)
        for step in trace.steps:
            if step.stage == "sql" and step.detail.get("kind", STATEMENT) == STATEMENT:
                count[step.name] += 1
                time[step.name] += took(step, spans)
    return tuple(
        ComparedStatement(each, counts[0][each], counts[1][each], times[0][each], times[1][each])
        for each in dict.fromkeys((*counts[0], *counts[1]))
    )


def detail_differs(a: Step, b: Step) -> bool:
    """Return whether two steps had another effect or another input."""
    return a.name != b.name or _counted(a) != _counted(b)


def _counted(step: Step) -> dict[str, t.Any]:
    counted = {key: value for key, value in step.detail.items() if key not in _ELSEWHERE}
    if step.stage in _MESSAGES:
        counted["message"] = without_varying(counted.get("message"))
    # The values that a request leaves are compared as a whole.
    counted["changes"] = {
        where: _names(changes, is_varying_header if where == "response" else is_varying_name)
        for where, changes in mapping(counted.get("changes")).items()
    }
    return counted


def _names(changes: t.Any, is_varying: Callable[[t.Any], bool]) -> t.Any:
    """Return which names were changed, and how, without their values."""
    if not isinstance(changes, dict):
        return changes
    return {
        how: [name for name in value if not is_varying(name)]
        if how in _WITH_NAMES and isinstance(value, (dict, list))
        else _names(value, is_varying)
        for how, value in changes.items()
    }


def _compared(
    a: Mapping[str, t.Any],
    b: Mapping[str, t.Any],
    is_varying: Callable[[str, t.Any, t.Any], bool],
) -> tuple[Changes, list[str]]:
    """Return the differences of two mappings, and the names that are not counted."""
    different = [name for name in {**a, **b} if a.get(name, _ABSENT) != b.get(name, _ABSENT)]
    skipped = [name for name in different if is_varying(name, a.get(name), b.get(name))]
    counted = [name for name in different if name not in skipped]
    changes = Changes(
        added={name: b[name] for name in counted if name not in a},
        changed={name: [a[name], b[name]] for name in counted if name in a and name in b},
        removed=tuple(name for name in counted if name not in b),
    )
    return changes, skipped


def _headers(trace: Trace, stage: str, name: str) -> dict[str, str]:
    """Return the headers of the request or of the last response."""
    found = [
        step.detail[name] for step in trace.steps if step.stage == stage and name in step.detail
    ]
    given = mapping(found[-1]).get("headers") if found else ()
    headers: dict[str, list[str]] = {}
    for header, value in pairs(given):
        headers.setdefault(header.lower(), []).append(without_nonces(value))
    return {header: ", ".join(values) for header, values in headers.items()}


def _left(trace: Trace, where: str) -> dict[str, t.Any]:
    """Return the values that a request left in a mapping, by name.

    A session begins with what the client sent; a name that was removed is None.
    """
    values: dict[str, t.Any] = {}
    for step in trace.steps:
        values.update(mapping(step.detail.get(where)) if step.stage == "session_open" else ())
        changes = mapping(mapping(step.detail.get("changes")).get(where))
        values.update(mapping(changes.get("added")))
        values.update(mapping(changes.get("changed")))
        values.update(dict.fromkeys(texts(changes.get("removed"))))
    return values


def _attributed(changes: Changes, a: Mapping[str, str], b: Mapping[str, str]) -> Changes:
    """Add the functions that set what differs, as far as they are known."""
    removed = {name: a[name] for name in changes.removed if name in a}
    set_ = {name: b[name] for name in (*changes.added, *changes.changed) if name in b}
    return replace(changes, by={**removed, **set_})


def _setters(trace: Trace, where: str) -> dict[str, str]:
    """Return the name of the function that last changed each value of a mapping."""
    return {
        name: step.name
        for step in trace.steps
        for changes in (mapping(mapping(step.detail.get("changes")).get(where)),)
        for how in ("added", "changed")
        for name in mapping(changes.get(how))
    }


def _header_setters(trace: Trace) -> dict[str, str]:
    """Return the same for the headers of the response, by their names in lower case."""
    setters: dict[str, str] = {}
    for step in trace.steps:
        response = mapping(mapping(step.detail.get("changes")).get("response"))
        headers = mapping(response.get("headers"))
        names = (name for how in _WITH_NAMES for name in headers.get(how) or ())
        setters.update((name.lower(), step.name) for name in names if isinstance(name, str))
        if response.get("cookies"):
            setters["set-cookie"] = step.name
    return setters


__all__ = [
    "Changes",
    "ComparedStatement",
    "HeaderChanges",
    "StateChanges",
    "detail_differs",
    "header_changes",
    "state_changes",
    "statements",
]
