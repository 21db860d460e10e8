"""The requests that the panel serves: those of this process, and those of the history."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import merge
from operator import attrgetter, itemgetter

from ..history import History
from ..history.writer import flush
from ..store import Store
from ..summary.summarize import summarized
from ..trace.model import JsonObject, Step, Trace
from ..trace.process import ids_end
from ..trace.snapshot import freeze, header, snapshot
from ..trace.writer import LiveTrace
from .openable import Openable
from .others import Others

_PAGE = 200


class Traces:
    """All requests, each once: what this process has of one is newer than what the history has.

    :param lines: masks secrets in lines of code.
    """

    def __init__(
        self,
        store: Store,
        history: History | None,
        lines: Callable[[str], str] = str,
        others: Others | None = None,
    ) -> None:
        self.store: Store = store
        self.others: Others = others or Others(None)
        self.history: History | None = history
        self.lines: Callable[[str], str] = lines
        self.openable: Openable = Openable(store, history)

    def get(self, trace_id: str) -> Trace | None:
        """Return a request as it is now, or None."""
        live = self.store.get(trace_id)
        if live is not None:
            return snapshot(live)
        found = None if self.history is None else self.history.get(trace_id)
        return self.others.trace(trace_id) if found is None else found

    def step(self, trace_id: str, index: int) -> tuple[JsonObject, Step | None] | None:
        """Return a request without its steps, and one of these, or None past the end."""
        live = self.store.get(trace_id)
        if live is not None:
            # The other steps are not copied.
            columns = live.columns()
            is_there = index < len(columns.tracepoints)
            return header(live), freeze(live, columns, index) if is_there else None
        trace = self.get(trace_id)
        if trace is None:
            return None
        return trace.header(), trace.steps[index] if index < len(trace.steps) else None

    def summaries(self, kept: list[LiveTrace], before: str | None) -> Iterator[JsonObject]:
        """Yield the summaries of all requests, newest first.

        :param kept: those of this process.
        :param before: only requests whose ids sort before this one.
        """
        # Sorted by id, as pages are: of two concurrent requests, the later one may be stored first.
        live = sorted(kept, key=attrgetter("id"), reverse=True)
        older = (trace for trace in live if before is None or trace.id < before)
        own = {trace.id for trace in live}
        stored = (each for each in self._stored(before) if each["id"] not in own)
        summaries = filter(None, map(summarized, older))
        listed = (summaries, stored, self._of_others(before))
        last = None
        # What other processes show may be done, and stored, by now.
        for each in merge(*listed, key=itemgetter("id"), reverse=True):
            if each["id"] != last:
                last = each["id"]
                yield each

    def _of_others(self, before: str | None) -> list[JsonObject]:
        running = self.others.running()
        found = [each for key, each in running.items() if before is None or key < before]
        return sorted(found, key=itemgetter("id"), reverse=True)

    def _stored(self, before: str | None) -> Iterator[JsonObject]:
        while self.history is not None:
            page = self.history.summaries(_PAGE, before)
            yield from page
            if len(page) < _PAGE:
                return
            before = page[-1]["id"]

    def clear(self) -> None:
        """Forget all, in all processes; for a while they can be restored."""
        self.others.tell("clear", before=ids_end())
        with self.openable.changing():
            self.store.clear(restorable=True)
            if self.history is not None:
                # Otherwise, what has just finished would be written afterwards.
                flush()
                self.history.clear(restorable=True)

    def restore(self) -> None:
        """Bring back what was cleared, in all processes."""
        self.others.tell("restore")
        with self.openable.changing():
            self.store.restore()
            if self.history is not None:
                flush()
                self.history.restore()


__all__ = ["Traces"]
