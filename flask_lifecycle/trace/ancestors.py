"""What a step lies inside of, by the log of its writer."""

from __future__ import annotations

from .log import PARENT, TRACEPOINT, Log
from .model import FUNCTION_STAGES
from .tracepoint import TRACEPOINTS

# The parents of the request's own steps; all other steps run the user's code.
_OUTER_STAGES = frozenset(("wsgi", "middleware", "dispatch"))
_CONTEXT_STAGES = frozenset(
    ("request_context_push", "request_context_pop", "app_context_push", "app_context_pop")
)


def function_of(log: Log, step: int) -> int:
    """Return the innermost step that is one of the user's functions, or -1.

    :param step: where to begin.
    """
    while 0 <= step < len(log) and TRACEPOINTS[log[step + TRACEPOINT]].stage not in FUNCTION_STAGES:
        step = log[step + PARENT]
    return step


def is_outside_functions(log: Log, step: int) -> bool:
    """Return whether no step from this one outwards runs the user's code."""
    while step >= 0:
        stage = TRACEPOINTS[log[step + TRACEPOINT]].stage
        if stage in _CONTEXT_STAGES:
            break
        if stage not in _OUTER_STAGES:
            return False
        step = log[step + PARENT]
    return True


def is_context(log: Log, step: int) -> bool:
    """Return whether a step is the push or pop of a context."""
    return step >= 0 and TRACEPOINTS[log[step + TRACEPOINT]].stage in _CONTEXT_STAGES


__all__ = ["function_of", "is_context", "is_outside_functions"]
