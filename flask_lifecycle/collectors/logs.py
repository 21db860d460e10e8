"""Record log records made inside a request, by the record factory.

A handler of ours on the root logger would turn ``logging.basicConfig`` off and keep Flask
from adding its own; the factory sees each record whose level is on, and changes none.
"""

from __future__ import annotations

import logging
import threading
import typing as t

from ..recorder import current, fail_open, mark
from ..redact import Redactor
from ..trace import LiveTrace, Site, Source, number

_lock = threading.Lock()
_installed = 0
_redactor = Redactor()
_wrapped: t.Callable[..., logging.LogRecord] | None = None


def _factory(*args: t.Any, **kwargs: t.Any) -> logging.LogRecord:
    record = (_wrapped or logging.LogRecord)(*args, **kwargs)
    trace = current.get()
    if trace.owner is not None:
        _record(trace, record)
    return record


@fail_open
def _record(trace: LiveTrace, record: logging.LogRecord) -> None:
    if record.name.startswith("flask_lifecycle"):
        return
    message = _message(record)
    trace.detail_bytes += len(message)
    mark(
        trace.strand(),
        number(Site("log", record.name, None, Source(record.pathname, record.lineno))),
        {"level": record.levelname, "logger": record.name, "message": message},
    )


def _message(record: logging.LogRecord) -> str:
    text = record.msg if type(record.msg) is str else f"<{type(record.msg).__name__}>"
    args = record.args if type(record.args) is tuple else ()

    # Formatting calls the arguments' own methods: only those of built-in types are known.
    if args and all(type(arg) in (str, int, float, bool, type(None)) for arg in args):
        text = text % args

    return _redactor.text(text)


def install(redactor: Redactor) -> t.Callable[[], None]:
    """Record every log record that is made inside a recorded request."""
    global _installed, _redactor, _wrapped

    with _lock:
        _redactor = redactor
        _installed += 1
        if logging.getLogRecordFactory() is not _factory:
            _wrapped = logging.getLogRecordFactory()
            logging.setLogRecordFactory(_factory)

    return _uninstall


def _uninstall() -> None:
    global _installed

    with _lock:
        _installed -= 1
        if not _installed and logging.getLogRecordFactory() is _factory:
            logging.setLogRecordFactory(_wrapped or logging.LogRecord)


__all__ = ["install"]
