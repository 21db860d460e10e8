"""See every step of a Flask request's life, live, in the browser."""

from __future__ import annotations

import typing as t

from .extension import Lifecycle
from .trace.notebook import set_notebook

if t.TYPE_CHECKING:
    from .trace.model import Step, Trace


def __getattr__(name: str) -> t.Any:
    # An app that is not recorded does not import them.
    if name in ("Step", "Trace"):
        from .trace import model

        return getattr(model, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _show(trace: Trace) -> str:
    from .recording.notebook import show_trace

    return show_trace(trace)


set_notebook(_show)

__all__ = ["Lifecycle", "Step", "Trace"]
