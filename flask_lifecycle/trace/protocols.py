"""What a trace needs of the parts of the extension that it does not import."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from .writer import LiveTrace

Headers = list[tuple[str, str]]


class Keeper(t.Protocol):
    """Stores traces."""

    @property
    def share(self) -> int:
        """Return the largest size of a trace for which ``settle`` is not needed, but of files."""
        ...

    def settle(self, trace: LiveTrace) -> None:
        """Handle a finished trace that is hidden, of a static file, or larger than its share."""
        ...

    def discard(self, trace: LiveTrace) -> None:
        """Remove a trace that is not to be shown."""
        ...


class Outbox(t.Protocol):
    """Takes finished traces to where they outlive the process."""

    def append(self, trace: LiveTrace, is_file: bool, /) -> None:
        """Hand over a finished trace.

        :param is_file: whether it is of a static file.
        """
        ...


class Added(t.Protocol):
    """What the toolbar added to a response on its way to the server."""

    @property
    def tag(self) -> bytes:
        """Return the tag that was inserted into the body."""
        ...

    def taken_out_of(self, headers: Headers, /) -> tuple[Headers, Headers, list[str]]:
        """Return the headers without it, its own headers, and the names of those it removed."""
        ...

    def taken_out_of_body(self, beginning: bytes, /) -> bytes:
        """Return the beginning of the body as it would be without it."""
        ...


__all__ = ["Added", "Headers", "Keeper", "Outbox"]
