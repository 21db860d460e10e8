"""Helpers that the API modules share: the trace in the URL, and the JSON of the request body."""

from __future__ import annotations

import typing as t

import flask

from ...store import Store
from ...trace.model import JsonObject, Step
from ...trace.snapshot import freeze
from ...trace.writer import LiveTrace


def get_or_404(store: Store, trace_id: str) -> LiveTrace:
    """Return the trace that a URL names.

    :raises HTTPException: the trace is not in the store.
    """
    trace = store.get(trace_id)
    if trace is None:
        refuse("This request is not stored: it is unknown or was evicted.")
    return trace


def step_of(trace: LiveTrace, index: int) -> Step | None:
    """Return a current copy of one step, or None past the end; the other steps are not copied."""
    columns = trace.columns()
    return freeze(trace, columns, index) if index < len(columns.tracepoints) else None


def refuse(reason: str, status: int = 404) -> t.NoReturn:
    """Abort with an error response.

    :raises HTTPException: always.
    """
    flask.abort(flask.make_response({"error": reason}, status))


def json_object() -> JsonObject:
    """Return the JSON object of the request body, or an empty one if there is none."""
    try:
        given = flask.request.get_json(silent=True)
    except RecursionError:
        given = None
    return given if isinstance(given, dict) else {}


__all__ = ["get_or_404", "json_object", "refuse", "step_of"]
