"""Record an SQL statement or transaction control as a step, whatever sends it."""

from __future__ import annotations

import typing as t
from threading import get_ident

from ..core import shortcut
from ..faults import fault
from ..recorder import holding
from ..recorder.errors import describe_error
from ..recorder.steps import end_leaf
from ..recorder.user_code import user_location
from ..redact import MASK, Redactor
from ..trace.log import BEGIN, END, TRACEPOINT, WIDTH, clock
from ..trace.statement import Control, Statement
from ..trace.tracepoint import Tracepoint, number
from ..trace.transactions import STATEMENT, TEXTS, connection_of, is_open, kind_of
from ..trace.writer import LiveTrace, Writer

_TRACEPOINTS = {kind: number(Tracepoint("sql", kind)) for kind in (STATEMENT, *TEXTS)}
# What most statements begin with, and whether it changes rows: they need no further parsing.
_KNOWN = {
    each: word != "SELECT"
    for word in ("SELECT", "INSERT", "UPDATE", "DELETE")
    for each in (word, word.lower())
}
_SETS = 10
_PARAMETERS = 100
_DIALECT = "sqlite"
# What the compiled core uses.
_PARTS = Statement, user_location, _TRACEPOINTS[STATEMENT], _KNOWN, _DIALECT


#: The writer, the step's offset and its details; an SQLite connection, if it is to be checked
#: afterwards for implicit statements; and whether that was in a transaction.
Begun = tuple[Writer, int, "Statement | Control", t.Any, "bool | None"]


@shortcut("begin_statement", _PARTS)
def begin(
    trace: LiveTrace,
    statement: t.Any,
    parameters: t.Any,
    many: bool,
    cursor: t.Any = None,
    context: t.Any = None,
    dialect: str = _DIALECT,
) -> Begun | None:
    """Begin the step of a statement; return None if it is not recorded.

    It does not become the current step: while a driver awaits, others run.

    :param many: whether there is a set of parameters for each of several executions.
    :param cursor: the cursor that sends it, if that is SQLite's.
    :param context: SQLAlchemy's, which has the names of the placeholders.
    :param dialect: SQLAlchemy's name of the dialect.
    """
    try:
        if type(statement) is not str:
            if not isinstance(statement, str):
                # An invalid statement is left for the driver to report.
                return None
            statement = str.__getitem__(statement, slice(None))
        writer = trace if trace.ident == get_ident() else trace.strand()
        log = writer.log
        if len(log) >= writer.limit:
            trace.dropped_steps += 1
            return None
        kind, connection, was_open = STATEMENT, None, None
        changes = _KNOWN.get(statement[:6])
        if changes is None:
            kind, changes = kind_of(statement)
        redactor = trace.redactor
        if not many and redactor.is_plain(statement, parameters):
            text, shown = statement, parameters or ()
        else:
            text = redactor.sql(statement)
            show = _sets if many else _parameters
            shown = show(redactor, statement, parameters)
            if context is not None and shown:
                shown = _masked_by_names(redactor, context, shown, many)
            trace.detail_bytes += len(repr(shown)) + (len(text) if text is not statement else 0)
        note: Statement | Control = Statement(text, user_location(), many, shown, dialect)
        if changes and cursor is not None:
            connection = connection_of(cursor)
            was_open = is_open(connection)
        elif kind is not STATEMENT:
            of = connection_of(cursor) if cursor is not None else None
            note = Control(kind, text, user_location(), trace.connection(of))
        step = len(log)
        # Concurrent readers must find it with its statement.
        writer.notes.details[step] = note
        log += (_TRACEPOINTS[kind], writer.current, clock(), 0.0)
        if holding.armed:
            holding.before(writer, step)
        return writer, step, note, connection, was_open
    except Exception as error:
        fault("the beginning of a statement", error)
        return None


def begin_transaction(
    trace: LiveTrace, kind: str, connection: t.Any, implied_by: str | None = None
) -> Begun | None:
    """Begin the step of transaction control that the driver is not sent as a statement.

    :param connection: the driver's own.
    :param implied_by: what caused it, if the app did not request it.
    """
    try:
        writer = trace.strand()
        log = writer.log
        step = len(log)
        if step >= writer.limit:
            trace.dropped_steps += 1
            return None
        location = user_location()
        note = Control(kind, TEXTS[kind], location, trace.connection(connection), implied_by)
        writer.notes.details[step] = note
        log += (_TRACEPOINTS[kind], writer.current, clock(), 0.0)
        return writer, step, note, None, None
    except Exception as error:
        fault("the beginning of a transaction's step", error)
        return None


def is_connecting(trace: LiveTrace) -> bool:
    """Return whether the last step is the opening of a connection and still running."""
    log = trace.strand().log
    return bool(log) and log[TRACEPOINT - WIDTH] == _TRACEPOINTS["connect"] and not log[END - WIDTH]


def renumber(begun: Begun, opened: t.Any) -> None:
    """Record which connection was opened."""
    try:
        writer, _step, note, _connection, _was_open = begun
        if type(note) is Control:
            note.connection = writer.trace.connection(opened, opened=True)
    except Exception as error:
        fault("the number of a connection", error)


def mark(trace: LiveTrace, kind: str, connection: t.Any, implied_by: str) -> Begun | None:
    """Record an implicit statement of a driver, whose duration is part of another step."""
    begun = begin_transaction(trace, kind, connection, implied_by)
    if begun is not None:
        writer, step, *_more = begun
        writer.log[step + END] = writer.log[step + BEGIN]
    return begun


def fail(begun: Begun, error: BaseException) -> None:
    """End the step with the exception of the database or its driver."""
    writer, step, _note, connection, _was_open = begun
    writer.notes.outcomes[step] = describe_error(error)
    end_leaf(writer, step)
    if connection is not None:
        _implied(begun, error)
    if holding.armed:
        holding.after(writer, step)


@shortcut("end_of_statement", _PARTS)
def end(begun: Begun, cursor: t.Any = None) -> None:
    """End the step, with the number of rows, if the cursor knows it."""
    writer, step, note, _connection, was_open = begun
    end_leaf(writer, step)
    try:
        rows = getattr(cursor, "rowcount", None)
        if type(rows) is int and rows >= 0 and type(note) is Statement:
            note.rows = rows
    except Exception as error:
        fault("the number of rows", error)
    # A successful statement leaves a transaction as it is.
    if was_open is False:
        _implied(begun)
    if holding.armed:
        holding.after(writer, step)


def _implied(begun: Begun, error: BaseException | None = None) -> None:
    """Record a BEGIN that a driver sent before a statement, or an implicit end of a transaction."""
    writer, _step, _note, connection, was_open = begun
    try:
        is_now = is_open(connection)
        if was_open:
            if is_now is False:
                # SQLite itself rolls back, such as for `INSERT OR ROLLBACK`, or on a full disk.
                mark(writer.trace, "rollback", connection, "error")
        elif is_now or (error is not None and _was_refused(connection, error)):
            _precede(begun)
    except Exception as fault_of_ours:
        fault("what a driver sent by itself", fault_of_ours)


def _was_refused(connection: t.Any, error: BaseException) -> bool:
    """Return whether it was the BEGIN that failed: only one that takes a lock can fail."""
    mode = getattr(connection, "isolation_level", None)
    return mode in ("IMMEDIATE", "EXCLUSIVE") and "locked" in str(error.args[:1])


def _precede(begun: Begun) -> None:
    """Insert a BEGIN before a statement's step."""
    writer, step, note, connection, _was_open = begun
    log, details, outcomes = writer.log, writer.notes.details, writer.notes.outcomes
    moved = len(log)
    if moved >= writer.limit:
        writer.trace.dropped_steps += 1
        return
    number = writer.trace.connection(connection)
    details[moved] = note
    if step in outcomes:
        outcomes[moved] = outcomes[step]
    # Concurrent readers may find the statement twice, but never miss it.
    log += log[step : step + WIDTH]
    details[step] = Control("begin", TEXTS["begin"], note.place, number, "execute")
    log[step + TRACEPOINT] = _TRACEPOINTS["begin"]
    if is_open(connection):
        outcomes.pop(step, None)
        log[step + END] = log[step + BEGIN]


def _parameters(redactor: Redactor, statement: str, given: t.Any) -> t.Any:
    kind = type(given)
    if kind is tuple or kind is list:
        return tuple(redactor.parameters(statement, given))
    if kind is dict:
        names = [name for name in given if type(name) is str][:_PARAMETERS]
        return redactor.parameters(statement, {name: given[name] for name in names})
    return ()


def _masked_by_names(redactor: Redactor, context: t.Any, shown: t.Any, many: bool) -> t.Any:
    """Mask values under a secret name of the app, as ``:password``, if the driver has no names."""
    names = getattr(getattr(context, "compiled", None), "positiontup", None)
    secret = [redactor.is_secret(name) for name in names or ()]
    if True not in secret:
        return shown

    def masked(values: t.Any) -> t.Any:
        if type(values) not in (list, tuple) or len(values) != len(secret):
            return values
        pairs = zip(values, secret, strict=True)
        return tuple(MASK if hidden and each is not None else each for each, hidden in pairs)

    return tuple(map(masked, shown)) if many else masked(shown)


def _sets(redactor: Redactor, statement: str, given: t.Any) -> tuple[t.Any, ...]:
    if type(given) not in (list, tuple):
        # An iterator: reading it would exhaust it.
        return ()
    shown = [_parameters(redactor, statement, each) for each in given[:_SETS]]
    left = len(given) - _SETS
    return (*shown, f"… {left} more") if left > 0 else tuple(shown)


__all__ = [
    "Begun",
    "begin",
    "begin_transaction",
    "end",
    "fail",
    "is_connecting",
    "mark",
    "renumber",
]
