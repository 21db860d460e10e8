"""The shared place in which processes show each other what runs in them."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from ..trace.model import JsonObject

#: For how many seconds a process that has viewers counts as one, after each :meth:`Board.watch`.
WATCH_SECONDS = 2.0
#: For how many more, as long as it runs: it may be too busy to say so again, or its machine may be,
#: and its viewers have not left.
STALLED_SECONDS = 30.0


class Published(t.NamedTuple):
    """What another process published last."""

    #: As the ``process`` of its requests, without the thread; it may have more fields.
    process: JsonObject
    #: When, Unix time by that process's clock.
    at: float
    #: Summaries of its running requests, and of those that it published as running and that have
    #: finished since, for a while.
    running: list[JsonObject]
    #: Whether it died, or has been silent for too long: what ran in it is cut off.
    is_gone: bool


@t.runtime_checkable
class Board(t.Protocol):
    """The place that the processes of a history share. It holds no app.

    None of these raises: what cannot be read is left out, and ``problem`` has the reason. None of
    them is called on the thread of an app's request.
    """

    @property
    def problem(self) -> str | None:
        """Return why it could not be used the last time, as the beginning of a sentence."""
        ...

    def watch(self, traces: frozenset[str], seconds: float = WATCH_SECONDS) -> None:
        """Let the others know, for some seconds, that this process has viewers.

        :param traces: the ids of the requests whose steps they want.
        """
        ...

    def unwatch(self) -> None:
        """Let the others know that this process has no viewers any more."""
        ...

    def watched(self) -> frozenset[str] | None:
        """Return the requests whose steps are wanted, by any process; None if nobody watches."""
        ...

    def publish(
        self, process: JsonObject, running: list[JsonObject], steps: dict[str, JsonObject | None]
    ) -> None:
        """Replace what the others know of this process.

        :param process: identifies the process by ``host``, ``pid`` and ``started_at``.
        :param running: as :attr:`Published.running`.
        :param steps: requests as they are now, whole, by their ids; None for those to forget. If
            the process dies, they stay as long as what ran in it.
        """
        ...

    def unpublish(self) -> None:
        """Forget what was published of this process: nothing of it is cut off."""
        ...

    def leave(self) -> None:
        """Forget this process, as it ends."""
        ...

    def others(self) -> list[Published]:
        """Return what the other processes published, of each the last."""
        ...

    def written(self, trace_id: str) -> str | bytes | None:
        """Return what :meth:`trace` reads: the same text as long as nothing has changed."""
        ...

    def trace(self, trace_id: str) -> JsonObject | None:
        """Return a request of another process, whole, as it was published last, or None."""
        ...

    def tell(self, kind: str, data: JsonObject) -> None:
        """Send a message to all other processes. They ignore kinds that they do not know."""
        ...

    def told(self, after: int) -> list[tuple[int, str, JsonObject]]:
        """Return the messages of others with their numbers, kinds and data, oldest first.

        :param after: the number after which they begin.
        """
        ...

    def latest(self) -> int:
        """Return the number of the last message, where a process begins to read."""
        ...

    def count(self, name: str, more: int) -> None:
        """Add to a number of all processes together, if any has had viewers so far.

        :param name: the name of a server's run, and what is counted: ``evicted``, ``too_large`` or
            ``ignored``, with a space between them.
        """
        ...

    def counts(self) -> dict[str, int]:
        """Return these numbers."""
        ...


__all__ = ["STALLED_SECONDS", "WATCH_SECONDS", "Board", "Published"]
