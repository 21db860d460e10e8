"""Describe exceptions of the app, and remove our frames from their tracebacks."""

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
# The limit of chained exceptions to inspect.
_CHAINED = 32
_LIBRARIES = frozenset(("builtins", "asyncio", "flask", "jinja2", "jwt", "sqlite3", "werkzeug"))
# Added in Python 3.11.
GROUP: t.Any = getattr(builtins, "BaseExceptionGroup", ())
_TEXT_OF_GROUPS = getattr(vars(builtins).get("BaseExceptionGroup"), "__str__", None)


def describe_error(error: BaseException) -> Error:
    """Return an exception's type and text, truncated and masked.

    ``str()`` is only called if that runs no code of the app, which may be slow, fail or run a
    query: if ``__str__`` is Python's own or belongs to one of Flask's libraries, and the arguments
    are plain. Other exceptions are described by their arguments.
    """
    name = type_name(type(error)).rpartition(".")[2]
    try:
        masks = redactor()
        args = error.args
        # A group's own text is its first argument, and the number of its members.
        if type(error).__str__ is _TEXT_OF_GROUPS:
            args = args[:1]
        if all(_is_plain(each) for each in args) and _is_known(type(error)):
            message = str(error)
        else:
            message = ", ".join(str(masks.value(each, (name,))) for each in args)
        return Error(name, masks.text(message, (name,)))
    except Exception:
        return Error(name, "<its text is not available>")


def _is_plain(value: t.Any) -> bool:
    return type(value) in SCALARS and (type(value) not in _SIZED or len(value) < _LONGEST)


@by_class
def _is_known(kind: t.Any) -> bool:
    method = kind.__str__
    home = getattr(method, "__objclass__", None) or method
    return str(getattr(home, "__module__", "")).partition(".")[0] in _LIBRARIES


@fail_open
def hide_frames(error: BaseException) -> None:
    """Remove this package's frames from the tracebacks of an exception and its chain."""
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
        # Ours too: Python 3.10 continues with the one from which it is raised again.
        entry.tb_next = following
        if not is_ours(entry.tb_frame.f_code.co_filename):
            following = entry

    return following


__all__ = ["GROUP", "describe_error", "hide_frames"]
