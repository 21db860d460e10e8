"""Recognise transaction control, by a statement's text and by the state of SQLite connections."""

from __future__ import annotations

import re
import typing as t

from .._compat import DRIVER_CONNECTION

#: The kinds that send or query data.
STATEMENT = "statement"
#: The kinds of transaction control, and the opening of a connection.
TEXTS = {
    "begin": "BEGIN",
    "commit": "COMMIT",
    "connect": "connect",
    "prepare": "PREPARE TRANSACTION",
    "release": "RELEASE SAVEPOINT",
    "rollback": "ROLLBACK",
    "rollback_to": "ROLLBACK TO SAVEPOINT",
    "savepoint": "SAVEPOINT",
}

_NOISE = r"/\*[^*]*\*+(?:[^/*][^*]*\*+)*/|--[^\n]*"
_FIRST = re.compile(rf"(?:[\s;]+|{_NOISE})*([A-Za-z]*)")
_LEFT_OUT = re.compile(rf"""{_NOISE}|'[^']*'|"[^"]*"|`[^`]*`|\[[^\]]*\]""")
# Python's sqlite3 driver sends a BEGIN before the first of these.
_CHANGES = frozenset(("DELETE", "INSERT", "REPLACE", "UPDATE"))
_MODES = {
    *("CONCURRENT", "DEFERRABLE", "DEFERRED", "DISTRIBUTED", "EXCLUSIVE", "IMMEDIATE"),
    *("ISOLATION", "NOT", "READ", "TRAN", "TRANSACTION", "WORK"),
}
_ALONE = frozenset(("", "AND", "TRAN", "TRANSACTION", "WORK"))
_XA = {
    "BEGIN": "begin",
    "COMMIT": "commit",
    "END": "prepare",
    "PREPARE": "prepare",
    "ROLLBACK": "rollback",
    "START": "begin",
}
#: By first word: the kind, and which words may follow, if they distinguish it.
_WORDS: dict[str, tuple[str, t.Container[str] | None]] = {
    "ABORT": ("rollback", _ALONE),
    "BEGIN": ("begin", _MODES | {""}),
    "COMMIT": ("commit", None),
    "END": ("commit", _ALONE),
    "PREPARE": ("prepare", ("TRANSACTION",)),
    "RELEASE": ("release", None),
    "ROLLBACK": ("rollback", None),
    "SAVE": ("savepoint", ("TRAN", "TRANSACTION")),
    "SAVEPOINT": ("savepoint", None),
    "START": ("begin", ("TRANSACTION",)),
    "XA": ("begin", _XA),
}
# Longer texts do more than that.
_LONGEST = 2000


def kind_of(statement: str) -> tuple[str, bool]:
    """Return the kind of a statement, and whether it changes rows.

    A text of several statements is a statement: a PL/SQL block begins with BEGIN, too.
    """
    found = _FIRST.match(statement)
    first = found[1].upper() if found is not None else ""
    if found is None or first not in _WORDS or len(statement) - found.start(1) > _LONGEST:
        return STATEMENT, first in _CHANGES

    text = _LEFT_OUT.sub(_left_out, statement[found.start(1) :]).rstrip("; \t\r\n\f")
    words = [*text.upper().replace(",", " ").split(), ""]
    kind, seconds = _WORDS[first]
    if ";" in text or (seconds is not None and words[1] not in seconds):
        return STATEMENT, False
    if first == "XA":
        return _XA[words[1]], False
    return "rollback_to" if first == "ROLLBACK" and "TO" in words[1:3] else kind, False


def _left_out(found: re.Match[str]) -> str:
    return " " if found[0][0] in "/-" else "name"


def connection_of(cursor: t.Any) -> t.Any:
    """Return the SQLite connection of a cursor, also if SQLAlchemy runs its driver as async."""
    found = getattr(cursor, "connection", None)
    return getattr(cursor, DRIVER_CONNECTION, None) if found is None else found


def is_open(connection: t.Any) -> bool | None:
    """Return whether an SQLite connection is in a transaction, or None if it does not tell."""
    try:
        found = connection.in_transaction
    except Exception:  # it is closed, or belongs to another driver
        return None
    return found if type(found) is bool else None


__all__ = ["STATEMENT", "TEXTS", "connection_of", "is_open", "kind_of"]
