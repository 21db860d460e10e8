"""See every step of a Flask request's life, live, in the browser."""

from .extension import Lifecycle
from .trace.model import Step, Trace
from .trace.notebook import set_notebook


def _show(trace: Trace) -> str:
    from .recording.notebook import show_trace

    return show_trace(trace)


set_notebook(_show)

__all__ = ["Lifecycle", "Step", "Trace"]
