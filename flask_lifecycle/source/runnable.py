"""A recorded statement as SQL to run in the database's own shell: its parameters as literals."""

from __future__ import annotations

import re
import typing as t

from ..redact import MASK
from ..trace.model import JsonObject
from ..trace.sql_text import BACKSLASHES, PLACEHOLDERS, Token, filled, style_of, tokens

# Dialects without the words TRUE and FALSE.
_NO_BOOLEANS = frozenset(("mssql", "oracle", "sqlite"))
# What the recorder writes of values that it does not store whole.
_NOT_WHOLE = re.compile(
    r"<\d+ bytes>|<int of \d+ bits>|<[\w.?]+\.[\w.<>]+>|.*… \(\d+ characters\)", re.DOTALL
)
_MORE = re.compile(r"… \d+ more")


class Runnable(t.NamedTuple):
    """The SQL, and what is missing in it."""

    sql: str
    #: One text each.
    missing: tuple[str, ...]


def runnable(detail: JsonObject) -> Runnable:
    """Return a statement with its parameters as literals of its dialect.

    Placeholders whose value was redacted or not recorded whole stay, and a comment names them.

    :param detail: the details of its step.
    """
    text, dialect = str(detail["statement"]), detail.get("dialect")
    parameters = detail.get("parameters")
    sets = parameters if detail.get("many") and isinstance(parameters, list) else [parameters]
    missing: dict[str, None] = {}
    if MASK in text:
        missing["values in the statement: redacted"] = None
    if _NOT_WHOLE.fullmatch(text):
        missing["the end of the statement: not recorded"] = None
    statements = []
    for values in sets:
        if isinstance(values, str) and _MORE.fullmatch(values):
            missing[f"{values.split()[1]} more sets of parameters: not recorded"] = None
        else:
            statements.append(_with_literals(text, values, dialect, missing))
    sql = ";\n".join(each.rstrip().rstrip(";") for each in statements) + ";"
    comments = "".join(f"-- Not filled in: {each}\n" for each in missing)
    return Runnable(comments + sql, tuple(missing))


def _with_literals(text: str, given: t.Any, dialect: str | None, missing: dict[str, None]) -> str:
    found = tokens(text, dialect)
    values: t.Any = given if isinstance(given, (list, dict)) else []
    style = None if isinstance(values, dict) else style_of(found, values)
    written = []
    for before, after in zip(
        found, filled(found, values, style, lambda value: literal(value, dialect)), strict=True
    ):
        if after.kind in PLACEHOLDERS and values:
            _miss(before, values, style, missing)
        written.append(after.text)
    return "".join(written)


def _miss(token: Token, values: t.Any, style: str | None, missing: dict[str, None]) -> None:
    """Name a placeholder that has a value, and say why it is not filled in."""
    reasons: list[str] = []

    def note(value: t.Any) -> None:
        if not isinstance(value, str):
            reasons.append("its type has no literal")
        else:
            reasons.append("redacted" if MASK in value else "not recorded whole")

    for _ in filled([token], values, style, note):
        pass
    if reasons:
        name = token.text if token.kind not in ("qmark", "format") else f"value {token.place + 1}"
        missing[f"{name}: {reasons[0]}"] = None


def literal(value: t.Any, dialect: str | None) -> str | None:
    """Write a recorded value as a literal, or return None if it cannot be.

    :param dialect: as SQLAlchemy names it.
    """
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(int(value)) if dialect in _NO_BOOLEANS else str(value).upper()
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, list) and dialect == "postgresql":
        items = [literal(each, dialect) for each in value]
        if None in items or any(_is_more(each) for each in value):
            return None
        # An empty one has no type that ARRAY could tell.
        return f"ARRAY[{', '.join(map(str, items))}]" if items else "'{}'"
    # No dialect has a literal for NUL.
    if not isinstance(value, str) or "\0" in value or MASK in value or _NOT_WHOLE.fullmatch(value):
        return None
    if dialect in BACKSLASHES:
        value = value.replace("\\", "\\\\")
    # Without it, SQL Server reads the text in the code page of the database.
    prefix = "N" if dialect == "mssql" and not value.isascii() else ""
    doubled: str = value.replace("'", "''")
    return f"{prefix}'{doubled}'"


def _is_more(value: t.Any) -> bool:
    return isinstance(value, str) and _MORE.fullmatch(value) is not None


__all__ = ["Runnable", "literal", "runnable"]
