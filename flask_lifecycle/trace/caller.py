"""Who sent a request, by its headers: claims, which readers hold against the sender's own trace.

W3C's ``traceparent`` is set by tracers such as OpenTelemetry
(https://www.w3.org/TR/trace-context/#traceparent-header); the other header is this package's own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_ID = re.compile("[0-9a-f]{24}")
_CALLER = re.compile("([0-9a-f]{24})(?:/([0-9]{1,9}))?")
_TRACEPARENT = re.compile("([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?")


@dataclass(frozen=True, slots=True)
class Caller:
    """The recorded request that sent this one, as its header says, and the step that did.

    ``step`` is None where that is not known: the step was in a thread of its own.
    """

    trace: str
    step: int | None


def caller_in(value: str) -> Caller | None:
    """Parse the header of this package."""
    found = _CALLER.fullmatch(value)
    return None if found is None else Caller(found[1], int(found[2]) if found[2] else None)


def span_in(value: str) -> str | None:
    """Parse a ``traceparent``: ``trace-id-parent-id``, or None if it is invalid."""
    found = _TRACEPARENT.fullmatch(value.strip(" \t"))
    if found is None or found[1] == "ff" or (found[1] == "00" and found[4]):
        return None
    return f"{found[2]}-{found[3]}" if found[2].strip("0") and found[3].strip("0") else None


def is_trace_id(value: str) -> bool:
    """Return whether a text may be the id of a trace."""
    return _ID.fullmatch(value) is not None


__all__ = ["Caller", "caller_in", "is_trace_id", "span_in"]
