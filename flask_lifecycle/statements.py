"""The step of one SQL statement, whatever hands it to the database."""

from __future__ import annotations

import typing as t
from sys import _getframe
from threading import get_ident
from types import FrameType

from .place import users_place
from .recorder import describe_error, fault
from .redact import Redactor
from .sites import Site, number
from .steps import END, clock
from .writers import LiveTrace, Writer

_SQL = number(Site("sql", "sql"))
_SETS = 10
_PARAMETERS = 100

#: Stand for the apps whose statements are recorded.
owners: set[t.Any] = set()

#: What is noted of a statement, masked: its text, the number of rows, whether there is a set of
#: parameters for each of several executions, these, and the file and line of the user's code
#: that sent it. Plain tuples, which the garbage collector does not come back to.
Statement = tuple[str, int | None, bool, t.Any, tuple[str, int] | None]
#: Who writes it, the place of its step, and what is noted of it.
Begun = tuple[Writer, int, Statement]


class Entry(t.NamedTuple):
    """A function of a library's that leads to a statement, through functions of its own alone."""

    code: t.Any
    #: How many they are.
    between: int


def begin(
    trace: LiveTrace,
    statement: t.Any,
    parameters: t.Any,
    many: bool,
    entry: Entry | None = None,
) -> Begun | None:
    """Begin the step of a statement; None where it is not to be recorded.

    It does not become the current step: where a driver awaits, others run meanwhile.

    :param many: whether there is a set of parameters for each of several executions.
    :param entry: by what function of a library's it may have been sent.
    """
    try:
        if type(statement) is not str:
            if not isinstance(statement, str):
                # It is for the driver to say so.
                return None
            statement = str.__getitem__(statement, slice(None))
        writer = trace if trace.ident == get_ident() else trace.strand()
        log = writer.log
        if len(log) >= writer.limit:
            trace.dropped_steps += 1
            return None
        text, shown = statement, parameters or ()
        redactor = trace.redactor
        if many or not redactor.is_plain(statement, parameters):
            text = redactor.sql(statement)
            show = _sets if many else _parameters
            shown = show(redactor, statement, parameters)
            trace.detail_bytes += len(repr(shown)) + (len(text) if text is not statement else 0)
        note = (text, None, many, shown, users_place(_sender(entry)))
        step = len(log)
        # Whoever looks meanwhile is to find it with its statement.
        writer.notes[step] = note
        log += (_SQL, writer.current, clock(), 0.0)
        return writer, step, note
    except Exception as error:
        fault("the beginning of a statement", error)
        return None


def _sender(entry: Entry | None) -> FrameType | None:
    """Return who called the entry, if it was by that; else who called the caller of ``begin``.

    A frame is made when it is looked at: those between would take some 0.2 µs each.
    """
    if entry is not None:
        code, between = entry
        try:
            frame = _getframe(3 + between)
        except ValueError:  # there are not so many
            return _getframe(3)
        if frame.f_code is code:
            return frame.f_back
    return _getframe(3)


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


def _parameters(redactor: Redactor, statement: str, given: t.Any) -> t.Any:
    kind = type(given)
    if kind is tuple or kind is list:
        return tuple(redactor.parameters(statement, given))
    if kind is dict:
        names = [name for name in given if type(name) is str][:_PARAMETERS]
        return redactor.parameters(statement, {name: given[name] for name in names})
    return ()


def _sets(redactor: Redactor, statement: str, given: t.Any) -> tuple[t.Any, ...]:
    if type(given) not in (list, tuple):
        # An iterator: to look at it would use it up.
        return ()
    shown = [_parameters(redactor, statement, each) for each in given[:_SETS]]
    left = len(given) - _SETS
    return (*shown, f"… {left} more") if left > 0 else tuple(shown)


__all__ = ["Begun", "Entry", "begin", "end", "fail", "owners"]
