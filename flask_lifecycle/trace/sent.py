"""The requests that an app sends to others, which may be recorded, too."""

from __future__ import annotations

import typing as t

from .forms import stored_as
from .log import WIDTH, Columns

if t.TYPE_CHECKING:
    from .writer import LiveTrace

# The last ones of a summary.
_SENT = 200


@stored_as("sent", "id")
class Sent:
    """A request that the app sent: the id of its trace, once its response has named that."""

    __slots__ = ("id",)

    def __init__(self, trace_id: str | None = None) -> None:
        self.id: str | None = trace_id

    def detail(self, _trace: LiveTrace) -> str | None:
        """Return the id."""
        return self.id


@stored_as("traceparent", "ids")
class Traceparent:
    """The ``traceparent`` of a request that the app sent: the ids of its trace and span."""

    __slots__ = ("ids",)

    def __init__(self, ids: str) -> None:
        self.ids: str = ids

    def detail(self, _trace: LiveTrace) -> str:
        """Return the ids."""
        return self.ids


def sent_in(columns: Columns) -> list[dict[str, t.Any]]:
    """Return the requests that a trace's app sent: the step of each, its trace and its span."""
    found: list[dict[str, t.Any]] = []
    # Copied first: the request may continue in the meantime.
    for place, extras in sorted([*columns.notes.extras.items()]):
        sent, span = extras.get("trace"), extras.get("traceparent")
        if isinstance(sent, Sent):
            ids = span.ids if isinstance(span, Traceparent) else None
            found.append({"step": place // WIDTH, "trace": sent.id, "traceparent": ids})
    return found[-_SENT:]


__all__ = ["Sent", "Traceparent", "sent_in"]
