"""Helpers that the API modules share: the trace in the URL, and the JSON of the request body."""

from __future__ import annotations

import typing as t

import flask

from ...trace.model import JsonObject, Step, Trace
from ..traces import Traces

_UNKNOWN = "This request is not stored: it is unknown or was evicted."


def get_or_404(traces: Traces, trace_id: str) -> Trace:
    """Return the trace that a URL names.

    :raises HTTPException: it is neither in the store nor in the history.
    """
    trace = traces.get(trace_id)
    if trace is None:
        refuse(_UNKNOWN)
    return trace


def step_or_404(traces: Traces, trace_id: str, index: int) -> tuple[JsonObject, Step | None]:
    """Return the header of the trace that a URL names, and one step, or None past the end.

    :raises HTTPException: the trace is neither in the store nor in the history.
    """
    found = traces.step(trace_id, index)
    if found is None:
        refuse(_UNKNOWN)
    return found


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


__all__ = ["get_or_404", "json_object", "refuse", "step_or_404"]
