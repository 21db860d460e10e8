"""How notebooks show a trace: set by the package, as recordings are made of traces."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

if t.TYPE_CHECKING:
    from .model import Trace

_show: Callable[[Trace], str] | None = None


def set_notebook(show: Callable[[Trace], str]) -> None:
    """Set the function that returns a trace as HTML."""
    global _show
    _show = show


def in_notebook(trace: Trace) -> str | None:
    """Return a trace as HTML, or None if nothing shows it."""
    return None if _show is None else _show(trace)


__all__ = ["in_notebook", "set_notebook"]
