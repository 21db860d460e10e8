"""Record log records made inside a request, by the record factory.

A handler of ours on the root logger would turn ``logging.basicConfig`` off and keep Flask
from adding its own; the factory sees each record whose level is on, and changes none.
"""

from __future__ import annotations

import logging
import typing as t
from functools import partial

from ..forks import lock
from ..recorder import current, describe_error, fail_open, mark
from ..redact import Redactor
from ..sites import Site, number
from ..trace import Source
from ..writers import LiveTrace

_lock = lock()
_owners: set[int] = set()
_wrapped: t.Callable[..., logging.LogRecord] | None = None


def _factory(*args: t.Any, **kwargs: t.Any) -> logging.LogRecord:
    record = (_wrapped or logging.LogRecord)(*args, **kwargs)
    trace = current.get()
    if trace.owner in _owners:
        _record(trace, record)
    return record


@fail_open
def _record(trace: LiveTrace, record: logging.LogRecord) -> None:
    if record.name.startswith("flask_lifecycle"):
        return
    message = _message(record, trace.redactor)
    trace.detail_bytes += len(message)
    mark(
        trace.strand(),
        number(Site("log", record.name, None, Source(record.pathname, record.lineno))),
        {
            "level": record.levelname,
            "logger": record.name,
            "message": message,
            "error": _error(record),
        },
    )


def _error(record: logging.LogRecord) -> dict[str, str] | None:
    told = record.exc_info
    if type(told) is not tuple or not isinstance(told[1], BaseException):
        return None
    error = describe_error(told[1])
    return {"type": error.type, "message": error.message}


def _message(record: logging.LogRecord, redactor: Redactor) -> str:
    text = record.msg if type(record.msg) is str else f"<{type(record.msg).__name__}>"
    args = record.args if type(record.args) is tuple else ()

    # Formatting calls the arguments' own methods: only those of built-in types are known.
    if args and all(type(arg) in (str, int, float, bool, type(None)) for arg in args):
        text = text % args

    return redactor.text(text)


def install(owner: int) -> t.Callable[[], None]:
    """Record every log record that is made inside a recorded request of an app."""
    global _wrapped

    with _lock:
        _owners.add(owner)
        if logging.getLogRecordFactory() is not _factory:
            _wrapped = logging.getLogRecordFactory()
            logging.setLogRecordFactory(_factory)

    return partial(_uninstall, owner)


def _uninstall(owner: int) -> None:
    with _lock:
        _owners.discard(owner)
        if not _owners and logging.getLogRecordFactory() is _factory:
            logging.setLogRecordFactory(_wrapped or logging.LogRecord)


__all__ = ["install"]
