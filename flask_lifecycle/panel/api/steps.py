"""``api/traces/<id>/steps/<n>/…``: the code behind a step."""

from __future__ import annotations

import flask

from ...source.callers import caller
from ...source.excerpt import excerpt, highlighted_frames
from ...source.of_step import of_step
from ...source.runnable import runnable
from ...source.statement import statement
from ...trace.model import JsonObject
from ..traces import Traces
from .lookup import refuse, step_or_404

_STEP = "/api/traces/<trace_id>/steps/<int:index>"


def create_steps(traces: Traces) -> flask.Blueprint:
    """Return the blueprint."""
    api = flask.Blueprint("steps", __name__)

    @api.get(f"{_STEP}/source")
    def source(trace_id: str, index: int) -> JsonObject:
        trace, step = step_or_404(traces, trace_id, index)
        loaded_at = trace["process"]["started_at"]
        lines = None
        if step is not None:
            lines = of_step(step, trace["started_at"], traces.lines, loaded_at)
        if lines is None:
            refuse("The source of this step is not available: its file is gone.")
        return lines

    @api.get(f"{_STEP}/caller")
    def calls(trace_id: str, index: int) -> JsonObject:
        trace, step = step_or_404(traces, trace_id, index)
        call = None if step is None else caller(step, unhandled=trace["error"] is not None)
        lines = None if call is None else excerpt(call[0], 0.0)
        if call is None or lines is None:
            refuse("Flask does not call this step.")
        return {**lines, "at": call[1]}

    @api.get(f"{_STEP}/statement")
    def laid_out(trace_id: str, index: int) -> JsonObject:
        _, step = step_or_404(traces, trace_id, index)
        if step is None or step.stage != "sql":
            refuse("This step is not a statement.")
        sql, missing = runnable(step.detail)
        return {**statement(step.detail["statement"]), "runnable": sql, "missing": missing}

    @api.get(f"{_STEP}/frames")
    def frames(trace_id: str, index: int) -> JsonObject:
        _, step = step_or_404(traces, trace_id, index)
        exception = None if step is None else step.detail.get("exception")
        if exception is None:
            refuse("No exception left this step.")
        return highlighted_frames(exception)

    return api


__all__ = ["create_steps"]
