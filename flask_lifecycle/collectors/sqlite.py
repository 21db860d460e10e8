"""Record the statements and transactions of plain ``sqlite3`` connections.

``sqlite3.connect`` is replaced, once the app has imported the module. Connections that it opens
inside a recorded request, or for the user's own code, have a subclass of the requested class,
passed as ``connect``'s ``factory``; so have their cursors. All other callers get what they would
get without it. SQLAlchemy connects with ``sqlite3.dbapi2``, which is not replaced.
"""

from __future__ import annotations

import sys
import typing as t
from functools import wraps
from threading import get_ident

from ..faults import fail_open, fault
from ..recorder import holding
from ..recorder.current import current
from ..recorder.subclass import Subclasses, subclass_of
from ..recorder.user_code import caller, is_library
from ..trace.owner import Owner
from ..trace.transactions import is_open
from ..trace.writer import LiveTrace
from .patch import Patch, imported
from .statements import begin, begin_transaction, end, fail, is_connecting, mark, renumber

_SCRIPT = "executescript"
_METHODS = {"execute": False, "executemany": True, _SCRIPT: False}
# What ends a transaction, beside statements; setting an attribute can begin or end one.
_ENDS = ("commit", "rollback", "__exit__", "close")
_ATTRIBUTES = ("autocommit", "isolation_level")
_LEGACY = -1
# The threads that execute a script after a COMMIT that is recorded already.
_in_scripts: set[int] = set()
_IMPLIED = {"close": "close"}
# The index of `factory` among the arguments of `sqlite3.connect`.
_FACTORY = 5


def _recorded(base: t.Any, name: str, many: bool) -> t.Any:
    """Return a method of a cursor class that records a statement."""
    method = getattr(base, name)

    @wraps(method)
    def recorded(self: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
        __tracebackhide__ = True
        trace = current.get()
        if trace.owner not in _owners or not args or _is_sqlalchemy():
            return method(self, *args, **kwargs)
        first = _commits_first(trace, self.connection, args[0]) if name == _SCRIPT else None
        begun = begin(trace, args[0], args[1] if len(args) > 1 else None, many, self)
        if begun is None:
            _in_scripts.discard(get_ident())
            return method(self, *args, **kwargs)
        try:
            result = method(self, *args, **kwargs)
        except BaseException as error:
            fail(begun, error)
            if first is not None and is_open(self.connection) and "begin" not in args[0].lower():
                # It failed before the script.
                fail(first, error)
            raise
        finally:
            if first is not None:
                _in_scripts.discard(get_ident())
        end(begun, self)
        return result

    return recorded


@fail_open
def _commits_first(trace: LiveTrace, connection: t.Any, script: t.Any) -> t.Any:
    """Record the COMMIT that is sent before a script."""
    legacy = getattr(connection, "autocommit", _LEGACY) == _LEGACY
    if legacy and isinstance(script, str) and "\0" not in script and is_open(connection):
        first = mark(trace, "commit", connection, _SCRIPT)
        if first is not None:
            # Python 3.10 sends it by the connection's method.
            _in_scripts.add(get_ident())
        return first
    return None


def _ending(base: t.Any, name: str) -> t.Any:
    """Return a method of a connection class that records the end of a transaction."""
    method = getattr(base, name)

    @wraps(method)
    def recorded(self: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
        __tracebackhide__ = True
        trace = current.get()
        if trace.owner not in _owners or not is_open(self) or _is_sqlalchemy():
            return method(self, *args, **kwargs)
        if get_ident() in _in_scripts:
            return method(self, *args, **kwargs)
        fails = name == "__exit__" and args[:1] != (None,)
        kind = "commit" if name == "commit" or (name == "__exit__" and not fails) else "rollback"
        begun = begin_transaction(trace, kind, self, _IMPLIED.get(name))
        if begun is None:
            return method(self, *args, **kwargs)
        try:
            if holding.armed:
                holding.before(*begun[:2])
            result = method(self, *args, **kwargs)
        except BaseException as error:
            fail(begun, error)
            if is_open(self) is False and kind == "commit":
                mark(trace, "rollback", self, "error")
            raise
        end(begun)
        if is_open(self):
            # Without autocommit, there is always a transaction.
            mark(trace, "begin", self, kind)
        return result

    return recorded


def _setting(base: t.Any, name: str) -> t.Any:
    """Return an attribute of a connection class that records what setting it sends."""
    plain = getattr(base, name)

    def put(self: t.Any, value: t.Any) -> None:
        __tracebackhide__ = True
        trace = current.get()
        was_open = is_open(self)
        plain.__set__(self, value)
        if trace.owner in _owners and is_open(self) != was_open:
            mark(trace, "commit" if was_open else "begin", self, name)

    return property(plain.__get__, put, doc=plain.__doc__)


@fail_open
def _is_sqlalchemy() -> bool:
    """Return whether SQLAlchemy executes, on a connection that the app has made for it."""
    frame = caller()
    return frame is not None and str(frame.f_globals.get("__name__", "")).startswith("sqlalchemy.")


def _cursor_class(base: t.Any) -> t.Any:
    made = subclass_of(base)
    for name, many in _METHODS.items():
        setattr(made, name, _recorded(base, name, many))
    return made


def _by_cursor(name: str) -> t.Any:
    """Return a shortcut method of a connection class, as the documentation describes it."""

    def execute(self: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
        __tracebackhide__ = True
        return getattr(self.cursor(), name)(*args, **kwargs)

    execute.__name__ = name
    return execute


def _connection_class(base: t.Any) -> t.Any:
    plain = sys.modules["sqlite3"].Connection
    made = subclass_of(base)
    if base.cursor is plain.cursor:
        made.cursor = _cursor
        for name in _METHODS:
            if getattr(base, name) is getattr(plain, name):
                setattr(made, name, wraps(getattr(plain, name))(_by_cursor(name)))
    for name in _ENDS:
        setattr(made, name, _ending(base, name))
    for name in _ATTRIBUTES:
        # A user's own property stays unchanged.
        if getattr(base, name, None) is getattr(plain, name, base):
            setattr(made, name, _setting(base, name))
    return made


_cursors = Subclasses(_cursor_class)
_connections = Subclasses(_connection_class)
# The subclasses of the default classes are made once.
_usual: list[type] = []


def _cursor(self: t.Any, factory: t.Any = None) -> t.Any:
    """Return a recording cursor of the requested class."""
    module: t.Any = sys.modules["sqlite3"]
    asked = module.Cursor if factory is None else factory
    known = isinstance(asked, type) and issubclass(asked, module.Cursor)
    return module.Connection.cursor(self, (_recorded_cursors(asked) if known else None) or asked)


@fail_open
def _recorded_cursors(kind: type) -> t.Any:
    return _cursors.of(kind)


def _connect(original: t.Any) -> t.Any:
    @wraps(original)
    def connect(*args: t.Any, **kwargs: t.Any) -> t.Any:
        __tracebackhide__ = True
        begun = None
        try:
            trace = current.get()
            recorded = trace.owner in _owners
            if recorded or not _is_library():
                args, kwargs = _with_recorded(args, kwargs)
            # A connection that SQLAlchemy's pool opens is recorded there.
            if recorded and not is_connecting(trace):
                begun = begin_transaction(trace, "connect", None)
        except Exception as error:
            fault("the opening of a connection", error)
        if begun is None:
            return original(*args, **kwargs)
        try:
            connection = original(*args, **kwargs)
        except BaseException as error:
            fail(begun, error)
            raise
        end(begun)
        renumber(begun, connection)
        if is_open(connection):
            mark(trace, "begin", connection, "connect")
        return connection

    return connect


def _is_library() -> bool:
    """Return whether a library opens a connection for itself."""
    frame = caller()
    return frame is None or is_library(frame.f_code.co_filename)


def _with_recorded(
    args: tuple[t.Any, ...], kwargs: dict[str, t.Any]
) -> tuple[tuple[t.Any, ...], dict[str, t.Any]]:
    plain = sys.modules["sqlite3"].Connection
    given = len(args) > _FACTORY
    asked = args[_FACTORY] if given else kwargs.get("factory", plain)
    if not isinstance(asked, type) or not issubclass(asked, plain):
        return args, kwargs
    made = _connections.of(asked)
    if given:
        return (*args[:_FACTORY], made, *args[_FACTORY + 1 :]), kwargs
    return args, {**kwargs, "factory": made}


def _replace() -> None:
    module = imported("sqlite3")
    if module is not None:
        _usual[:] = _connections.of(module.Connection), _cursors.of(module.Cursor)
        _patch.replace(module, "connect", _connect)


_patch = Patch(_replace)
_owners = _patch.owners


def listen() -> None:
    """Install the patch, once the app has imported ``sqlite3``; never import it for the app."""
    if not _patch.is_in_place:
        _patch.apply()


def install(owner: Owner) -> t.Callable[[], None]:
    """Record what an app executes on connections that it opens from now on."""
    return _patch.install(owner)


__all__ = ["install", "listen"]
