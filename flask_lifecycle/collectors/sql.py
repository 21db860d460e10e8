"""Record what any SQLAlchemy engine sends with its driver: statements, transactions, connections.

``Dialect.do_execute``, ``do_commit`` and the like are wrapped in the classes that define them.
SQLAlchemy's own events would have the same data, but an engine with any listener takes about 10 µs
more for each statement.
"""

from __future__ import annotations

import sys
import typing as t
from collections.abc import Iterator
from functools import partial

from .._compat import CREATOR, DO_CLOSE, DO_TWOPHASE, DRIVER_CONNECTION, RESET
from ..core import shortcut
from ..faults import fail_open
from ..recorder import holding
from ..recorder.current import current
from ..recorder.memo import by_class
from ..recorder.user_code import caller
from ..trace.log import BEGIN, clock
from ..trace.owner import Owner
from ..trace.transactions import is_open
from ..trace.writer import LiveTrace
from .patch import Patch, imported
from .statements import begin, begin_transaction, end, fail, renumber

_METHODS = {"do_execute": False, "do_execute_no_params": False, "do_executemany": True}

# Savepoints are sent as statements.
_TRANSACTIONS = {
    "do_begin": "begin",
    "do_commit": "commit",
    "do_rollback": "rollback",
    "do_begin_twophase": "begin",
    "do_prepare_twophase": "prepare",
    "do_commit_twophase": "commit",
    "do_rollback_twophase": "rollback",
}
# What an implicit rollback or commit comes from, by SQLAlchemy's calling function.
_IMPLIED = {RESET: "reset", DO_CLOSE: "close"}
_FRAMES = 12


@by_class
def _definers(kind: t.Any) -> dict[str, int]:
    """Return the class whose method is called first, by its id: an override that calls super() is
    one step.
    """
    return {
        name: next((id(each) for each in kind.__mro__ if name in vars(each)), 0)
        for name in (*_METHODS, *_TRANSACTIONS)
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
        if trace.owner not in _owners or _definers(kind)[name] != id(defined):
            return method(self, cursor, statement, *args, **kwargs)
        sends = cursor if self.name == "sqlite" else None
        given, context = (None, None) if bare or not args else (args[0], args[-1])
        begun = begin(trace, statement, given, many, sends, context, self.name)
        if begun is None:
            return method(self, cursor, statement, *args, **kwargs)
        try:
            result = method(self, cursor, statement, *args, **kwargs)
        except BaseException as error:
            fail(begun, error)
            raise
        end(begun, cursor)
        return result

    if not bare:
        parts = _owners, _definers, name, id(defined), method, begin, end, fail, many
        recorded = shortcut("execute", parts)(recorded)
    recorded.__name__ = name
    return recorded


def _ends(defined: type, name: str, method: t.Any) -> t.Any:
    """Wrap a transaction control method to record it, if anything is sent."""
    kind_of_step = _TRANSACTIONS[name]

    def recorded(self: t.Any, connection: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
        __tracebackhide__ = True
        trace = current.get()
        kind: t.Any = type(self)
        if trace.owner not in _owners or _definers(kind)[name] != id(defined):
            return method(self, connection, *args, **kwargs)
        driver = _driver_of(connection)
        if _sends_nothing(self, driver, name, connection):
            return method(self, connection, *args, **kwargs)
        if name == "do_begin":
            return _begin(trace, partial(method, self, connection, *args, **kwargs), driver)
        implied_by = _implied_by(caller()) if name in ("do_commit", "do_rollback") else None
        begun = begin_transaction(trace, kind_of_step, driver, implied_by)
        if begun is None:
            return method(self, connection, *args, **kwargs)
        try:
            if holding.armed:
                holding.before(*begun[:2])
            result = method(self, connection, *args, **kwargs)
        except BaseException as error:
            fail(begun, error)
            raise
        end(begun)
        return result

    recorded.__name__ = name
    return recorded


def _begin(trace: LiveTrace, method: t.Any, driver: t.Any) -> t.Any:
    """Begin a transaction; whether anything was sent for it is only known afterwards."""
    __tracebackhide__ = True
    started, steps = clock(), trace.step_count
    try:
        result = method()
    except BaseException as error:
        begun = begin_transaction(trace, "begin", driver)
        if begun is not None:
            fail(begun, error)
        raise
    # A statement that it sent is recorded as such.
    if trace.step_count == steps and is_open(driver) is not False:
        begun = begin_transaction(trace, "begin", driver)
        if begun is not None:
            writer, step, *_more = begun
            writer.log[step + BEGIN] = started
            end(begun)
    return result


@fail_open
def _driver_of(connection: t.Any) -> t.Any:
    """Return the driver's connection of a pool's, an async or an engine's connection."""
    try:
        found = getattr(connection, "connection", connection) if _is_engines(connection) else None
        return getattr(found or connection, "driver_connection", connection)
    except Exception:  # it is closed
        return connection


@fail_open
def _is_engines(connection: t.Any) -> bool:
    return isinstance(connection, sys.modules["sqlalchemy.engine"].Connection)


@fail_open
def _sends_nothing(dialect: t.Any, driver: t.Any, name: str, connection: t.Any) -> bool:
    """Return whether there is no transaction to end, so that the driver sends nothing."""
    if name == "do_rollback" and getattr(dialect, "skip_autocommit_rollback", False):
        return bool(dialect.detect_autocommit_setting(connection))
    if name.startswith("do_begin"):
        return bool(is_open(driver))
    if dialect.name == "sqlite":
        return is_open(driver) is False
    # psycopg 2 and 3 know it without asking the server: 0 is idle.
    info = getattr(driver, "info", None) if "psycopg" in dialect.driver else None
    return getattr(info, "transaction_status", None) == 0


@fail_open
def _implied_by(frame: t.Any) -> str | None:
    for _ in range(_FRAMES):
        if frame is None or not str(frame.f_globals.get("__name__", "")).startswith("sqlalchemy."):
            break
        if frame.f_code.co_name in _IMPLIED:
            return _IMPLIED[frame.f_code.co_name]
        frame = frame.f_back
    return None


def _sends(name: str, method: t.Any) -> bool:
    """Return whether a method makes the driver itself send something.

    With an empty ``do_begin``, the driver begins at the first statement; a two-phase method that
    does not call the driver's own sends statements, or calls ``do_commit``.
    """
    names = getattr(getattr(method, "__code__", None), "co_names", ())
    if name.endswith("_twophase"):
        return any(each.startswith("tpc_") or each == DO_TWOPHASE for each in names)
    return name != "do_begin" or bool(names)


class _Creator:
    """A descriptor for the creator of a pool's connections, which records it."""

    def __get__(self, pool: t.Any, _kind: t.Any = None) -> t.Any:
        if pool is None:
            return self
        try:
            creator = vars(pool)[CREATOR]
        except KeyError:
            raise AttributeError(CREATOR) from None
        return partial(_connect, creator) if current.get().owner in _owners else creator

    def __set__(self, pool: t.Any, creator: t.Any) -> None:
        vars(pool)[CREATOR] = creator

    def __delete__(self, pool: t.Any) -> None:
        del vars(pool)[CREATOR]


def _connect(creator: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
    __tracebackhide__ = True
    begun = begin_transaction(current.get(), "connect", None)
    if begun is None:
        return creator(*args, **kwargs)
    try:
        connection = creator(*args, **kwargs)
    except BaseException as error:
        fail(begun, error)
        raise
    end(begun)
    # An async connection wraps the driver's own.
    awaited = hasattr(connection, "run_async")
    renumber(begun, getattr(connection, DRIVER_CONNECTION, None) if awaited else connection)
    return connection


@fail_open
def _wrap(kind: type) -> None:
    for name in (*_METHODS, *_TRANSACTIONS):
        method = vars(kind).get(name)
        if callable(method) and name in _METHODS:
            _patch.replace(kind, name, partial(_recorded, kind, name))
        elif callable(method) and _sends(name, method):
            _patch.replace(kind, name, partial(_ends, kind, name))


def _with_subclasses(kind: t.Any) -> Iterator[type]:
    yield kind
    for derived in kind.__subclasses__():
        yield from _with_subclasses(derived)


def _initialized(initialize: t.Any) -> t.Any:
    def initialized(self: t.Any, *args: t.Any, **kwargs: t.Any) -> None:
        # The first connection of an engine, whose dialect may have been imported late.
        for kind in type(self).__mro__:
            _wrap(kind)
        initialize(self, *args, **kwargs)

    return initialized


def _replace() -> None:
    if imported("sqlalchemy") is None or _patch.is_in_place:
        return

    from sqlalchemy.engine.default import DefaultDialect
    from sqlalchemy.pool import Pool

    for known in _with_subclasses(DefaultDialect):
        _wrap(known)
    _patch.replace(DefaultDialect, "initialize", _initialized)
    _patch.replace(Pool, CREATOR, lambda _creator: _Creator())


_patch = Patch(_replace)
_owners = _patch.owners


def listen() -> None:
    """Install the patch, once the app has imported SQLAlchemy; never import it for the app."""
    if not _patch.is_in_place:
        _patch.apply()


def install(owner: Owner) -> t.Callable[[], None]:
    """Record every statement that runs inside a recorded request of an app."""
    return _patch.install(owner)


__all__ = ["install", "listen"]
