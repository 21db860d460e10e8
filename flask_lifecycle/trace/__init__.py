"""Traces: the records of requests, how they are written, and the copies for readers."""

from .caller import Caller
from .highlights import Highlight
from .model import (
    FUNCTION_STAGES,
    STAGES,
    Error,
    Hold,
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
    "Caller",
    "Error",
    "Highlight",
    "Hold",
    "Outcome",
    "Process",
    "Source",
    "Step",
    "Trace",
    "TraceError",
    "client_status",
]
