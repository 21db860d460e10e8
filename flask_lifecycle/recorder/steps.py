"""Begin and end steps."""

from __future__ import annotations

from ..core import native
from ..faults import fail_open
from ..trace.log import BEGIN, END, PARENT, clock
from ..trace.notes import Detail
from ..trace.tracepoint import UNNUMBERED, Tracepoint
from ..trace.writer import LiveTrace, Writer
from .errors import describe_error


def room_for(writer: Writer, tracepoint: int) -> Writer:
    """Return the writer of a step of Flask's own: the given one, or a fold if that is full."""
    is_kept = len(writer.log) < writer.limit or writer.is_spine(tracepoint)
    return writer if is_kept else writer.fold(tracepoint)


@native
def begin(writer: Writer, tracepoint: int | Tracepoint, note: Detail | None = None) -> int:
    """Append a step that begins now, inside the current one; return its offset."""
    log = writer.log
    step = len(log)
    # Before the step, for concurrent readers.
    if note is not None:
        writer.notes.details[step] = note
    if type(tracepoint) is Tracepoint:
        writer.notes.tracepoints[step] = tracepoint
        tracepoint = UNNUMBERED
    log += (tracepoint, writer.current, clock(), 0.0)
    writer.current = step
    return step


@native
def end(writer: Writer, step: int) -> None:
    """End a step now."""
    end_leaf(writer, step)
    log = writer.log
    if step < len(log):
        writer.current = log[step + PARENT]


def end_leaf(writer: Writer, step: int) -> None:
    """End a step that did not become the current one."""
    log = writer.log
    # If the request has ended in the meantime, its log is another one.
    if step < len(log):
        log[step + END] = clock()


def fail(writer: Writer, step: int, error: BaseException) -> None:
    """End a step with the exception that leaves it."""
    writer.notes.outcomes[step] = describe_error(error)
    end(writer, step)


def begin_leaf(
    writer: Writer, tracepoint: int | Tracepoint, note: Detail | None = None
) -> int | None:
    """Append a collector's step that has no children; return None if the trace is full."""
    log = writer.log
    step = len(log)
    if step >= writer.limit:
        writer.trace.dropped_steps += 1
        return None
    if note is not None:
        writer.notes.details[step] = note
    if type(tracepoint) is Tracepoint:
        writer.notes.tracepoints[step] = tracepoint
        tracepoint = UNNUMBERED
    log += (tracepoint, writer.current, clock(), 0.0)
    return step


def mark(
    writer: Writer, tracepoint: int | Tracepoint, note: Detail | None = None, size: int = 0
) -> None:
    """Append a collector's step that has no duration.

    :param size: the estimated bytes of its details.
    """
    step = begin_leaf(writer, tracepoint, note)
    if step is not None:
        writer.log[step + END] = writer.log[step + BEGIN]
        writer.trace.detail_bytes += size


@fail_open
def finish(trace: LiveTrace) -> None:
    """End a trace now."""
    trace.finish()


__all__ = ["begin", "begin_leaf", "end", "end_leaf", "fail", "finish", "mark", "room_for"]
