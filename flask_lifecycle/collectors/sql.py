"""Record the statements of any SQLAlchemy engine, by the engine's own cursor events."""

from __future__ import annotations

import sys
import threading
import typing as t

from ..recorder import current, describe_error, mark
from ..redact import Redactor
from ..trace import Site, clock

_lock = threading.Lock()
_installed = 0
_listening = False
_redactor = Redactor()


def _before(
    _connection: t.Any,
    _cursor: t.Any,
    _statement: str,
    _parameters: t.Any,
    context: t.Any,
    _many: bool,
) -> None:
    if context is not None and current.get() is not None:
        context._flask_lifecycle_begun = clock()


def _after(
    _connection: t.Any,
    cursor: t.Any,
    statement: str,
    _parameters: t.Any,
    context: t.Any,
    many: bool,
) -> None:
    trace = current.get()
    begun = getattr(context, "_flask_lifecycle_begun", None)
    if trace is None or begun is None:
        return

    text = _redactor.text(statement)
    rows = getattr(cursor, "rowcount", -1)
    mark(
        trace,
        Site("sql", " ".join(text.split())),
        begun,
        statement=text,
        rows=rows if isinstance(rows, int) and rows >= 0 else None,
        many=many,
    )


def _failed(context: t.Any) -> None:
    trace = current.get()
    execution = context.execution_context
    begun = getattr(execution, "_flask_lifecycle_begun", None)
    if trace is None or begun is None or context.statement is None:
        return

    text = _redactor.text(context.statement)
    step = mark(trace, Site("sql", " ".join(text.split())), begun, statement=text)
    if step is not None:
        step.outcome = "raised"
        step.error = describe_error(context.original_exception)


_EVENTS = (
    ("before_cursor_execute", _before),
    ("after_cursor_execute", _after),
    ("handle_error", _failed),
)


def listen() -> None:
    """Begin to listen, once the app has imported SQLAlchemy; never import it for the app."""
    global _listening

    if _listening or not _installed or "sqlalchemy.engine" not in sys.modules:
        return

    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    with _lock:
        if not _listening:
            for name, receiver in _EVENTS:
                event.listen(Engine, name, receiver)
            _listening = True


def install(redactor: Redactor) -> t.Callable[[], None]:
    """Record every statement that runs inside a recorded request."""
    global _installed, _redactor

    with _lock:
        _redactor = redactor
        _installed += 1

    return _uninstall


def _uninstall() -> None:
    global _installed, _listening

    with _lock:
        _installed -= 1
        if _installed or not _listening:
            return

        from sqlalchemy import event
        from sqlalchemy.engine import Engine

        for name, receiver in _EVENTS:
            event.remove(Engine, name, receiver)
        _listening = False


__all__ = ["install", "listen"]
