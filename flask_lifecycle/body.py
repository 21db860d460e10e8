"""The response's body: recorded while the server iterates it, until it is closed."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

from .recorder import begin, current, end, fail
from .trace import LiveStep, LiveTrace, Site

_CHUNKS_KEPT = 200
_BODY = Site("body", "body")
_CLOSE = Site("body_close", "close")


def recorded(trace: LiveTrace, result: t.Any, environ: dict[str, t.Any]) -> t.Any:
    """Wrap what the app returned to the server, so that its iteration and close are seen.

    A ``wsgi.file_wrapper`` is handed over as it is: the server recognises its class and
    sends the file by itself. Only its ``close`` is seen.
    """
    wrapper = environ.get("wsgi.file_wrapper")
    if isinstance(wrapper, type) and isinstance(result, wrapper):
        return _file(trace, result)
    return _SizedBody(trace, result) if hasattr(result, "__len__") else _Body(trace, result)


def _file(trace: LiveTrace, result: t.Any) -> t.Any:
    step = begin(trace, _BODY)
    close = getattr(result, "close", None)

    def recorded_close() -> None:
        trace.current = step
        end(trace, step)
        _close(trace, close)

    try:
        result.close = recorded_close
    except AttributeError:
        end(trace, step)
        trace.duration = trace.elapsed()
    return result


def _close(trace: LiveTrace, close: t.Any) -> None:
    __tracebackhide__ = True
    outer = current.get()
    current.set(trace)
    step = begin(trace, _CLOSE)
    try:
        if close is not None:
            close()
    except BaseException as error:
        fail(trace, step, error)
        raise
    else:
        end(trace, step)
    finally:
        trace.duration = trace.elapsed()
        current.set(outer)


class _Body:
    """A pass-through iterator: chunks stay lazy and as they are."""

    def __init__(self, trace: LiveTrace, result: t.Any) -> None:
        self._trace = trace
        self._result = result
        self._iterator: Iterator[bytes] | None = None
        self._step: LiveStep | None = None
        self._inside: LiveStep | None = None
        self._closed = False

    def __iter__(self) -> _Body:
        return self

    def __next__(self) -> bytes:
        __tracebackhide__ = True
        trace = self._trace
        outer = current.get()
        current.set(trace)
        step = self._begin()
        trace.current = self._inside
        try:
            if self._iterator is None:
                self._iterator = iter(self._result)
            chunk = next(self._iterator)
        except StopIteration:
            trace.current = step
            end(trace, step)
            raise
        except BaseException as error:
            trace.current = step
            fail(trace, step, error)
            raise
        else:
            self._count(chunk)
            return chunk
        finally:
            self._inside = trace.current
            current.set(outer)

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        step = self._step
        if step is not None and step.end is None:
            self._trace.current = step
            end(self._trace, step)
        _close(self._trace, getattr(self._result, "close", None))

    def __del__(self) -> None:
        # A server that never closes what it was given: the request is over all the same.
        if not self._closed and self._trace.duration is None:
            self._trace.duration = self._trace.elapsed()

    def _begin(self) -> LiveStep:
        if self._step is None:
            trace = self._trace
            trace.current = None
            self._step = self._inside = begin(trace, _BODY)
            self._step.detail = {"chunks": 0, "bytes": 0, "streamed": trace.streamed, "sent": []}
        return self._step

    def _count(self, chunk: bytes) -> None:
        detail = self._step.detail if self._step is not None else None
        if detail is not None:
            detail["chunks"] += 1
            detail["bytes"] += len(chunk)
            if len(detail["sent"]) < _CHUNKS_KEPT:
                detail["sent"].append((self._trace.elapsed(), len(chunk)))


class _SizedBody(_Body):
    """A list stays one with a length: ``wsgiref`` takes the Content-Length from it."""

    def __len__(self) -> int:
        return len(self._result)


__all__ = ["recorded"]
