"""What the calls have in common: the trace that an address names, the JSON that was sent."""

from __future__ import annotations

import typing as t

import flask

from ...store import Store
from ...trace.model import JsonObject, Step
from ...trace.snapshot import freeze
from ...trace.writer import LiveTrace


def get_or_404(store: Store, trace_id: str) -> LiveTrace:
    """Return the trace that an address names.

    :raises HTTPException: it is not kept.
    """
    trace = store.get(trace_id)
    if trace is None:
        refuse("This request is not kept: it is unknown or was evicted.")
    return trace


def step_of(trace: LiveTrace, index: int) -> Step | None:
    """Return one step of a trace as it is now, if there are so many; the others are not copied."""
    columns = trace.columns()
    return freeze(trace, columns, index) if index < len(columns.sites) else None


def refuse(reason: str, status: int = 404) -> t.NoReturn:
    """Answer with an error in place of what was asked for.

    :raises HTTPException: always.
    """
    flask.abort(flask.make_response({"error": reason}, status))


def json_object() -> JsonObject:
    """Return the JSON object that was sent; an empty one, where it is none."""
    try:
        given = flask.request.get_json(silent=True)
    except RecursionError:
        given = None
    return given if isinstance(given, dict) else {}


__all__ = ["get_or_404", "json_object", "refuse", "step_of"]
