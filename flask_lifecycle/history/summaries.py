"""The summaries of requests, as the histories store them."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Iterable

from ..faults import fault
from ..pauses import Pauses
from ..recording.json_text import write_json

if t.TYPE_CHECKING:
    from ..trace.model import JsonObject
    from .unpacked import Unpacked


def made_of(batch: Unpacked, ids: Iterable[str]) -> dict[str, JsonObject]:
    """Return the summaries of some requests of a batch, by id."""
    made = {}
    pauses = Pauses()
    for trace_id in ids:
        pauses.take()
        try:
            made[trace_id] = batch.summary(trace_id)
        except Exception as error:
            fault("a summary in the history", error)
    return made


def summaries_of(batch: Unpacked) -> dict[str, str]:
    """Return the summaries of the requests of a batch by id, as they are stored."""
    texts = {}
    for trace_id, summary in made_of(batch, batch).items():
        try:
            texts[trace_id] = write_json(summary)
        except Exception as error:
            fault("a summary in the history", error)
    return texts


def read_summary(trace_id: str, text: str | bytes) -> JsonObject | None:
    """Return a stored summary, or None if it is damaged or of another request."""
    try:
        found = json.loads(text)
    except (ValueError, TypeError, RecursionError) as error:
        fault("a summary in the history", error)
        return None
    return found if isinstance(found, dict) and found.get("id") == trace_id else None


__all__ = ["made_of", "read_summary", "summaries_of"]
