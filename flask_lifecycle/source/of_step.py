"""The code of a step: its function, or the one around the line that caused it."""

from __future__ import annotations

from collections.abc import Callable

from ..trace.model import JsonObject, Source, Step
from .excerpt import excerpt, surroundings

# What these record happened at a line, which is their source location.
_AT_A_LINE = frozenset(("log", "warning"))


def of_step(
    step: Step, asked_at: float, masked: Callable[[str], str], loaded_at: float = 0.0
) -> JsonObject | None:
    """Return the code of a step, or None if it has none or its file cannot be read.

    :param asked_at: when the request began, Unix time.
    :param masked: masks secrets in lines of code.
    :param loaded_at: when the request's process began, Unix time; 0 if that is not known.
    """
    sent_at = step.detail.get("place")
    if sent_at is not None:
        return surroundings(Source(sent_at["file"], sent_at["line"]), asked_at, masked, loaded_at)
    if step.source is None:
        return None
    find = surroundings if step.stage in _AT_A_LINE else excerpt
    return find(step.source, asked_at, masked, loaded_at)


__all__ = ["of_step"]
