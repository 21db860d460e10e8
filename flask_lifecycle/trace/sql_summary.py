"""A statement in short, so that two of them can be told apart: its columns and joins folded."""

from __future__ import annotations

import re
import typing as t
from functools import lru_cache

from ..redact import MASK
from .sql_text import BACKSLASHES, Token, filled, style_of, tokens

#: Only the beginning of a longer text is read.
_READ = 5000
_LONGEST = 300
_VALUE = 40
#: A list of columns or values that is no longer stays.
_COLUMNS = 24
_VALUES = 5
_FOLDED: t.Final = Token("folded", "…")
_SPACE: t.Final = Token("space", " ")
_PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_]*")
# What ends the condition of a join.
_AFTER_ON = frozenset(
    (
        *("CROSS", "EXCEPT", "FETCH", "FOR", "FULL", "GROUP", "HAVING", "INNER", "INTERSECT"),
        *("JOIN", "LEFT", "LIMIT", "NATURAL", "OFFSET", "ORDER", "RETURNING", "RIGHT", "SET"),
        *("UNION", "WHERE", "WINDOW"),
    )
)
_QUANTIFIERS = frozenset(("ALL", "DISTINCT"))


def summary(text: str, parameters: t.Any, dialect: str | None, *, many: bool = False) -> str:
    """Return a statement on one line, such as ``SELECT … FROM post WHERE post.id = 1``.

    :param parameters: JSON-ready and masked; with ``many``, only the first set is shown.
    """
    cut = len(text) > _READ
    text = text[:_READ]
    values: t.Any = parameters
    if many:
        values = parameters[0] if isinstance(parameters, list) and parameters else []
    if not isinstance(values, (list, dict)):
        values = []
    found = tokens(text, dialect)
    style = None if isinstance(values, dict) else style_of(found, values)
    backslashes = dialect in BACKSLASHES

    def write(value: t.Any) -> str:
        return _shown(value, backslashes=backslashes)

    shown = "".join(
        _spaced(_shortened(filled(_folded(text, dialect), values, style, write)))
    ).rstrip()
    return f"{shown[:_LONGEST].rstrip()}…" if cut or len(shown) > _LONGEST else shown


def _shown(value: t.Any, *, backslashes: bool) -> str:
    if value is None or isinstance(value, bool):
        return {None: "NULL", True: "TRUE", False: "FALSE"}[value]
    if not isinstance(value, str):
        return str(value) if isinstance(value, (int, float)) else "…"
    if value == MASK:
        return MASK
    value = value if len(value) <= _VALUE else f"{value[: _VALUE - 1]}…"
    value = value.replace("\\", "\\\\") if backslashes else value
    return "'" + " ".join(value.split()).replace("'", "''") + "'"


@lru_cache(maxsize=256)
def _folded(text: str, dialect: str | None) -> tuple[Token, ...]:
    """Return the tokens without comments, columns and conditions of joins."""
    found = [
        _SPACE if token.kind in ("comment", "space") else token for token in tokens(text, dialect)
    ]
    while found and (found[-1].kind == "space" or found[-1].text == ";"):
        found.pop()
    kept: list[Token] = []
    at, depth = 0, 0
    # The levels of parentheses on which a join waits for its condition.
    joined: set[int] = set()
    while at < len(found):
        word = found[at].text.upper() if found[at].kind == "word" else found[at].text
        depth += (word == "(") - (word == ")")
        if word == "ON" and depth in joined:
            joined.discard(depth)
            at = _until(found, at, _AFTER_ON)
            continue
        if word == "JOIN":
            joined.add(depth)
        end, instead = at + 1, [_unquoted(found[at])]
        if word in ("SELECT", "RETURNING"):
            end, shown = _columns(found, at, ("FROM",) if word == "SELECT" else ())
            instead += shown
        elif word == "INTO":
            end, instead = _inserted(found, at)
        kept += instead
        # The folded parentheses of a list of columns.
        depth += sum((each.text == "(") - (each.text == ")") for each in found[at + 1 : end])
        at = end
    return tuple(kept)


def _columns(found: list[Token], at: int, ends: t.Collection[str]) -> tuple[int, list[Token]]:
    """Fold the columns after a word; return where they end, and what stands for them."""
    end = _until(found, at, ends)
    is_open = bool(ends) and (end == len(found) or found[end].text.upper() not in ends)
    columns = "".join(token.text for token in found[at + 1 : end]).strip()
    if is_open or len(columns) <= _COLUMNS:
        return at + 1, []
    first = next((each for each in found[at + 1 : end] if each.kind != "space"), _FOLDED)
    kept = [_SPACE, first] if first.text.upper() in _QUANTIFIERS else []
    return end, [*kept, _SPACE, _FOLDED, _SPACE]


def _inserted(found: list[Token], at: int) -> tuple[int, list[Token]]:
    """Fold the columns of ``INTO table (…)``."""
    start = next((i for i in range(at, len(found)) if found[i].text in "(;"), len(found))
    end = _until(found, start, ())
    before = [_unquoted(token) for token in found[at:start]]
    words = {token.text.upper() for token in before}
    columns = "".join(token.text for token in found[start + 1 : end])
    if words & {"VALUES", "SELECT", "DEFAULT"} or len(columns) <= _COLUMNS:
        return at + 1, before[:1]
    return end, [*before, found[start], _FOLDED]


def _until(found: list[Token], at: int, words: t.Container[str]) -> int:
    """Return the place of the first of some words on a token's level, or the end of the level."""
    depth = 0
    for place in range(at + 1, len(found)):
        token = found[place]
        if token.text == "(":
            depth += 1
        elif token.text == ")":
            depth -= 1
            if depth < 0:
                return place
        elif depth == 0 and token.kind == "word" and token.text.upper() in words:
            return place
    return len(found)


def _unquoted(token: Token) -> Token:
    if token.kind != "quoted" or not _PLAIN_NAME.fullmatch(token.text[1:-1]):
        return token
    return token._replace(text=token.text[1:-1])


def _shortened(found: t.Iterable[Token]) -> t.Iterator[Token]:
    """Leave out most values of a long list, as after IN."""
    run, left_out = 0, False
    for token in found:
        if token.kind in ("value", "number", "string"):
            run += 1
        elif token.kind != "space" and token.text != ",":
            run, left_out = 0, False
        if run <= _VALUES or (run == _VALUES and token.kind == "space"):
            yield token
        elif not left_out:
            left_out = True
            yield _FOLDED


def _spaced(found: t.Iterable[Token]) -> t.Iterator[str]:
    """Write one space for several."""
    last = " "
    for token in found:
        text = token.text
        if text == " " == last or (text == ")" and last == " "):
            continue
        yield text
        last = text[-1:]


__all__ = ["summary"]
