"""Proxies of bodies, and of their iterators, which record how the server uses them.

Servers treat a list, an iterator and a file differently, so a proxy has the same traits as the
object that the app returned: the same special methods, ``close`` only if the original has it,
iterable again if the original is, and the same results of ``isinstance``.
"""

from __future__ import annotations

import operator
import typing as t
from functools import lru_cache, partial
from threading import get_ident
from types import GeneratorType

from werkzeug.wsgi import ClosingIterator

from ..core import shortcut
from ..faults import fail_open
from ..recorder import holding
from ..recorder.current import current
from ..recorder.errors import hide_frames
from ..recorder.memo import Memo
from ..recorder.steps import begin, finish
from ..trace.log import clock
from ..trace.writer import LiveTrace
from .body_recording import BODY, CLOSE, Recording, close_failed

# C code reads these directly, without calling their methods.
_CONCRETE = (list, tuple, dict, set, frozenset, str)
_OWN_ITERATORS = (ClosingIterator, GeneratorType)


class _Body:
    """A proxy of a body that the app returned, or of an iterator of one.

    ``yield from`` closes the iterator of a body that is passed on, as in Werkzeug's debugger.
    """

    # The proxied object, the recording of the body, the counts of this iteration, and whether
    # this is the body or an iterator.
    __slots__ = ("__weakref__", "_flask_lifecycle")
    _flask_lifecycle: tuple[t.Any, Recording, list[t.Any], bool]

    def __init__(self, *held: t.Any) -> None:
        hold(self, held)

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


#: Sets what a proxy holds.
hold: t.Any = vars(_Body)["_flask_lifecycle"].__set__


def _in_step(call: t.Any, is_end: t.Any, take: t.Callable[..., t.Any]) -> t.Any:
    """Return a method that calls the body's own one inside the body's step.

    :param is_end: the exceptions that mean the end of the iteration.
    :param take: takes the recording, the return value and the proxy; returns the value to pass
        on.
    """

    # A request can be held before each chunk of a stream, and before the first one of others.
    takes_chunk = bool(is_end)

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
            recording.step = begin(trace, BODY, sent)
        else:
            trace.notes.details[step] = sent
            trace.current = step
        # An iteration that counts runs inside one that sends.
        is_outer = trace.stopwatch <= 0
        if is_outer:
            trace.stopwatch += clock()
        try:
            if holding.armed and takes_chunk and (trace.streamed or not sent[0]):
                holding.before(trace, recording.step)
            value = call(result, *args)
        except is_end:
            recording.end()
            if holding.armed:
                holding.after(trace, recording.step)
            if is_body and call is next:
                _finish_unclosed(trace, result)
            raise
        except BaseException as error:
            # First: its frames are recorded.
            hide_frames(error)
            recording.end(error)
            if holding.armed:
                holding.after(trace, recording.step)
            raise
        finally:
            if is_outer:
                trace.stopwatch -= clock()
            current.set(outer)
        return take(recording, value, self)

    return method


@fail_open
def _finish_unclosed(trace: LiveTrace, result: t.Any) -> None:
    """End the trace of a body that has no ``close``."""
    try:
        is_closed = hasattr(result, "close")
    except Exception:  # the server will get it
        return
    if not is_closed:
        finish(trace)


def _left(body: _Body, error: BaseException) -> None:
    """Do what the compiled `__next__` leaves to Python after an exception that it passes on."""
    result, recording, _, is_body = body._flask_lifecycle
    is_end = isinstance(error, StopIteration)
    recording.end(None if is_end else error)
    if not is_end:
        hide_frames(error)
    if holding.armed:
        holding.after(recording.trace, recording.step)
    if is_end and is_body:
        _finish_unclosed(recording.trace, result)


def _iterator(recording: Recording, iterator: t.Any, body: _Body) -> t.Any:
    if iterator is body._flask_lifecycle[0]:
        return body
    kind = proxy_class(iterator)
    return iterator if kind is None else kind(iterator, recording, recording.counts(), False)


@shortcut("itself", None)
def _itself(body: t.Any) -> t.Any:
    """Return a body as its own iterator."""
    return body


_close_begun = _in_step(operator.methodcaller("close"), (), Recording.leave)


@shortcut("close", (CLOSE, close_failed))
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


_next = shortcut("next", (next, BODY, _left, Recording.add))(
    _in_step(next, StopIteration, Recording.add)
)
_METHODS: dict[str, t.Any] = {
    "close": _closed,
    "__iter__": _in_step(iter, (), _iterator),
    "__next__": _next,
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
_item = _in_step(operator.getitem, IndexError, Recording.add)
#: The proxy classes by the identities of the bodies' types; None for types that have none.
proxy_classes: Memo[t.Any] = Memo()


def proxy_class(result: t.Any) -> t.Any:
    """Return the proxy class for bodies of a type, or None if there can be none."""
    of = type(result)
    try:
        return proxy_classes[id(of)]
    except KeyError:
        pass
    has = {name for name in _METHODS if _has(of, name)}
    iterable = bool(has & {"__iter__", "__next__", "__getitem__"})
    can = iterable and not isinstance(result, _CONCRETE) and not _is_buffer(result)
    is_own = any(of is each for each in _OWN_ITERATORS)
    kind = _class_with(frozenset(has), is_own) if can else None
    proxy_classes.keep(of, kind)
    return kind


@lru_cache(256)
def _class_with(has: frozenset[str], is_own_iterator: bool) -> type[_Body]:
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


__all__ = ["hold", "proxy_class", "proxy_classes"]
