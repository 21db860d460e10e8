"""What statements of SQL have of values: literals, and placeholders for their parameters."""

from __future__ import annotations

import re
from collections.abc import Callable

from .looks import MASK, mask_looks
from .names import IsSecret

_WORD = re.compile(r"[A-Za-z_][\w$]*")
_LITERAL = re.compile(
    r"\$(\w*)\$[\s\S]*?(?:\$\1\$|\Z)|'(?:[^']|'')*(?:'|\Z)"
    r"|(?<![\w$.:%?])-?(?:0[xX][\da-fA-F]+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.])"
)
_STRING = re.compile(r'"(?:[^"]|"")*(?:"|\Z)')
_ALL_STRINGS = re.compile(r"""["'][\s\S]*["']""")
_VALUES = re.compile(r'\bvalues\b|(?:=|\blike\b|\bin\s*\()\s*(?=")', re.IGNORECASE)
_COMMENT = re.compile(r"/\*[\s\S]*?(?:\*/|\Z)|--[^\r\n]*")
_PLACEHOLDER = re.compile(r"\?|%s|\$\d+\b")
_COLUMNS = re.compile(r"\binto\s+[^()]*\(([^()]*)\)\s*values\b", re.IGNORECASE)
_UNNAMED = re.compile(r"\binto\s+[^\s()]+\s+(?:values|select)\b", re.IGNORECASE)
_COMPARED = re.compile(
    r"""([\w."`\[\]]+)\s*(?:[=<>!]{1,2}|\b(?:not\s+)?i?like\b|\bin\s*\([\s?,%$\ds]*"""
    r"""|(?<=limit)|(?<=offset))\s*$""",
    re.IGNORECASE,
)


def mask_statement(statement: str, is_secret: IsSecret, masked: Callable[[str], str]) -> str:
    """Mask the literals, if something secret is named, and what looks secret.

    :param masked: masks a text; it is asked for comments.
    """
    if _names_secret(statement, is_secret):
        if "\\" in statement:
            # An escape in MySQL, a character in others: what ends a string cannot be told.
            statement = _ALL_STRINGS.sub(MASK, statement)
        begin = _VALUES.search(statement) if '"' in statement else None
        if begin is not None:
            # Strings in MySQL, names elsewhere: strings, where values stand.
            statement = statement[: begin.end()] + _STRING.sub(MASK, statement[begin.end() :])
        statement = _LITERAL.sub(MASK, statement)
    if "--" in statement or "/*" in statement:
        statement = _COMMENT.sub(lambda found: masked(found[0]), statement)
    return mask_looks(statement)


def placed(statement: str, is_secret: IsSecret) -> list[bool]:
    """Tell of each placeholder whether what it stands for is secret."""
    unknown = _names_secret(statement, is_secret)
    places = [found.start() for found in _PLACEHOLDER.finditer(statement)]
    columns = _COLUMNS.search(statement)
    if columns is not None and places:
        names = columns[1].split(",")
        if len(places) % len(names) == 0:
            return [is_secret(names[at % len(names)]) for at in range(len(places))]
    found = (_COMPARED.search(statement[max(0, place - 200) : place]) for place in places)
    secret = [unknown if each is None else is_secret(each[1]) for each in found]
    return secret or [unknown]


def _names_secret(statement: str, is_secret: IsSecret) -> bool:
    # Without the columns' names, any may be secret.
    return _UNNAMED.search(statement) is not None or any(
        is_secret(word) for word in set(_WORD.findall(statement))
    )


__all__ = ["mask_statement", "placed"]
