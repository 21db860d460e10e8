"""A recorded statement, laid out for people and coloured."""

from __future__ import annotations

from contextlib import suppress

from ...redact import MASK
from ...trace.model import JsonObject
from .excerpt import coloured

# Longer ones take sqlparse a while.
_LAID_OUT = 5000
_MASKED = "flask_lifecycle_mask"


def statement(text: str) -> JsonObject:
    """Return a statement, laid out for people.

    sqlparse does not need to understand what it lays out: a statement in any dialect, masked
    or cut as it may be, stays what it was.

    :returns: ``{"lines"}``: a line is a list of ``[class, text]`` pairs, with the short classes
        of Pygments.
    """
    import sqlparse
    from sqlparse.exceptions import SQLParseError

    if len(text) <= _LAID_OUT:
        # It refuses what is nested too deep for it.
        with suppress(SQLParseError, RecursionError):
            # To sqlparse, what is masked is a name.
            named = sqlparse.format(text.replace(MASK, _MASKED), reindent=True)
            text = named.replace(_MASKED, MASK)
    return {"lines": coloured("statement.sql", text)}


__all__ = ["statement"]
