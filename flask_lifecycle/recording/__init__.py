"""Traces outside the process: recordings, and other formats, one module for each."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from .document import Recording


def __getattr__(name: str) -> t.Any:
    # Most of what imports the package reads or writes JSON alone.
    if name == "Recording":
        from .document import Recording

        return Recording
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["Recording"]
