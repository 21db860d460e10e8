"""The steps of a finished trace in little memory, and the columns of any trace's steps."""

from __future__ import annotations

import typing as t

from .log import BEGIN, END, PARENT, STEP_BYTES, TRACEPOINT, WIDTH, Columns, packed
from .notes import Notes
from .tracepoint import TRACEPOINTS, Tracepoint


class Kept(t.NamedTuple):
    """The stored data of a finished request, replaced in one assignment for concurrent readers."""

    steps: bytes
    notes: Notes
    #: Whether the steps of several writers were merged into one list.
    merged: bool

    @property
    def step_count(self) -> int:
        return len(self.steps) // STEP_BYTES

    def log(self) -> t.Sequence[t.Any]:
        """Return the log again."""
        return packed(self.step_count).unpack(self.steps)


def numbers_in(steps: bytes) -> set[int]:
    """Return the numbers of the tracepoints of packed steps."""
    return {*memoryview(steps).cast("i")[:: STEP_BYTES // 4]}


def columns(
    log: t.Sequence[t.Any],
    notes: Notes,
    endpoint: str | None,
    ended: float | None,
    known: t.Mapping[int, Tracepoint] = TRACEPOINTS,
) -> Columns:
    """Return a log by columns.

    :param ended: when the trace has finished; None if it is running.
    :param known: the tracepoints by their numbers.
    """
    ends = log[END::WIDTH]
    if ended is not None:
        # Left open by its owner, such as a generator that was never closed.
        ends = [end or ended for end in ends]
    tracepoints = [known[each] for each in log[TRACEPOINT::WIDTH]]
    for step, named in [*notes.tracepoints.items()]:
        if step // WIDTH < len(tracepoints):
            tracepoints[step // WIDTH] = named
    return Columns(
        tracepoints,
        [each // WIDTH for each in log[PARENT::WIDTH]],
        log[BEGIN::WIDTH],
        ends,
        notes,
        endpoint,
    )


__all__ = ["Kept", "columns", "numbers_in"]
