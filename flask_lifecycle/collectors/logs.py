"""Record log records made inside a request, with a record factory.

A handler of ours on the root logger would disable ``logging.basicConfig`` and keep Flask from
adding its own; the factory sees each record whose level is enabled, and changes none.
"""

from __future__ import annotations

import logging
import re
import typing as t
from contextlib import suppress

from ..faults import fail_open
from ..recorder.current import current
from ..recorder.errors import describe_error, hide_frames
from ..recorder.steps import mark
from ..redact import MASK, SCALARS, Redactor
from ..trace.model import Source
from ..trace.notes import Facts
from ..trace.owner import Owner
from ..trace.tracepoint import Tracepoint
from ..trace.writer import LiveTrace
from .patch import Patch

# A placeholder, with the name before it.
_PLACE = re.compile(
    r"""%%|(?:([\w.-]+)["'\])]{0,3}\s*(?:=>|[=:])\s*["']?)?%[-#0 +]*[\d*]*(?:\.[\d*]+)?[a-zA-Z]"""
)
_DEPTH = 4
_ITEMS = 50


def _recorded(original: t.Any) -> t.Any:
    def factory(*args: t.Any, **kwargs: t.Any) -> logging.LogRecord:
        record: logging.LogRecord = original(*args, **kwargs)
        if record.exc_info:
            _hide(record)
        trace = current.get()
        if trace.owner in _owners:
            _record(trace, record, factory)
        return record

    return factory


def _replace() -> None:
    get, put = logging.getLogRecordFactory, logging.setLogRecordFactory
    _patch.replace(logging, _FACTORY, _recorded, get=get, put=put, again=True)


_FACTORY = "LogRecordFactory"
_patch = Patch(_replace)
_owners = _patch.owners


@fail_open
def _hide(record: logging.LogRecord) -> None:
    """Hide our frames from the log, even if the request is not recorded."""
    raised = record.exc_info
    if type(raised) is tuple and isinstance(raised[1], BaseException):
        hide_frames(raised[1])


@fail_open
def _record(trace: LiveTrace, record: logging.LogRecord, factory: t.Any) -> None:
    is_one = _patch.records(logging, _FACTORY, factory)
    if not is_one or record.name.startswith("flask_lifecycle"):
        return
    message = _message(record, trace.redactor)
    mark(
        trace.strand(),
        Tracepoint("log", record.name, None, Source(record.pathname, record.lineno)),
        Facts(
            level=record.levelname,
            logger=record.name,
            message=message,
            error=_error(record),
        ),
        len(message),
    )


def _error(record: logging.LogRecord) -> dict[str, str] | None:
    raised = record.exc_info
    if type(raised) is not tuple or not isinstance(raised[1], BaseException):
        return None
    error = describe_error(raised[1])
    return {"type": error.type, "message": error.message}


def _message(record: logging.LogRecord, redactor: Redactor) -> str:
    text = record.msg if type(record.msg) is str else f"{_shown(record.msg, redactor)}"
    args: t.Any = record.args
    if args:
        with suppress(TypeError, ValueError, LookupError):
            # If it cannot be formatted, the handlers report it.
            text = text % _safe(text, args, redactor)

    return redactor.text(text)


def _safe(text: str, args: t.Any, redactor: Redactor) -> t.Any:
    """Return arguments that only methods of built-in types format.

    A value with a secret name before its placeholder is masked here, where its end is known.
    """
    if type(args) is tuple:
        names = [match[1] for match in _PLACE.finditer(text) if match[0] != "%%"]
        names += [None] * (len(args) - len(names))
        return tuple(
            _Displayed(MASK)
            if name and type(arg) in (str, bytes) and redactor.is_secret(name)
            else _shown(arg, redactor)
            for name, arg in zip(names, args, strict=False)
        )
    if type(args) is dict:
        return {
            key: MASK if type(key) is str and redactor.is_secret(key) else _shown(each, redactor)
            # At once: other threads may change it.
            for key, each in [*args.items()]
            if type(key) in SCALARS
        }
    return _shown(args, redactor)


def _shown(value: t.Any, redactor: Redactor) -> t.Any:
    if _is_plain(value):
        return value
    if isinstance(value, BaseException):
        return _Displayed(describe_error(value).message)
    return _Displayed(redactor.value(value))


def _is_plain(value: t.Any, depth: int = _DEPTH) -> bool:
    kind = type(value)
    if kind in SCALARS:
        return True
    if kind is dict:
        return _is_plain([*value], depth) and _is_plain([*value.values()], depth)
    return (
        kind in (list, tuple)
        and depth > 0
        and len(value) <= _ITEMS
        and all(_is_plain(each, depth - 1) for each in value)
    )


class _Displayed(str):
    """The displayed form of a value, also for ``%r``."""

    __slots__ = ()
    __repr__ = str.__str__


def install(owner: Owner) -> t.Callable[[], None]:
    """Record every log record that is made inside a recorded request of an app."""
    return _patch.install(owner)


__all__ = ["install"]
