"""The code of all steps of some traces, for a recording."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ...recording.document import Excerpt
from ...trace.model import Source, Trace
from .excerpt import excerpt

_MOST = 1000


def excerpts(traces: Iterable[Trace], masked: Callable[[str], str]) -> tuple[Excerpt, ...]:
    """Return the excerpts that the source view shows, one for each source location.

    :param masked: masks secrets in lines of code.
    """
    asked: dict[Source, tuple[float, float]] = {}
    for trace in traces:
        for step in trace.steps:
            if step.source is not None:
                asked.setdefault(step.source, (trace.started_at, trace.process.started_at))
    found = (
        excerpt(source, at, masked, loaded_at)
        for source, (at, loaded_at) in [*asked.items()][:_MOST]
    )
    return tuple(
        Excerpt(
            each["file"],
            each["line"],
            tuple(tuple((kind, text) for kind, text in line) for line in each["lines"]),
            each["changed"],
        )
        for each in found
        if each is not None
    )


__all__ = ["excerpts"]
