"""The code of all steps of some traces, for a recording."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..source.of_step import of_step
from ..trace.model import Step, Trace
from .document import Excerpt

_MOST = 1000


def excerpts(traces: Iterable[Trace], masked: Callable[[str], str]) -> tuple[Excerpt, ...]:
    """Return the excerpts that the source view shows, each once.

    :param masked: masks secrets in lines of code.
    """
    asked: dict[tuple[str, int], tuple[Step, Trace]] = {}
    for trace in traces:
        for step in trace.steps:
            location = _location(step)
            if location is not None:
                asked.setdefault(location, (step, trace))
    found = (
        of_step(step, trace.started_at, masked, trace.process.started_at)
        for step, trace in [*asked.values()][:_MOST]
    )
    # Several lines have the same function around them.
    once = {(each["file"], each["line"]): each for each in found if each is not None}
    return tuple(
        Excerpt(
            each["file"],
            each["line"],
            tuple(tuple((kind, text) for kind, text in line) for line in each["lines"]),
            each["changed"],
        )
        for each in once.values()
    )


def _location(step: Step) -> tuple[str, int] | None:
    """Return the line that caused a step, or that of its function; those of a file may be wrong."""
    place = step.detail.get("place")
    if place is None:
        return None if step.source is None else (step.source.file, step.source.line)
    file, line = (place.get("file"), place.get("line")) if isinstance(place, dict) else (None, None)
    return (file, line) if isinstance(file, str) and isinstance(line, int) else None


__all__ = ["excerpts"]
