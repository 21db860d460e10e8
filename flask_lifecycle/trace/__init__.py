"""Traces: what a request was, how it is written down while it runs, and the copies handed out."""

from .model import (
    FUNCTION_STAGES,
    STAGES,
    Error,
    Outcome,
    Process,
    Source,
    Step,
    Trace,
    TraceError,
    client_status,
)

__all__ = [
    "FUNCTION_STAGES",
    "STAGES",
    "Error",
    "Outcome",
    "Process",
    "Source",
    "Step",
    "Trace",
    "TraceError",
    "client_status",
]
