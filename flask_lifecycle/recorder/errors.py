"""Exceptions of the app: their description, and their tracebacks without our frames."""

from __future__ import annotations

import builtins
import types
import typing as t

from ..faults import fail_open
from ..redact import SCALARS, type_name
from ..trace.model import Error
from .current import redactor
from .memo import by_class
from .user_code import is_ours

_SIZED = frozenset((str, bytes))
_LONGEST = 64 * 1024
# Of exceptions that led to one, so many are looked at.
_CHAINED = 32
_LIBRARIES = frozenset(("builtins", "asyncio", "flask", "jinja2", "jwt", "sqlite3", "werkzeug"))
# Of Python 3.11 and later.
GROUP: t.Any = getattr(builtins, "BaseExceptionGroup", ())
_TEXT_OF_GROUPS = getattr(vars(builtins).get("BaseExceptionGroup"), "__str__", None)


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
    return type(value) in SCALARS and (type(value) not in _SIZED or len(value) < _LONGEST)


@by_class
def _is_known(kind: t.Any) -> bool:
    method = kind.__str__
    home = getattr(method, "__objclass__", None) or method
    return str(getattr(home, "__module__", "")).partition(".")[0] in _LIBRARIES


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
        if not is_ours(entry.tb_frame.f_code.co_filename):
            following = entry

    return following


__all__ = ["GROUP", "describe_error", "hide_frames"]
