"""See every step of a Flask request's life, live, in the browser."""

from .extension import Lifecycle
from .trace.model import Step, Trace

__all__ = ["Lifecycle", "Step", "Trace"]
