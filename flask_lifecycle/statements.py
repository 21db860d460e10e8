"""The step of one SQL statement, whatever hands it to the database."""

from __future__ import annotations

import typing as t
from functools import lru_cache
from sys import _getframe
from threading import get_ident

from .place import users_place
from .recorder import begin_leaf, describe_error, fault
from .redact import Redactor, weight
from .trace import END, LiveTrace, Site, Writer, clock, number

_SQL = number(Site("sql", "sql"))
_SETS = 10
_CACHED_LENGTH = 10_000

#: Stand for the apps whose statements are recorded.
owners: set[t.Any] = set()

#: Who writes it, the place of its step, and what is noted of it.
Begun = tuple[Writer, int, tuple[t.Any, ...]]


def begin(trace: LiveTrace, statement: t.Any, parameters: t.Any, many: bool) -> Begun | None:
    """Begin the step of a statement; None where it is not to be recorded.

    It does not become the current step: where a driver awaits, others run meanwhile.

    :param many: whether there is a set of parameters for each of several executions.
    """
    try:
        redactor = trace.redactor
        text = _text if len(statement) < _CACHED_LENGTH else _text.__wrapped__
        place = users_place(_getframe(2))
        note = (
            text(redactor, statement),
            None,
            many,
            _parameters(redactor, statement, parameters, many) if parameters else [],
            _place(*place) if place else None,
        )
        writer = trace if trace.ident == get_ident() else trace.strand()
        step = begin_leaf(writer, _SQL, note)
        if step is None:
            return None
        if parameters:
            trace.detail_bytes += weight(note[3])
        return writer, step, note
    except Exception as error:
        fault("the beginning of a statement", error)
        return None


def fail(begun: Begun, error: BaseException) -> None:
    """End the step with what the database, or its driver, raised."""
    writer, step, _note = begun
    writer.notes[~step] = describe_error(error)
    writer.log[step + END] = clock()


def end(begun: Begun, cursor: t.Any) -> None:
    """End the step, with the number of rows, where the cursor can tell it."""
    writer, step, note = begun
    writer.log[step + END] = clock()
    try:
        rows = cursor.rowcount
        if type(rows) is int and rows >= 0:
            writer.notes[step] = (note[0], rows, *note[2:])
    except Exception as error:
        fault("the number of rows", error)


@lru_cache(4096)
def _text(redactor: Redactor, statement: str) -> str:
    return redactor.sql(statement)


@lru_cache(4096)
def _place(file: str, line: int) -> dict[str, t.Any]:
    return {"file": file, "line": line}


def _parameters(redactor: Redactor, statement: str, parameters: t.Any, many: bool) -> t.Any:
    if not many:
        return redactor.parameters(statement, parameters)
    if type(parameters) not in (list, tuple):
        # An iterator: to look at it would use it up.
        return []
    shown = [redactor.parameters(statement, each) for each in parameters[:_SETS]]
    left = len(parameters) - len(shown)
    return [*shown, f"… {left} more"] if left else shown


__all__ = ["Begun", "begin", "end", "fail", "owners"]
