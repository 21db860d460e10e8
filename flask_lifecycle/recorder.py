"""The hot path: who writes the current trace, and the beginning and end of a step."""

from __future__ import annotations

import builtins
import functools
import inspect
import linecache
import re
import types
import typing as t
from contextvars import ContextVar

from .faults import fail_open, fault
from .memo import by_class
from .redact import Redactor, type_name
from .sites import UNNUMBERED, Site
from .steps import BEGIN, END, NAMED, PARENT, clock
from .trace import Error, Source
from .writers import NOBODY, LiveTrace, Writer

#: The trace of the request that runs in this context; one without an owner, where none is recorded.
current: ContextVar[LiveTrace] = ContextVar("flask_lifecycle.current", default=NOBODY)

_built_in = Redactor()
_PLAIN = frozenset((str, int, float, bool, bytes, type(None)))
_SIZED = frozenset((str, bytes))
_LONGEST = 64 * 1024
# Of exceptions that led to one, so many are looked at.
_CHAINED = 32
_LIBRARIES = frozenset(("builtins", "asyncio", "flask", "jinja2", "jwt", "sqlite3", "werkzeug"))
# Of Python 3.11 and later.
GROUP: t.Any = getattr(builtins, "BaseExceptionGroup", ())
_TEXT_OF_GROUPS = getattr(vars(builtins).get("BaseExceptionGroup"), "__str__", None)


def redactor() -> Redactor:
    """Return what masks by the names of the app whose request runs in this context."""
    found: Redactor = current.get().redactor or _built_in
    return found


def room_for(writer: Writer, site: int) -> Writer:
    """Return what takes a step of Flask's: the writer itself, unless it is full."""
    is_kept = len(writer.log) < writer.limit or writer.is_spine(site)
    return writer if is_kept else writer.fold(site)


def begin(writer: Writer, site: int | Site, note: t.Any = None) -> int:
    """Append a step that starts now, inside the current one; return its place."""
    log = writer.log
    step = len(log)
    # Before the step, for whoever looks meanwhile.
    if note is not None:
        writer.notes[step] = note
    if type(site) is Site:
        writer.notes[step + NAMED] = site
        site = UNNUMBERED
    log += (site, writer.current, clock(), 0.0)
    writer.current = step
    return step


def end(writer: Writer, step: int) -> None:
    """End a step now."""
    log = writer.log
    log[step + END] = clock()
    writer.current = log[step + PARENT]


def fail(writer: Writer, step: int, error: BaseException) -> None:
    """End a step with the exception that leaves it."""
    writer.notes[~step] = describe_error(error)
    end(writer, step)


def begin_leaf(writer: Writer, site: int | Site, note: t.Any = None) -> int | None:
    """Append a collector's step inside which nothing else is; None where the trace is full."""
    log = writer.log
    step = len(log)
    if step >= writer.limit:
        writer.trace.dropped_steps += 1
        return None
    if note is not None:
        writer.notes[step] = note
    if type(site) is Site:
        writer.notes[step + NAMED] = site
        site = UNNUMBERED
    log += (site, writer.current, clock(), 0.0)
    return step


def mark(writer: Writer, site: int | Site, note: t.Any = None, size: int = 0) -> None:
    """Append a collector's step that has no length.

    :param size: the estimated bytes of what is noted.
    """
    step = begin_leaf(writer, site, note)
    if step is not None:
        writer.log[step + END] = writer.log[step + BEGIN]
        writer.trace.detail_bytes += size


def describe_error(error: BaseException) -> Error:
    """Take an exception's type and text, capped and masked.

    Its text is only asked for where that runs no code of the app's, which may take long, fail
    or run a query: where the class has its ``__str__`` from Python or a library of Flask's, and
    its arguments are plain. Other exceptions are described by their arguments.
    """
    name = type_name(type(error)).rpartition(".")[2]
    try:
        masks = redactor()
        args = error.args
        # A group's own text has its first argument, and the number of its members.
        if type(error).__str__ is _TEXT_OF_GROUPS:
            args = args[:1]
        if all(_is_plain(each) for each in args) and _is_known(type(error)):
            message = str(error)
        else:
            message = ", ".join(str(masks.value(each, (name,))) for each in args)
        return Error(name, masks.text(message, (name,)))
    except Exception:
        return Error(name, "<its text could not be had>")


def _is_plain(value: t.Any) -> bool:
    return type(value) in _PLAIN and (type(value) not in _SIZED or len(value) < _LONGEST)


@by_class
def _is_known(kind: t.Any) -> bool:
    method = kind.__str__
    home = getattr(method, "__objclass__", None) or method
    return str(getattr(home, "__module__", "")).partition(".")[0] in _LIBRARIES


@fail_open
def finish(trace: LiveTrace) -> None:
    """End a trace now."""
    trace.finish()


@fail_open
def hide_frames(error: BaseException) -> None:
    """Take the frames of this package out of the tracebacks of an exception and what led to it."""
    found: list[BaseException] = []
    waiting = [error]
    while waiting and len(found) < _CHAINED:
        each = waiting.pop()
        if any(each is known for known in found):
            continue
        found.append(each)
        each.__traceback__ = _without_ours(each.__traceback__)
        members = each.exceptions if isinstance(each, GROUP) else ()
        others = (each.__cause__, each.__context__, *members)
        waiting += [other for other in others if isinstance(other, BaseException)]


def _without_ours(tb: types.TracebackType | None) -> types.TracebackType | None:
    entries: list[types.TracebackType] = []

    while tb is not None:
        entries.append(tb)
        tb = tb.tb_next

    following: types.TracebackType | None = None
    for entry in reversed(entries):
        # Of ours too: Python 3.10 goes on with the one from which it is raised again.
        entry.tb_next = following
        if not entry.tb_frame.f_globals.get("__name__", "").startswith("flask_lifecycle."):
            following = entry

    return following


def site_of(stage: str, func: t.Any, scope: str | None = None) -> Site:
    """Say what a person calls a function and where it is written."""
    target = user_callable(func)
    name = getattr(target, "__name__", None) or type(target).__name__
    return Site(stage, name, callable_name(target), source_of(target), scope)


def user_callable(func: t.Any) -> t.Any:
    """Look through partials and class-based views to what the user wrote."""
    while isinstance(func, functools.partial):
        func = func.func

    return getattr(func, "view_class", func) if isinstance(func, types.FunctionType) else func


def callable_name(target: t.Any) -> str:
    """Return ``module:qualname`` of a function, method, class or callable object."""
    named = target if hasattr(target, "__qualname__") else type(target)
    return f"{getattr(named, '__module__', None) or 'builtins'}:{named.__qualname__}"


def source_of(target: t.Any) -> Source | None:
    """Find the file and line of a callable, without reading the file where it can be helped."""
    try:
        plain = inspect.unwrap(target)
    except ValueError:
        plain = target

    if not isinstance(
        plain, (type, types.FunctionType, types.MethodType, types.BuiltinFunctionType)
    ):
        plain = type(plain).__call__ if callable(plain) else None

    code = getattr(plain, "__code__", None)
    if code is not None:
        return Source(code.co_filename, code.co_firstlineno)

    return _source_of_class(plain) if isinstance(plain, type) else None


def _source_of_class(kind: type) -> Source | None:
    """Find where a class is written, by the looks of the lines of its file.

    Before Python 3.13 ``inspect`` parses the whole file for it: that takes long, warns of what is
    in there, and fails where a warning is an error.
    """
    try:
        file = inspect.getfile(kind)
    except (TypeError, OSError):
        return None

    begins = re.compile(rf"\s*class\s+{re.escape(kind.__name__)}\b").match
    found = [at for at, line in enumerate(linecache.getlines(file), 1) if begins(line)]
    codes = [getattr(each, "__code__", None) for each in vars(kind).values()]
    inside = [code.co_firstlineno for code in codes if code and code.co_filename == file]
    # Of several of this name, the one whose functions follow.
    before = [at for at in found if inside and at < min(inside)]
    return Source(file, (before or found[:1])[-1]) if found else None


__all__ = [
    "GROUP",
    "begin",
    "begin_leaf",
    "callable_name",
    "current",
    "describe_error",
    "end",
    "fail",
    "fail_open",
    "fault",
    "finish",
    "hide_frames",
    "mark",
    "redactor",
    "room_for",
    "site_of",
    "source_of",
    "user_callable",
]
