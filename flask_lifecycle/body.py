"""The response's body: recorded while the server iterates it, until it is closed."""

from __future__ import annotations

import typing as t
from collections.abc import Generator
from inspect import ismethod
from threading import get_ident
from weakref import WeakMethod

from .recorder import begin, current, describe_error, end, fail_open, finish, hide_frames
from .sites import Site, number
from .steps import BEGIN, END, clock
from .writers import LiveTrace

_CHUNKS_KEPT = 200
_BODY = number(Site("body", "body"))
_CLOSE = number(Site("body_close", "close"))

Failed = t.Callable[[LiveTrace, BaseException], None]


def recorded(
    trace: LiveTrace,
    result: t.Any,
    environ: dict[str, t.Any],
    failed: Failed,
    preview: t.Any = None,
) -> t.Any:
    """Wrap what the app returned to the server, so that its iteration and close are seen.

    :param failed: is told of an exception that goes out to the server.
    :param preview: is given each chunk by its ``add``, if it is there.

    A ``wsgi.file_wrapper`` is handed over as it is: the server recognises its class and
    sends the file by itself. Only its ``close`` is seen.
    """
    wrapper = environ.get("wsgi.file_wrapper")
    if isinstance(wrapper, type) and isinstance(result, wrapper):
        return _file(trace, result, failed)
    kind = _SizedBody if hasattr(type(result), "__len__") else _Body
    return kind(trace, result, failed, preview)


def _file(trace: LiveTrace, result: t.Any, failed: Failed) -> t.Any:
    step = begin(trace, _BODY)
    close: t.Any = getattr(result, "close", None)
    # What keeps itself would not die before garbage is collected.
    is_own = ismethod(close) and close.__self__ is result
    get_close: t.Callable[[], t.Any] = WeakMethod(close) if is_own else lambda: close

    def recorded_close() -> None:
        end(trace, step)
        try:
            _close(trace, get_close(), failed)
        except BaseException as error:
            hide_frames(error)
            raise

    try:
        result.close = recorded_close
    except AttributeError:
        end(trace, step)
        finish(trace)
    return result


def _close(trace: LiveTrace, close: t.Any, failed: Failed) -> None:
    __tracebackhide__ = True
    outer = current.get()
    current.set(trace)
    # Servers may iterate and close in other threads than they called in.
    trace.ident = get_ident()
    log = trace.log
    step = len(log)
    now = clock()
    if trace.stopwatch <= 0:
        trace.stopwatch += now
    log += (_CLOSE, -1, now, 0.0)
    trace.current = step
    try:
        if close is not None:
            close()
    except BaseException as error:
        trace.notes[~step] = describe_error(error)
        failed(trace, error)
        raise
    finally:
        log[step + END] = clock()
        finish(trace)
        current.set(outer)


def _chunks(
    trace: LiveTrace, result: t.Any, failed: Failed, sent: list[t.Any], preview: t.Any
) -> Generator[bytes]:
    """Pass the chunks of a body on, lazily and as they are."""
    __tracebackhide__ = True
    outer = current.get()
    current.set(trace)
    trace.current = -1
    trace.ident = get_ident()
    log = trace.log
    step = begin(trace, _BODY, sent)
    trace.stopwatch += log[step + BEGIN]
    following: t.Callable[[], bytes] | None = None
    while True:
        try:
            if following is None:
                following = iter(result).__next__
            chunk = following()
        except StopIteration:
            log[step + END] = now = clock()
            trace.stopwatch -= now
            current.set(outer)
            return
        except BaseException as error:
            trace.notes[~step] = describe_error(error)
            log[step + END] = now = clock()
            trace.stopwatch -= now
            failed(trace, error)
            current.set(outer)
            raise
        now = clock()
        trace.stopwatch -= now
        current.set(outer)

        if type(chunk) is bytes:
            sent[0] += 1
            sent[1] += len(chunk)
            if preview is not None:
                preview.add(chunk)
            if trace.streamed and sent[0] <= _CHUNKS_KEPT:
                sent[2] = True
                sent[3] += (now, len(chunk))
        try:
            yield chunk
        except GeneratorExit:
            # Closed before its end, nobody is there to read on; or left, and its trace is over.
            log[step + END] = clock()
            if trace.running:
                sent[4:] = (preview, False)
            raise
        outer = current.get()
        current.set(trace)
        trace.current = step
        trace.ident = get_ident()
        trace.stopwatch += clock()


class _Body:
    """A pass-through iterator, as Werkzeug's ``ClosingIterator`` is.

    Its own one: whoever hands it on by ``yield from``, as Werkzeug's debugger does, closes it so.
    """

    __slots__ = ("_chunks", "_failed", "_preview", "_result", "_trace")

    def __init__(self, trace: LiveTrace, result: t.Any, failed: Failed, preview: t.Any) -> None:
        self._trace: LiveTrace | None = trace
        self._result = result
        self._failed = failed
        self._preview = preview
        # Chunks, bytes, whether they are made while they are sent, and when each was.
        sent = [0, 0, trace.streamed, []]
        if preview is not None:
            sent.append(preview)
        self._chunks = _chunks(trace, result, failed, sent, preview)

    def __iter__(self) -> _Body:
        return self

    def __next__(self) -> bytes:
        __tracebackhide__ = True
        try:
            return next(self._result if self._trace is None else self._chunks)
        except StopIteration:
            raise
        except BaseException as error:
            hide_frames(error)
            raise

    def close(self) -> None:
        __tracebackhide__ = True
        trace = self._trace
        close = getattr(self._result, "close", None)
        if trace is None:
            if close is not None:
                close()
            return
        self._trace = None
        self._end()
        if self._preview is not None:
            self._preview.settle(trace)
        try:
            _close(trace, close, self._failed)
        except BaseException as error:
            hide_frames(error)
            raise

    @fail_open
    def _end(self) -> None:
        self._chunks.close()

    def __del__(self) -> None:
        # A server that never closes what it was given: the request is over all the same.
        if self._trace is not None:
            finish(self._trace)


class _SizedBody(_Body):
    """A list stays one with a length: ``wsgiref`` takes the Content-Length from it."""

    __slots__ = ()

    def __len__(self) -> int:
        return len(self._result)


__all__ = ["recorded"]
