"""The spans in which a running request is or was held."""

from __future__ import annotations

import typing as t

from .log import clock

if t.TYPE_CHECKING:
    from .strands import Writer


class Span:
    """One span: written by the held thread, read by any.

    :param writer: the writer of the step.
    :param place: the step's offset in the writer's log.
    """

    __slots__ = ("begin", "did", "end", "place", "writer")

    def __init__(self, writer: Writer, place: int) -> None:
        self.writer: Writer = writer
        self.place: int = place
        self.begin: float = clock()
        #: 0 while it is held.
        self.end: float = 0.0
        #: How it went on.
        self.did: str | None = None

    def over(self, did: str) -> None:
        """End the span now."""
        self.did = did
        self.end = clock()


__all__ = ["Span"]
