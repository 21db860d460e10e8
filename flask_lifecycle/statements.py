"""The step of one SQL statement, whatever hands it to the database."""

from __future__ import annotations

import datetime as dt
import decimal
import typing as t
import uuid
from functools import lru_cache
from sys import _getframe
from threading import get_ident

from .place import users_place
from .recorder import begin_leaf, describe_error, fault
from .redact import Redactor
from .trace import END, LiveTrace, Site, Writer, clock, number

_SQL = number(Site("sql", "sql"))
_SETS = 10
_PARAMETERS = 100
_TEXT = 4096
# Values that stay what they are: they are kept as such, and masked for whoever looks.
_LASTING = frozenset((int, float, bool, type(None), decimal.Decimal, uuid.UUID)) | {
    *(dt.date, dt.datetime, dt.time, dt.timedelta)
}

#: Stand for the apps whose statements are recorded.
owners: set[t.Any] = set()

#: Who writes it, the place of its step, and what is noted of it.
Begun = tuple[Writer, int, "Statement"]


class Statement:
    """What is noted of a statement."""

    __slots__ = ("many", "parameters", "place", "rows", "text")

    def __init__(
        self, text: str, parameters: t.Any, many: bool, place: tuple[str, int] | None
    ) -> None:
        self.text = text
        self.parameters = parameters
        self.many = many
        #: The file and line of the user's code that sent it.
        self.place = place
        self.rows: int | None = None

    def detail(self, trace: LiveTrace) -> dict[str, t.Any]:
        """Return it as JSON's types, masked."""
        redactor = trace.redactor
        return {
            "statement": _shown(redactor, self.text),
            "rows": self.rows,
            "many": self.many,
            "parameters": self._shown_parameters(redactor),
            "place": self.place and dict(zip(("file", "line"), self.place, strict=True)),
        }

    def _shown_parameters(self, redactor: Redactor) -> t.Any:
        if not self.many:
            return redactor.parameters(self.text, self.parameters)
        sets, left = self.parameters
        shown = [redactor.parameters(self.text, each) for each in sets]
        return [*shown, f"… {left} more"] if left else shown


def begin(trace: LiveTrace, statement: t.Any, parameters: t.Any, many: bool) -> Begun | None:
    """Begin the step of a statement; None where it is not to be recorded.

    It does not become the current step: where a driver awaits, others run meanwhile.

    :param many: whether there is a set of parameters for each of several executions.
    """
    try:
        if type(statement) is not str:
            if not isinstance(statement, str):
                # It is for the driver to say so.
                return None
            statement = str.__getitem__(statement, slice(None))
        writer = trace if trace.ident == get_ident() else trace.strand()
        step = begin_leaf(writer, _SQL)
        if step is None:
            return None
        kept: t.Any = ()
        if many:
            kept = _kept_sets(trace, parameters)
        elif parameters:
            kept = _kept(trace, parameters)
        if len(statement) > _TEXT:
            statement = trace.redactor.sql(statement)
            trace.detail_bytes += len(statement)
        note = Statement(statement, kept, many, users_place(_getframe(2)))
        writer.notes[step] = note
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
            note.rows = rows
    except Exception as error:
        fault("the number of rows", error)


@lru_cache(4096)
def _shown(redactor: Redactor, text: str) -> str:
    return redactor.sql(text)


def _kept(trace: LiveTrace, parameters: t.Any) -> t.Any:
    """Copy one set of parameters, as it was."""
    kind = type(parameters)
    if kind is dict:
        names = list(parameters)[:_PARAMETERS]
        return {name: _lasting(trace, parameters[name]) for name in names if type(name) is str}
    if kind is tuple or kind is list:
        return tuple([_lasting(trace, each) for each in parameters[:_PARAMETERS]])
    return ()


def _kept_sets(trace: LiveTrace, parameters: t.Any) -> tuple[list[t.Any], int]:
    if type(parameters) not in (list, tuple):
        # An iterator: to look at it would use it up.
        return [], 0
    return [_kept(trace, each) for each in parameters[:_SETS]], max(0, len(parameters) - _SETS)


def _lasting(trace: LiveTrace, value: t.Any) -> t.Any:
    kind = type(value)
    if kind in _LASTING:
        return value
    if kind is str and len(value) <= _TEXT:
        trace.detail_bytes += len(value)
        return value
    shown = trace.redactor.value(value)
    trace.detail_bytes += len(str(shown))
    return shown


__all__ = ["Begun", "Statement", "begin", "end", "fail", "owners"]
