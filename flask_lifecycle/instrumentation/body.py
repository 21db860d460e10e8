"""Record the response body while the server iterates it, until it is closed.

Servers treat a list, an iterator and a file differently, so the server gets an object with the same
traits as the one that the app returned: the same special methods, ``close`` only if the original
has it, iterable again if the original is, and the same results of ``isinstance``. A body that
cannot be proxied is passed on unchanged.
"""

from __future__ import annotations

import operator
import typing as t
from contextlib import suppress
from functools import lru_cache, partial
from threading import get_ident
from types import GeneratorType
from weakref import finalize, ref

from werkzeug.wsgi import ClosingIterator

from ..collectors.http import Preview
from ..faults import fault
from ..recorder.current import current
from ..recorder.errors import describe_error, hide_frames
from ..recorder.memo import Memo
from ..recorder.steps import begin, end, finish
from ..trace.log import END, clock
from ..trace.tracepoint import Tracepoint, number
from ..trace.writer import LiveTrace

_CHUNKS_KEPT = 200
_BODY = number(Tracepoint("body", "body"))
_PREVIEW = 4
# `streamed`: whether chunks are made while they are sent; `sent`: when, and how long each was.
_COUNTED = ("chunks", "bytes", "streamed", "sent", "preview", "complete")
_CLOSE = number(Tracepoint("body_close", "close"))

# C code reads these directly, without calling their methods.
_CONCRETE = (list, tuple, dict, set, frozenset, str)
_OWN_ITERATORS = (ClosingIterator, GeneratorType)
_SEQUENCE_ITERS = (list.__iter__, tuple.__iter__)
# The methods of a file, and the attribute with which a file wrapper refers to one.
_OF_FILES = ("read", "filelike", "file")

Failed = t.Callable[[LiveTrace, BaseException], None]


def recorded(
    trace: LiveTrace,
    result: t.Any,
    environ: dict[str, t.Any],
    failed: Failed,
    preview: t.Callable[[], Preview | None],
) -> t.Any:
    """Return the object for the server that records the body's iteration and close.

    :param failed: called with an exception that reaches the server.
    :param preview: returns an object whose ``add`` takes each chunk, or None.
    """
    try:
        kind = _kind_of(result)
        if kind is not None and not _is_file(result, environ.get("wsgi.file_wrapper")):
            recording = _Recording(trace, failed, preview)
            return kind(result, recording, recording.sent, True)
        _record_as_is(trace, result, failed, preview)
    except Exception as error:
        fault("the recording of a body", error)
        finish(trace)
    return result


def _is_file(result: t.Any, wrapper: t.Any) -> bool:
    """Return whether the server may recognise a body as a file that it sends by itself.

    It does so by the class of its ``wsgi.file_wrapper``. If that is a function, as in uWSGI, it
    returns whatever object the server remembers, such as the file itself.
    """
    if isinstance(wrapper, type):
        return isinstance(result, wrapper)
    return wrapper is not None and any(hasattr(result, name) for name in _OF_FILES)


def _record_as_is(
    trace: LiveTrace, result: t.Any, failed: Failed, preview: t.Callable[[], Preview | None]
) -> None:
    """Record a body that is passed on unchanged: what is known of it now, and its ``close``."""
    note = None
    if getattr(type(result), "__iter__", None) in _SEQUENCE_ITERS:
        chunks = [chunk for chunk in result if type(chunk) is bytes]
        note = _Counts((len(chunks), sum(map(len, chunks)), False, []))
        shown = preview()
        if shown is not None:
            for chunk in chunks:
                shown.add(chunk)
            shown.settle(trace)
            note.append(shown)
    step = begin(trace, _BODY, note)
    close = getattr(result, "close", None)
    if close is None or not _replace_close(trace, step, result, close, failed):
        end(trace, step)
        finish(trace)


def _replace_close(
    trace: LiveTrace, step: int, result: t.Any, close: t.Any, failed: Failed
) -> bool:
    # A reference cycle would keep it alive until garbage collection.
    is_own = getattr(close, "__self__", None) is result
    owner: t.Callable[[], t.Any] = ref(result) if is_own else lambda: None
    others = None if is_own else close

    def get_close() -> t.Any:
        held = owner()
        return others if held is None else type(held).close.__get__(held)

    def recorded_close() -> t.Any:
        __tracebackhide__ = True
        close = get_close()
        with suppress(Exception):
            del owner().close
        if not trace.running:
            return None if close is None else close()
        end(trace, step)
        try:
            return _close(trace, close, failed)
        except BaseException as error:
            hide_frames(error)
            raise

    try:
        result.close = recorded_close
    except Exception:
        return False
    with suppress(TypeError):
        # A server that never closes it: the request is finished anyway.
        finalize(result, finish, trace).atexit = False
    return True


def _close(trace: LiveTrace, close: t.Any, failed: Failed) -> t.Any:
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
    log += (_CLOSE, -1, now, 0.0)
    trace.current = step
    try:
        return None if close is None else close()
    except BaseException as error:
        trace.notes.outcomes[step] = describe_error(error)
        failed(trace, error)
        raise
    finally:
        log[step + END] = clock()
        finish(trace)
        current.set(outer)


class _Counts(list[t.Any]):
    """The counts of an iteration's chunks, in the order of their names."""

    __slots__ = ()

    def progress(self) -> int:
        """Return how many chunks there have been."""
        return t.cast("int", self[0])

    def detail(self, trace: LiveTrace) -> dict[str, t.Any]:
        """Return them JSON-ready."""
        detail = dict(zip(_COUNTED, self, strict=False))
        sent = list(detail["sent"])
        times = [trace.since(reading) for reading in sent[::2]]
        detail["sent"] = [*map(list, zip(times, sent[1::2], strict=False))]
        preview = detail.pop("preview", None)
        if preview is not None:
            detail["preview"] = preview.detail(trace)
        return detail


class _Recording:
    """The recording of one body, over all of its iterators."""

    __slots__ = ("failed", "is_over", "preview", "sent", "step", "trace")

    def __init__(
        self, trace: LiveTrace, failed: Failed, preview: t.Callable[[], Preview | None]
    ) -> None:
        self.trace = trace
        self.failed = failed
        self.preview = preview
        #: The step of the body, from its first iteration on.
        self.step = -1
        #: The counts of the current iteration, and whether it reached its end.
        #: Servers iterate some bodies once to count and once to send, one within the other.
        self.sent = self.counts()
        self.is_over = False

    def __del__(self) -> None:
        # A server that never closes the body: the request is finished anyway.
        if self.trace.running:
            finish(self.trace)

    def counts(self) -> _Counts:
        """Return new counts for the chunks of an iteration."""
        counts = _Counts((0, 0, self.trace.streamed, []))
        preview = self.preview()
        if preview is not None:
            counts.append(preview)
        return counts

    def add(self, chunk: t.Any, _body: _Body) -> t.Any:
        """Count a chunk and return it."""
        if type(chunk) is bytes:
            sent = self.sent
            sent[0] += 1
            sent[1] += len(chunk)
            if len(sent) > _PREVIEW:
                sent[_PREVIEW].add(chunk)
            if self.trace.streamed and sent[0] <= _CHUNKS_KEPT:
                sent[2] = True
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
            self.failed(trace, error)

    def leave(self, given: t.Any = None, _body: _Body | None = None) -> t.Any:
        """End the step of a body that is not iterated to its end."""
        if self.step >= 0 and not self.is_over:
            self.end()
            sent = self.sent
            sent[_PREVIEW:] = (*sent[_PREVIEW:], False) if len(sent) > _PREVIEW else (None, False)
        return given

    def close(self, close: t.Any) -> t.Any:
        """Close the body, which ends the trace."""
        __tracebackhide__ = True
        if not self.trace.running:
            return close()
        self.leave()
        if len(self.sent) > _PREVIEW and self.sent[_PREVIEW] is not None:
            self.sent[_PREVIEW].settle(self.trace)
        return _close(self.trace, close, self.failed)


class _Body:
    """A proxy of a body that the app returned, or of an iterator of one.

    ``yield from`` closes the iterator of a body that is passed on, as in Werkzeug's debugger.
    """

    # The proxied object, the recording of the body, the counts of this iteration, and whether
    # this is the body or an iterator.
    __slots__ = ("__weakref__", "_flask_lifecycle")
    _flask_lifecycle: tuple[t.Any, _Recording, list[t.Any], bool]

    def __init__(self, *held: t.Any) -> None:
        _set(self, held)

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return t.cast("type", self._flask_lifecycle[0].__class__)

    def __getattr__(self, name: str) -> t.Any:
        value = getattr(self._flask_lifecycle[0], name)
        return partial(_closed, self) if name == "close" and callable(value) else value

    def __repr__(self) -> str:
        return repr(self._flask_lifecycle[0])

    def __setattr__(self, name: str, value: t.Any) -> None:
        setattr(self._flask_lifecycle[0], name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._flask_lifecycle[0], name)


_set = vars(_Body)["_flask_lifecycle"].__set__


def _in_step(call: t.Any, is_end: t.Any, take: t.Callable[..., t.Any]) -> t.Any:
    """Return a method that calls the body's own one inside the body's step.

    :param is_end: the exceptions that mean the end of the iteration.
    :param take: takes the recording, the return value and the proxy; returns the value to pass
        on.
    """

    def method(self: t.Any, *args: t.Any) -> t.Any:
        __tracebackhide__ = True
        result, recording, sent, is_body = self._flask_lifecycle
        trace = recording.trace
        log = trace.log
        # The log of a finished trace is empty.
        if not log:
            return call(result, *args)
        outer = current.get()
        current.set(trace)
        # Servers may iterate in another thread than the one of the call.
        trace.ident = get_ident()
        recording.sent = sent
        recording.is_over = False
        step = recording.step
        if step < 0:
            trace.current = -1
            recording.step = begin(trace, _BODY, sent)
        else:
            trace.notes.details[step] = sent
            trace.current = step
        # An iteration that counts runs inside one that sends.
        is_outer = trace.stopwatch <= 0
        if is_outer:
            trace.stopwatch += clock()
        try:
            given = call(result, *args)
        except is_end:
            recording.end()
            if is_body and call is next and not hasattr(result, "close"):
                finish(trace)
            raise
        except BaseException as error:
            recording.end(error)
            hide_frames(error)
            raise
        finally:
            if is_outer:
                trace.stopwatch -= clock()
            current.set(outer)
        return take(recording, given, self)

    return method


def _iterator(recording: _Recording, iterator: t.Any, body: _Body) -> t.Any:
    if iterator is body._flask_lifecycle[0]:
        return body
    kind = _kind_of(iterator)
    return iterator if kind is None else kind(iterator, recording, recording.counts(), False)


def _itself(body: t.Any) -> t.Any:
    """Return a body as its own iterator."""
    return body


_close_begun = _in_step(operator.methodcaller("close"), (), _Recording.leave)


def _closed(body: _Body) -> t.Any:
    """Close a body, or an iterator of one."""
    __tracebackhide__ = True
    result, recording, _, is_body = body._flask_lifecycle
    try:
        if is_body:
            return recording.close(result.close)
        return result.close() if recording.step < 0 else _close_begun(body)
    except BaseException as error:
        hide_frames(error)
        raise


def _passed(name: str) -> t.Any:
    """Return a special method that delegates to the body's own one."""

    def method(self: t.Any, *args: t.Any) -> t.Any:
        __tracebackhide__ = True
        try:
            return getattr(self._flask_lifecycle[0], name)(*args)
        except BaseException as error:
            hide_frames(error)
            raise

    return method


_METHODS: dict[str, t.Any] = {
    "close": _closed,
    "__iter__": _in_step(iter, (), _iterator),
    "__next__": _in_step(next, StopIteration, _Recording.add),
    **{
        name: _passed(name)
        for name in (
            *("__len__", "__length_hint__", "__bool__", "__getitem__", "__contains__"),
            *("__reversed__", "__enter__", "__exit__", "__call__", "__add__", "__radd__"),
            *("__eq__", "__hash__", "__str__", "__bytes__"),
        )
    },
}
# Without __iter__, Python iterates by index.
_item = _in_step(operator.getitem, IndexError, _Recording.add)
_kinds: Memo[t.Any] = Memo()


def _kind_of(result: t.Any) -> t.Any:
    """Return the proxy class for bodies of a type, or None if there can be none."""
    of = type(result)
    try:
        return _kinds[id(of)]
    except KeyError:
        pass
    has = {name for name in _METHODS if _has(of, name)}
    iterable = bool(has & {"__iter__", "__next__", "__getitem__"})
    can = iterable and not isinstance(result, _CONCRETE) and not _is_buffer(result)
    is_own = any(of is each for each in _OWN_ITERATORS)
    kind = _made(frozenset(has), is_own) if can else None
    _kinds.keep(of, kind)
    return kind


@lru_cache(256)
def _made(has: frozenset[str], is_own_iterator: bool) -> type[_Body]:
    methods = {name: _METHODS[name] for name in has}
    if is_own_iterator:
        # Getting its iterator runs no code of the app.
        methods["__iter__"] = _itself
    if "__iter__" not in has and "__getitem__" in has:
        methods["__getitem__"] = _item
    return type("_Body", (_Body,), {"__slots__": (), **methods})


def _has(kind: type, name: str) -> bool:
    # Not by getattr, which also finds the attributes of the type as an object.
    homes = [each for each in kind.__mro__ if name in vars(each)]
    return bool(homes) and homes[0] is not object and vars(homes[0])[name] is not None


def _is_buffer(result: t.Any) -> bool:
    try:
        memoryview(result)
    except TypeError:
        return False
    return True


__all__ = ["recorded"]
