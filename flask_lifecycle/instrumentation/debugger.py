"""Werkzeug's debugger, which answers an exception that leaves the app."""

from __future__ import annotations

from sys import _getframe
from types import FrameType

_DEBUGGER = "werkzeug.debug"


def is_inside_debugger() -> bool:
    """Return whether the debugger stands around this call, and gets its exceptions."""
    frame: FrameType | None = _getframe(1)
    while frame is not None:
        if frame.f_globals.get("__name__") == _DEBUGGER:
            return True
        frame = frame.f_back
    return False


__all__ = ["is_inside_debugger"]
