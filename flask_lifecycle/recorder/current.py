"""The trace of the request that runs in this context."""

from __future__ import annotations

from contextvars import ContextVar

from ..redact import Redactor
from ..trace.writer import NOBODY, LiveTrace

#: The trace of the request that runs in this context; one without an owner if none is recorded.
current: ContextVar[LiveTrace] = ContextVar("flask_lifecycle.current", default=NOBODY)


def redactor() -> Redactor:
    """Return the redactor of the app whose request runs in this context."""
    return current.get().redactor


__all__ = ["current", "redactor"]
