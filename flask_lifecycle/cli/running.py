"""The requests that run in the processes of servers now, as far as these show them to others."""

from __future__ import annotations

import time
import typing as t
from collections.abc import Callable, Iterator
from functools import cached_property

from rich.text import Text

from ..history import History
from ..pauses import looked_for
from ..processes.protocol import Board, Published
from ..processes.published import held_in, steps_in
from ..processes.registry import board_of
from ..trace.sentences.words import cut
from .cells import request_text
from .lookup import NotFoundError, Requests, is_beginning
from .summaries import is_summary

if t.TYPE_CHECKING:
    from ..trace.model import JsonObject, Trace

# How long to wait for an answer of processes that nobody has watched so far.
_PATIENCE, _PATIENCE_WITH_STEPS = 0.4, 1.0


class Held(t.NamedTuple):
    """A request that a breakpoint holds: its summary, and what ``GET api/held`` has of it."""

    summary: JsonObject
    held: JsonObject

    @property
    def key(self) -> tuple[str, int]:
        """Return what tells this hold from others, also of the same request."""
        return self.held["trace"], self.held["since"]

    def to_dict(self) -> JsonObject:
        """Return the summary with where it is held, without the values that there are."""
        shown = {name: value for name, value in self.held.items() if name != "seen"}
        return {**self.summary, "held": shown}

    def text(self, *, with_process: bool) -> Text:
        """Return where and for how long it is held, and which request it is."""
        name, stage = self.held["name"], self.held["stage"]
        at = stage if name in ("", stage) else f"{stage} {cut(name)}"
        text = Text().append("held", style="ink").append(f" {'after' if self.is_after else 'at'} ")
        text.append(at, style="name").append(f", {self.held['held'] / 1e9:.1f} s · ")
        text.append_text(request_text(self.summary))
        if with_process:
            text.append(f" · {_process_of(self.summary)}")
        return text

    @property
    def is_after(self) -> bool:
        """Return whether the step has run."""
        return bool(self.held["when"] == "after")


class Running:
    """The requests that run in the processes that share a history."""

    def __init__(self, history: History) -> None:
        self._history = history

    @cached_property
    def _board(self) -> Board | None:
        return board_of(self._history)

    def held(self, matches: Callable[[JsonObject], bool] = bool) -> list[Held]:
        """Return the requests that are held and match, newest first."""
        now = time.time()
        found = [
            Held(summaries[each["trace"]], each)
            for published in self._published()
            for summaries in [_running_in(published)]
            for each in held_in(published, now)
            if each["trace"] in summaries
        ]
        found.sort(key=lambda each: each.key, reverse=True)
        return [each for each in found if matches(each.summary)]

    def beginning(self, text: str) -> list[JsonObject]:
        """Return the summaries of those whose IDs begin with a text."""
        board = self._board
        if board is None:
            return []

        def found() -> list[JsonObject] | None:
            summaries = [each for of in board.others() for each in _running_in(of).values()]
            return [each for each in summaries if each["id"].startswith(text)] or None

        board.watch(frozenset())
        try:
            return looked_for(found, _PATIENCE) or []
        finally:
            board.leave()

    def trace(self, trace_id: str) -> Trace | None:
        """Return one of these with its steps so far, or None if its process does not show them."""
        board = self._board
        if board is None:
            return None
        board.watch(frozenset({trace_id}))
        try:
            return looked_for(lambda: steps_in(board, trace_id), _PATIENCE_WITH_STEPS)
        finally:
            board.leave()

    def ended(self, trace_id: str) -> bool:
        """Return whether the process of a request has ended, so that the request has, too."""
        gone = (each for each in self._published() if each.is_gone)
        return any(each.get("id") == trace_id for of in gone for each in of.running)

    def _published(self) -> list[Published]:
        return [] if self._board is None else self._board.others()


def _running_in(published: Published) -> dict[str, JsonObject]:
    """Return the summaries of what runs in a process, by their ids."""
    return {
        each["id"]: each
        for each in published.running
        if not published.is_gone and is_summary(each) and each["state"] == "running"
    }


def _process_of(summary: JsonObject) -> str:
    """Return which process a request runs in."""
    process = summary["process"]
    return f"process {process.get('pid')} on {cut(str(process.get('host')), 40)}"


def find(requests: Requests, text: str) -> tuple[JsonObject, Trace]:
    """Return the request that an ID means, and its summary; it may still run.

    :raises NotFoundError: there is none.
    :raises click.UsageError: there are several, or this is no ID.
    """
    running = Running(requests.history)
    requests.running = [each.summary for each in running.held()]
    try:
        summary = requests.summary(text)
    except NotFoundError:
        # Others than those that are held are only shown to who asks for them.
        requests.running = running.beginning(text.lower()) if is_beginning(text) else ()
        if not requests.running:
            raise
        summary = requests.summary(text)
    trace = running.trace(summary["id"]) if summary["state"] == "running" else None
    return summary, trace or requests.get(summary["id"])


def held_lines(found: list[Held], id_length: int | None = None) -> Iterator[Text]:
    """Yield a line for each request that is held.

    :param id_length: how much of its ID is shown; None for all.
    """
    with_process = are_in_several(found)
    for each in found:
        text = each.text(with_process=with_process)
        text.append(f" · {each.summary['id'][:id_length]}", style="quiet")
        yield text.append(f" · goes on by itself in {each.held['left']:.0f} s", style="quiet")


def are_in_several(found: list[Held]) -> bool:
    """Return whether requests are held in more than one process."""
    return len({_process_of(each.summary) for each in found}) > 1


__all__ = ["Held", "Running", "are_in_several", "find", "held_lines"]
