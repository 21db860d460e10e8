"""Record the statements of any SQLAlchemy engine, as its dialect hands them to the driver.

``Dialect.do_execute`` and the like are wrapped in the classes that define them. SQLAlchemy's
own events would tell the same, but an engine that has any listener takes some 10 µs more for
each statement.
"""

from __future__ import annotations

import sys
import typing as t
from collections.abc import Iterator
from functools import partial

from ..forks import lock
from ..memo import by_class
from ..recorder import current, fail_open
from ..statements import Entry, begin, end, fail, owners

_METHODS = {"do_execute": False, "do_execute_no_params": False, "do_executemany": True}

# Between this one and the dialect SQLAlchemy 2.0 and 2.1 call three methods of their connection:
# `_execute_clauseelement`, `_execute_context`, `_exec_single_context`.
_ENTRY, _BETWEEN = "_execute_on_connection", 3
_entry: Entry | None = None
_lock = lock()
_wrapped: list[tuple[type, str, t.Any]] = []


@by_class
def _definers(kind: t.Any) -> dict[str, int]:
    """Name the class whose method is called first, by its id: an override that calls super() is
    one step.
    """
    return {
        name: next(id(each) for each in kind.__mro__ if name in vars(each)) for name in _METHODS
    }


def _recorded(defined: type, name: str, method: t.Any) -> t.Any:
    many = _METHODS[name]
    bare = name == "do_execute_no_params"

    def recorded(
        self: t.Any, cursor: t.Any, statement: t.Any, *args: t.Any, **kwargs: t.Any
    ) -> t.Any:
        __tracebackhide__ = True
        trace = current.get()
        kind: t.Any = type(self)
        if trace.owner not in owners or _definers(kind)[name] != id(defined):
            return method(self, cursor, statement, *args, **kwargs)
        begun = begin(trace, statement, None if bare or not args else args[0], many, _entry)
        if begun is None:
            return method(self, cursor, statement, *args, **kwargs)
        try:
            result = method(self, cursor, statement, *args, **kwargs)
        except BaseException as error:
            fail(begun, error)
            raise
        end(begun, cursor)
        return result

    recorded.__name__ = name
    return recorded


def _replace(kind: type, name: str, method: t.Any) -> None:
    """Put a method in the place of a class's own, until it is undone."""
    _wrapped.append((kind, name, vars(kind)[name]))
    setattr(kind, name, method)


@fail_open
def _wrap(kind: type) -> None:
    for name in _METHODS:
        method = vars(kind).get(name)
        if callable(method) and not any((kind, name) == known[:2] for known in _wrapped):
            _replace(kind, name, _recorded(kind, name, method))


def _with_subclasses(kind: t.Any) -> Iterator[type]:
    yield kind
    for derived in kind.__subclasses__():
        yield from _with_subclasses(derived)


def listen() -> None:
    """Begin to listen, once the app has imported SQLAlchemy; never import it for the app."""
    global _entry

    if _wrapped or not owners or "sqlalchemy.engine" not in sys.modules:
        return

    from sqlalchemy.engine.default import DefaultDialect
    from sqlalchemy.sql.expression import ClauseElement

    with _lock:
        if _wrapped:
            return

        _entry = Entry(getattr(getattr(ClauseElement, _ENTRY, None), "__code__", None), _BETWEEN)
        initialize = DefaultDialect.initialize

        def initialized(self: t.Any, *args: t.Any, **kwargs: t.Any) -> None:
            # The first connection of an engine, whose dialect may have been imported since.
            for kind in type(self).__mro__:
                _wrap(kind)
            initialize(self, *args, **kwargs)

        for known in _with_subclasses(DefaultDialect):
            _wrap(known)
        _replace(DefaultDialect, "initialize", initialized)


def install(owner: int) -> t.Callable[[], None]:
    """Record every statement that runs inside a recorded request of an app."""
    with _lock:
        owners.add(owner)

    return partial(_uninstall, owner)


def _uninstall(owner: int) -> None:
    with _lock:
        owners.discard(owner)
        while _wrapped and not owners:
            kind, name, method = _wrapped.pop()
            setattr(kind, name, method)


__all__ = ["install", "listen"]
