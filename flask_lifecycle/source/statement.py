"""A recorded SQL statement, formatted and highlighted."""

from __future__ import annotations

from contextlib import suppress

from ..redact import MASK
from ..trace.model import JsonObject
from .excerpt import coloured

# sqlparse is slow with longer ones.
_LAID_OUT = 5000
_MASKED = "flask_lifecycle_mask"


def statement(text: str) -> JsonObject:
    """Return a statement, formatted and highlighted.

    sqlparse does not need to understand a statement to format it: in any dialect, masked or
    truncated, the text keeps its meaning.

    :returns: ``{"lines"}``: a line is a list of ``[class, text]`` pairs, with the short classes
        of Pygments.
    """
    import sqlparse
    from sqlparse.exceptions import SQLParseError

    if len(text) <= _LAID_OUT:
        # It refuses deeply nested statements.
        with suppress(SQLParseError, RecursionError):
            # sqlparse takes a mask for a name.
            named = sqlparse.format(text.replace(MASK, _MASKED), reindent=True)
            text = named.replace(_MASKED, MASK)
    return {"lines": coloured("statement.sql", text)}


__all__ = ["statement"]
