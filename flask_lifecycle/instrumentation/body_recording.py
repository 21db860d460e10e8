"""The recording of one body: its step, the count of its chunks, and the step of its ``close``."""

from __future__ import annotations

import typing as t
from threading import get_ident

from ..collectors.http import Preview
from ..core import shortcut, slotted
from ..faults import fault
from ..recorder import holding
from ..recorder.current import current
from ..recorder.errors import describe_error, hide_frames
from ..recorder.steps import finish
from ..trace.counts import PREVIEW, Counts
from ..trace.log import END, clock
from ..trace.tracepoint import Tracepoint, number
from ..trace.writer import LiveTrace
from .hooks import Environ

_CHUNKS_KEPT = 200
#: The step of a body, from its first iteration to its end.
BODY: int = number(Tracepoint("body", "body"))
CLOSE: int = number(Tracepoint("body_close", "close"))

#: Takes the trace, the exception, the environ, and whether the status has been sent.
Failed = t.Callable[[LiveTrace, BaseException, Environ, bool], None]


@slotted
class Recording:
    """The recording of one body, over all of its iterators."""

    __slots__ = ("environ", "failed", "is_over", "preview", "sent", "step", "trace")

    def __init__(
        self,
        trace: LiveTrace,
        environ: Environ,
        failed: Failed,
        preview: t.Callable[[], Preview | None],
    ) -> None:
        self.trace: LiveTrace = trace
        self.environ: Environ = environ
        self.failed: Failed = failed
        self.preview: t.Callable[[], Preview | None] = preview
        #: The step of the body, from its first iteration on.
        self.step: int = -1
        #: The counts of the current iteration, and whether it reached its end.
        #: Servers iterate some bodies once to count and once to send, one within the other.
        self.sent: Counts = self.counts()
        self.is_over: bool = False

    @shortcut("unclosed", None)
    def __del__(self) -> None:
        # A server that never closes the body: the request is finished anyway.
        if self.trace.ended is None:
            finish(self.trace)

    def counts(self) -> Counts:
        """Return new counts for the chunks of an iteration."""
        counts = Counts((0, 0, self.trace.streamed, ()))
        preview = self.preview()
        if preview is not None:
            counts.append(preview)
        return counts

    def add(self, chunk: t.Any, _body: object) -> t.Any:
        """Count a chunk and return it."""
        if type(chunk) is bytes:
            sent = self.sent
            sent[0] += 1
            sent[1] += len(chunk)
            # Another thread may have closed it in the meantime.
            if len(sent) > PREVIEW and sent[PREVIEW] is not None:
                sent[PREVIEW].add(chunk)
            if self.trace.streamed and sent[0] <= _CHUNKS_KEPT:
                sent[2] = True
                # A list only where there are some: it is one more object for the garbage collector.
                sent[3] = sent[3] or []
                sent[3] += (clock(), len(chunk))
        return chunk

    def end(self, error: BaseException | None = None) -> None:
        """End the step of the body, with the exception that was raised, if any."""
        trace, step = self.trace, self.step
        log = trace.log
        # Another thread may have closed it in the meantime.
        if log:
            log[step + END] = clock()
        self.is_over = True
        if error is not None:
            trace.notes.outcomes[step] = describe_error(error)
            self.failed(trace, error, self.environ, self.sent[0] > 0)

    def leave(self, value: t.Any = None, _body: object = None) -> t.Any:
        """End the step of a body that is not iterated to its end."""
        if self.step >= 0 and not self.is_over:
            self.end()
            sent = self.sent
            sent[PREVIEW:] = (*sent[PREVIEW:], False) if len(sent) > PREVIEW else (None, False)
        return value

    def close(self, close: t.Any) -> t.Any:
        """Close the body, which ends the trace."""
        __tracebackhide__ = True
        trace, sent = self.trace, self.sent
        if trace.ended is not None:
            return close()
        if not self.is_over:
            self.leave()
        if len(sent) > PREVIEW and sent[PREVIEW] is not None:
            sent[PREVIEW].settle(trace)
        return record_close(trace, close, self.failed)


def record_close(trace: LiveTrace, close: t.Any, failed: Failed) -> t.Any:
    """Call a body's own ``close``, if it has one, in a step, and end the trace."""
    __tracebackhide__ = True
    outer = current.get()
    current.set(trace)
    # Servers may iterate and close in another thread than the one of the call.
    trace.ident = get_ident()
    log = trace.log
    step = len(log)
    now = clock()
    if trace.stopwatch <= 0:
        trace.stopwatch += now
    log += (CLOSE, -1, now, 0.0)
    trace.current = step
    try:
        if holding.armed:
            holding.before(trace, step)
        return None if close is None else close()
    except BaseException as error:
        _failed(trace, step, error, failed)
        raise
    finally:
        log[step + END] = clock()
        if holding.armed:
            holding.after(trace, step)
        try:
            trace.finish()
        except Exception as error:
            fault("the end of a trace", error)
        current.set(outer)


def _failed(trace: LiveTrace, step: int, error: BaseException, failed: Failed) -> None:
    # First: its frames are recorded.
    hide_frames(error)
    trace.notes.outcomes[step] = describe_error(error)
    failed(trace, error, trace.notes.received(), True)


def close_failed(recording: Recording, step: int, error: BaseException) -> None:
    """Do what the compiled `close` leaves to Python after an exception that it passes on."""
    _failed(recording.trace, step, error, recording.failed)


__all__ = ["BODY", "CLOSE", "Failed", "Recording", "close_failed", "record_close"]
