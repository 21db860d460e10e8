"""The steps that one viewer gets: of the request that it asks for, by default the newest one."""

from __future__ import annotations

import time
import typing as t
from bisect import bisect_left
from functools import partial

from ...pauses import Pauses
from ...trace.explain import Explainer
from ...trace.highlights import highlights
from ...trace.log import Columns
from ...trace.model import JsonObject, Step
from ...trace.snapshot import freeze, header, snapshot
from ...trace.writer import LiveTrace
from .growth import Growth

_STEPS_A_BATCH = 500
# Encoded as JSON without interruption: 1 ms, in which no other thread runs. A viewer that does not
# read keeps some copies of two messages.
_STEPS_BYTES = 128 * 1024
# While a trace runs, its highlights are made no more often.
_HIGHLIGHTS_SECONDS = 0.5
# In a flood, the steps of the newest are those of one for so long.
_STAYS_SECONDS = 1.0


class Pick(t.NamedTuple):
    """The trace whose steps a viewer asks for; None for the newest one."""

    trace: str | None
    #: How many of its steps the viewer has.
    have: int


_NEWEST_TRACE = Pick(None, 0)


class Steps:
    """What a viewer has been sent of the steps of one trace.

    Only the pump advances this state. The thread of the viewer's socket sets ``pick``, in one
    assignment, and writes nothing else.
    """

    def __init__(self) -> None:
        self.pick: Pick = _NEWEST_TRACE
        self._picked = _NEWEST_TRACE
        #: Finished traces whose steps have other indexes now than while they ran.
        self.moved: set[str] = set()
        self._trace: str | None = None
        self._seq = 0
        # Until when it gets the steps of the same trace in a flood.
        self._stays = 0.0
        self._highlighted = 0.0
        self.again()

    def again(self) -> None:
        """Send the steps of the trace again, from the first one."""
        self.sent: int = 0
        self._open: set[int] = set()
        self._growth = Growth()
        self._explainer = Explainer()
        self._strands = (0, 0)

    def news(self, kept: list[LiveTrace], last: int, *, is_flood: bool) -> list[JsonObject]:
        """Return the steps that are new, and those that have changed, with their trace's id.

        :param kept: all stored traces, newest first.
        :param last: the number of the last trace that the viewer has been sent.
        :param is_flood: whether so many have come that nobody sees each newest one.
        """
        trace = self._follow(kept, is_flood=is_flood)
        if trace is None or trace.seq > last:
            return []

        # Read first: if the trace is finished by now, so are all of its steps.
        is_moving = trace.running and trace.merged
        columns = trace.columns()
        head = header(trace)
        if not self._is_due(trace, columns, is_moving=is_moving):
            return []
        breath = Pauses()
        read = partial(freeze, trace, columns)
        steps = self._changed(columns, read, breath)
        if not steps:
            return []
        explained = []
        for each in self._explainer.explained(head, steps, read):
            explained.append(each)
            breath.take()
        return [{"trace": trace.id, "steps": explained, **self._highlights(trace, breath)}]

    def _follow(self, kept: list[LiveTrace], *, is_flood: bool) -> LiveTrace | None:
        """Find the trace whose steps it gets; start from its first step if it is another one."""
        pick = self.pick
        is_new, self._picked = pick is not self._picked, pick
        if pick.trace is None:
            trace = kept[0] if kept else None
            if is_flood and time.monotonic() < self._stays:
                trace = find(kept, self._seq) or trace
        else:
            trace = next((each for each in kept if each.id == pick.trace), None)
        if trace is None:
            self._trace, self._seq = None, 0
        elif is_new or trace.id != self._trace:
            self._trace, self._seq = trace.id, trace.seq
            self._stays = time.monotonic() + _STAYS_SECONDS
            self.again()
            self.sent = pick.have if trace.id == pick.trace else 0
        return trace

    def _is_due(self, trace: LiveTrace, columns: Columns, *, is_moving: bool) -> bool:
        """Return whether steps may be sent now; start again if they may have other indexes."""
        if is_moving:
            # Several threads write: a step may have been inserted among those that were sent. All
            # are sent again, unless they are many: then only once the request is finished.
            count = len(columns.tracepoints)
            now = (count, sum(not end for end in columns.ends))
            growth = self._growth
            grown = growth.since_sent(columns, self._open)
            is_new, self._strands = self._strands != now, now
            if not (is_new or grown) or count > _STEPS_A_BATCH:
                return False
            self.again()
            self._strands, self._growth = now, growth
        elif self._strands != (0, 0) or trace.id in self.moved:
            self.moved.discard(trace.id)
            self.again()
        return True

    def _changed(
        self, columns: Columns, read: t.Callable[[int], Step], breath: Pauses
    ) -> list[Step]:
        """Return the steps that have ended or grown since they were sent, and the next ones."""
        changed = {index for index in self._open if columns.ends[index]}
        changed |= self._growth.since_sent(columns, self._open)
        steps: list[Step] = []
        size = 0
        for index in (*sorted(changed), *range(self.sent, len(columns.tracepoints))):
            if len(steps) >= _STEPS_A_BATCH or size >= _STEPS_BYTES:
                break
            step = read(index)
            steps.append(step)
            breath.take()
            size += 550 + len(str(step.detail))
            self._open.discard(index)
            if step.end is None:
                self._open.add(index)
            self.sent = max(self.sent, index + 1)
        return steps

    def _highlights(self, trace: LiveTrace, breath: Pauses) -> JsonObject:
        """Return the highlights of a trace whose steps are sent; of a running one, now and then."""
        now = time.monotonic()
        count = trace.step_count
        if trace.running and (now < self._highlighted or count > _STEPS_A_BATCH):
            return {}
        if self.sent < count:
            # With the last steps.
            return {}
        self._highlighted = now + _HIGHLIGHTS_SECONDS
        copy = snapshot(trace, breath.take)
        return {"highlights": [each.to_dict() for each in highlights(copy)]}


def pick_of(trace: t.Any, have: t.Any) -> Pick:
    """Parse what a viewer asks for; the input is untrusted."""
    return Pick(
        trace if isinstance(trace, str) else None, max(0, have) if isinstance(have, int) else 0
    )


def find(kept: list[LiveTrace], number: int) -> LiveTrace | None:
    """Return the trace with a number."""
    index = bisect_left(kept, -number, key=lambda trace: -trace.seq)
    return kept[index] if index < len(kept) and kept[index].seq == number else None


__all__ = ["Pick", "Steps", "find", "pick_of"]
