"""Record the statements of any SQLAlchemy engine, as its dialect hands them to the driver.

``Dialect.do_execute`` and the like are wrapped in the classes that define them. SQLAlchemy's
own events would tell the same, but an engine that has any listener takes some 10 µs more for
each statement.
"""

from __future__ import annotations

import sys
import typing as t
from collections.abc import Iterator
from functools import lru_cache
from threading import get_ident

from ..forks import lock
from ..recorder import begin_leaf, current, describe_error, fault
from ..redact import Redactor
from ..trace import END, Site, clock, number

_SQL = number(Site("sql", "sql"))
_METHODS = {"do_execute": False, "do_execute_no_params": False, "do_executemany": True}

_lock = lock()
_installed = 0
_wrapped: list[tuple[type, str, t.Any]] = []
_redactor = Redactor()


@lru_cache(4096)
def _note(statement: str, rows: int | None, many: bool) -> tuple[str, int | None, bool]:
    """Share what is noted of the same statement."""
    return _redactor.text(statement), rows, many


@lru_cache(256)
def _definer(kind: t.Hashable, name: str) -> t.Any:
    """Find the class whose method is called first: an override that calls super() is one step."""
    return next(each for each in t.cast("type", kind).__mro__ if name in vars(each))


def _recorded(defined: type, name: str, method: t.Any) -> t.Any:
    many = _METHODS[name]

    def recorded(
        self: t.Any, cursor: t.Any, statement: t.Any, *args: t.Any, **kwargs: t.Any
    ) -> t.Any:
        __tracebackhide__ = True
        trace = current.get()
        if trace.owner is None or _definer(t.cast("t.Hashable", type(self)), name) is not defined:
            return method(self, cursor, statement, *args, **kwargs)
        try:
            writer = trace if trace.ident == get_ident() else trace.strand()
            # Not the current step: where a driver awaits, others run meanwhile.
            step = begin_leaf(writer, _SQL, _note(statement, None, many))
        except Exception as error:
            fault("the beginning of a statement", error)
            step = None
        if step is None:
            return method(self, cursor, statement, *args, **kwargs)
        try:
            result = method(self, cursor, statement, *args, **kwargs)
        except BaseException as error:
            writer.notes[~step] = describe_error(error)
            raise
        finally:
            writer.log[step + END] = clock()
        try:
            rows = cursor.rowcount
            if type(rows) is int and rows >= 0:
                writer.notes[step] = _note(statement, rows, many)
        except Exception as error:
            fault("the number of rows", error)
        return result

    recorded.__name__ = name
    return recorded


def _wrap(kind: type) -> None:
    for name in _METHODS:
        method = vars(kind).get(name)
        if callable(method) and not any((kind, name) == known[:2] for known in _wrapped):
            _wrapped.append((kind, name, method))
            setattr(kind, name, _recorded(kind, name, method))


def _with_subclasses(kind: t.Any) -> Iterator[type]:
    yield kind
    for derived in kind.__subclasses__():
        yield from _with_subclasses(derived)


def listen() -> None:
    """Begin to listen, once the app has imported SQLAlchemy; never import it for the app."""
    if _wrapped or not _installed or "sqlalchemy.engine" not in sys.modules:
        return

    from sqlalchemy.engine.default import DefaultDialect

    with _lock:
        if _wrapped:
            return

        initialize = DefaultDialect.initialize

        def initialized(self: t.Any, *args: t.Any, **kwargs: t.Any) -> None:
            # The first connection of an engine, whose dialect may have been imported since.
            for kind in type(self).__mro__:
                _wrap(kind)
            initialize(self, *args, **kwargs)

        for known in _with_subclasses(DefaultDialect):
            _wrap(known)
        _wrapped.append((DefaultDialect, "initialize", initialize))
        DefaultDialect.initialize = initialized  # type: ignore[method-assign]


def install(redactor: Redactor) -> t.Callable[[], None]:
    """Record every statement that runs inside a recorded request."""
    global _installed, _redactor

    with _lock:
        _redactor = redactor
        _note.cache_clear()
        _installed += 1

    return _uninstall


def _uninstall() -> None:
    global _installed

    with _lock:
        _installed -= 1
        if not _installed:
            while _wrapped:
                kind, name, method = _wrapped.pop()
                setattr(kind, name, method)


__all__ = ["install", "listen"]
