"""The interface of a history for its readers."""

from __future__ import annotations

import typing as t
from collections.abc import Container, Mapping
from dataclasses import dataclass
from pathlib import Path

if t.TYPE_CHECKING:
    from ..trace.model import JsonObject, Trace
    from .batch import Batch

#: The most requests of a batch, which is removed, and read, as a whole; files rely on it.
MOST: int = 100


@dataclass(frozen=True)
class Status:
    """Where a history is, its size in bytes, and how many requests it has.

    ``path`` is its file, or None. ``problem`` is one sentence that says why it cannot be written or
    read, or None. ``place`` is for people, and has no password.
    """

    path: Path | None
    size: int
    count: int
    problem: str | None
    place: str


class History(t.Protocol):
    """Finished requests of an app, of this process and of others. It holds no app.

    None of these raises: what cannot be read is left out, and ``problem`` has the reason.
    """

    @property
    def problem(self) -> str | None:
        """Return why it could not be written or read the last time, as one sentence, or None."""
        ...

    def summaries(self, limit: int = 500, before: str | None = None) -> list[JsonObject]:
        """Return the summaries of requests, newest first, as the list has them.

        :param before: only requests whose ids sort before this one.
        """
        ...

    def ids(self) -> Mapping[str, bool] | None:
        """Return the ids of all requests, and whether each is for a static file.

        At once, and the same object as long as there are the same; None if they cannot be read.
        """
        ...

    def position(self) -> str:
        """Return where the next requests will be added, by any process; opaque."""
        ...

    def added(
        self, after: str, limit: int = 200, without: Container[str] = ()
    ) -> tuple[list[JsonObject], str] | None:
        """Return the summaries of requests that were added since, in that order.

        :param after: a position.
        :param without: the ids of those that are left out.
        :returns: they, and the position after them; None for what is no position of this history.
        """
        ...

    def get(self, trace_id: str) -> Trace | None:
        """Return a request, or None."""
        ...

    def clear(self, *, restorable: bool = False, before: str | None = None) -> None:
        """Forget all.

        :param restorable: whether :meth:`restore` can bring them back for a while.
        :param before: only those whose ids sort before this one.
        """
        ...

    def restore(self) -> None:
        """Bring back the cleared requests."""
        ...

    def status(self) -> Status:
        """Return where it is, its size and whether it works."""
        ...

    def version(self) -> t.Any:
        """Return what is another value once requests were added or removed, at little cost."""
        ...


class WritableHistory(History, t.Protocol):
    """A history for the writer."""

    def write(self, *batches: Batch, is_last: bool = True) -> bool:
        """Add requests, and remove the oldest beyond the limits; return whether that worked.

        :param is_last: whether no others are written right after these.
        """
        ...

    @property
    def evicted(self) -> int:
        """Return how many requests this process has removed from it for its limits."""
        ...

    @property
    def too_large(self) -> int:
        """Return how many of these were removed for the limit of bytes."""
        ...

    def newest_id(self) -> str | None:
        """Return the id after which those of this process have to sort, at once, or None."""
        ...


__all__ = ["History", "Status", "WritableHistory"]
