"""Callables: their readable names and source locations."""

from __future__ import annotations

import functools
import inspect
import linecache
import re
import types
import typing as t

from ..trace.model import Source
from ..trace.tracepoint import Tracepoint
from .packages import package_of


def tracepoint_of(stage: str, func: t.Any, scope: str | None = None, own: str = "") -> Tracepoint:
    """Return the tracepoint of a function: its readable name, source location and package.

    :param own: the import name of the app.
    """
    target = user_callable(func)
    name = getattr(target, "__name__", None) or type(target).__name__
    source = source_of(target)
    named = callable_name(target)
    package = package_of(named.partition(":")[0], None if source is None else source.file, own)
    return Tracepoint(stage, name, named, source, scope, package)


def user_callable(func: t.Any) -> t.Any:
    """Unwrap partials and class-based views to the user's own function or class."""
    while isinstance(func, functools.partial):
        func = func.func

    return getattr(func, "view_class", func) if isinstance(func, types.FunctionType) else func


def callable_name(target: t.Any) -> str:
    """Return ``module:qualname`` of a function, method, class or callable object."""
    named = target if hasattr(target, "__qualname__") else type(target)
    return f"{getattr(named, '__module__', None) or 'builtins'}:{named.__qualname__}"


def source_of(target: t.Any) -> Source | None:
    """Return the file and line of a callable, without reading the file if possible."""
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
    """Return where a class is defined, by matching the lines of its file.

    Before Python 3.13 ``inspect`` parses the whole file: that is slow, emits the file's syntax
    warnings, and fails if warnings are errors.
    """
    try:
        file = inspect.getfile(kind)
    except (TypeError, OSError):
        return None

    begins = re.compile(rf"\s*class\s+{re.escape(kind.__name__)}\b").match
    found = [at for at, line in enumerate(linecache.getlines(file), 1) if begins(line)]
    codes = [getattr(each, "__code__", None) for each in vars(kind).values()]
    inside = [code.co_firstlineno for code in codes if code and code.co_filename == file]
    # Of several classes with this name, the one that contains the class's functions.
    before = [at for at in found if inside and at < min(inside)]
    return Source(file, (before or found[:1])[-1]) if found else None


__all__ = ["callable_name", "source_of", "tracepoint_of", "user_callable"]
