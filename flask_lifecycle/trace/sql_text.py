"""The text of an SQL statement with its parameters in place of the placeholders.

Nothing here parses SQL: a text is split into tokens, in any dialect, masked or truncated.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Callable
from functools import lru_cache

#: Dialects in which a backslash in a string escapes the next character.
BACKSLASHES = frozenset(
    ("bigquery", "clickhouse", "databricks", "hive", "mariadb", "mysql", "snowflake")
)
#: The kinds of tokens that stand for a parameter.
PLACEHOLDERS = frozenset(("format", "named", "numbered", "pyformat", "qmark"))

_STRING = {False: r"'(?:[^']|'')*(?:'|\Z)", True: r"'(?:[^'\\]|\\.|'')*(?:'|\Z)"}
_TOKENS = {
    escapes: re.compile(
        r"(?P<comment>/\*.*?(?:\*/|\Z)|--[^\r\n]*)|(?P<space>\s+)"
        r"|(?P<string>\b[eE]'(?:[^'\\]|\\.|'')*(?:'|\Z)|\$(?P<tag>[^\W\d]\w*|)\$.*?(?:\$(?P=tag)\$|\Z)"
        rf"|{string})"
        r'|(?P<quoted>"(?:[^"]|"")*(?:"|\Z)|`(?:[^`]|``)*(?:`|\Z)|\[[^\W\d][\w $]*\])'
        r"|(?P<percent>%%)|(?P<format>%s)|(?P<pyformat>%\(\w+\)s)"
        r"|(?P<numbered>(?<![\w:])[?:$]\d+\b)|(?P<qmark>\?)"
        r"|(?P<named>(?<![\w:@$])[:@$][^\W\d]\w*)"
        r"|(?P<word>[^\W\d][\w$]*)|(?P<number>\d[\w.]*)|(?P<other>::|.)",
        re.DOTALL,
    )
    for escapes, string in _STRING.items()
}
_MISSING: t.Final = object()


class Token(t.NamedTuple):
    """A part of a statement; the texts of all of them are the whole."""

    kind: str
    text: str
    #: Which of the values a placeholder stands for, if they have no names.
    place: int = -1


@lru_cache(maxsize=256)
def tokens(text: str, dialect: str | None = None) -> tuple[Token, ...]:
    """Split a statement."""
    found = []
    seen = dict.fromkeys(PLACEHOLDERS, 0)
    names: dict[str, int] = {}
    for match in _TOKENS[dialect in BACKSLASHES].finditer(text):
        kind, part = str(match.lastgroup), match[0]
        if kind == "tag":
            kind = "string"
        place = -1
        if kind == "numbered":
            place = int(part[1:6]) - 1
        elif kind == "named":
            place = names.setdefault(part, len(names))
        elif kind in PLACEHOLDERS:
            place = seen[kind]
            seen[kind] += 1
        found.append(Token(kind, part, place))
    return tuple(found)


def style_of(found: t.Iterable[Token], values: t.Any) -> str | None:
    """Return the kind of the placeholders that a list of values is for."""
    most: dict[str, int] = {}
    for token in found:
        if token.kind in PLACEHOLDERS:
            most[token.kind] = max(most.get(token.kind, 0), token.place + 1)
    order = [kind for kind in ("format", "numbered", "qmark", "named") if kind in most]
    return next((kind for kind in order if most[kind] == len(values)), next(iter(order), None))


def filled(
    found: t.Iterable[Token], values: t.Any, style: str | None, write: Callable[[t.Any], str | None]
) -> t.Iterator[Token]:
    """Yield the tokens, with values written in place of their placeholders.

    :param values: a list, or a dict of names; whatever has no value stays as it is.
    :param style: the kind of the placeholders, if the values are a list.
    :param write: returns a value's text, or None if there is none.
    """
    doubled = style == "format" or any(token.kind == "pyformat" for token in found)
    for token in found:
        if doubled and "%%" in token.text:
            # For these drivers, also in strings.
            yield token._replace(text=token.text.replace("%%", "%"))
            continue
        value = _value(token, values, style)
        text = None if value is _MISSING else write(value)
        yield token if text is None else Token("value", text)


def _value(token: Token, values: t.Any, style: str | None) -> t.Any:
    if token.kind not in PLACEHOLDERS:
        return _MISSING
    if isinstance(values, dict):
        return values.get(name_of(token), _MISSING)
    if token.kind != style or not 0 <= token.place < len(values):
        return _MISSING
    return values[token.place]


def name_of(token: Token) -> str:
    """Return the name in a placeholder."""
    return token.text.strip("%()?:@$") if token.kind != "pyformat" else token.text[2:-2]


__all__ = ["BACKSLASHES", "PLACEHOLDERS", "Token", "filled", "name_of", "style_of", "tokens"]
