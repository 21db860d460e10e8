"""Mask the values in SQL statements: literals, and the parameters of placeholders."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Callable

from .labels import NAME_KEYS, VALUE_KEYS
from .names import IsSecret
from .patterns import MASK, mask_patterns

_WORD = re.compile(r"[^\W\d][\w$]*")
_LITERAL = re.compile(
    r"\$(\w*)\$[\s\S]*?(?:\$\1\$|\Z)|'(?:[^']|'')*(?:'|\Z)"
    r"|(?<![\w$.:%?])-?(?:0[xX][\da-fA-F]+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.])"
)
_STRING = re.compile(r'"(?:[^"]|"")*(?:"|\Z)')
_ALL_STRINGS = re.compile(r"""["'][\s\S]*["']""")
_VALUES = re.compile(r'\bvalues\b|(?:=|\blike\b|\bin\s*\()\s*(?=")', re.IGNORECASE)
_COMMENT = re.compile(r"/\*[\s\S]*?(?:\*/|\Z)|--[^\r\n]*")
_UNNAMED = re.compile(r"\binto\s+[^\s()]+\s+(?:values|select)\b", re.IGNORECASE)
# Statements that contain a secret without naming one.
_WITH_SECRET = re.compile(
    r"\bidentified\s+(?:by|with|as)\b|\bpragma\s+(?:\w+\.)?(?:hex)?(?:re)?key\b"
    r"|\battach\b[^;]*\bkey\b|\b(?:crypt|pgp_\w+crypt\w*|(?:aes|des)_\w+crypt|encryptby\w+)\s*\(",
    re.IGNORECASE,
)
_SECRET_WORDS = re.compile("identified|pragma|attach|crypt")
# What needs no quotes there, or is quoted as a name.
_GIVEN = re.compile(
    r"""(\bidentified\s+(?:with\s+\S+\s+)?(?:by|as|using)\s+(?:password\s+|values\s+)?"""
    r"""|\bpragma\s+(?:\w+\.)?(?:hex)?(?:re)?key\s*(?:=|\()\s*)"""
    r"""("(?:[^"]|"")*(?:"|\Z)|'(?:[^']|'')*(?:'|\Z)|(?![?:@$%])[^\s;()]+)""",
    re.IGNORECASE,
)
_COPIED = re.compile(r"(\bcopy\b[^;]*\bfrom\s+stdin\b[^;\r\n]*;?[ \t]*\r?\n)[\s\S]+", re.IGNORECASE)

_NAME = r'(?:"(?:[^"]|"")*"|`[^`]*`|\[[^\W\d][\w ]*\]|[^\W\d][\w$]*)'
_TOKEN = re.compile(
    rf"""(?P<skipped>/\*[\s\S]*?(?:\*/|\Z)|--[^\r\n]*|::\s*\w[\w.]*)"""
    rf"""|(?P<text>\$(?P<tag>[^\W\d]\w*|)\$[\s\S]*?(?:\$(?P=tag)\$|\Z)|'(?:[^']|'')*(?:'|\Z))"""
    rf"""|(?P<placeholder>\?\d*|%s|%\(\w+\)\w|(?<!:):\w+|@(?!@)\w+|\$\w+)"""
    rf"""|(?P<word>{_NAME}(?:\s*\.\s*{_NAME})*)(?P<called>\s*(?=\())?"""
    rf"""|(?P<mark>[(),;])|(?P<other>[^\s\w])"""
)
_CLAUSES = frozenset(
    [
        "and",
        "or",
        "where",
        "set",
        "from",
        "on",
        "having",
        "limit",
        "offset",
        "fetch",
        "order",
        "group",
        "values",
        "select",
        "union",
        "returning",
        "join",
        "into",
        "do",
        "update",
        "using",
        "when",
        "top",
        "with",
        "window",
        "insert",
        "delete",
        "qualify",
        "output",
    ]
)
# After these, only integers follow.
_COUNTS = frozenset(("limit", "offset", "fetch", "top"))
_NO_NAMES = frozenset(
    [
        "not",
        "is",
        "null",
        "in",
        "like",
        "ilike",
        "between",
        "as",
        "by",
        "case",
        "then",
        "else",
        "end",
        "any",
        "all",
        "exists",
        "distinct",
        "asc",
        "desc",
        "rows",
        "row",
        "next",
        "first",
        "only",
        "escape",
        "default",
        "true",
        "false",
        "collate",
        "interval",
        "cast",
        "array",
    ]
)
# A key in a JSON document, or a path to one.
_KEY = re.compile(r"[\w.$\[\]{},-]{1,64}")
_CIPHERS = re.compile(r"(?:crypt|pgp_\w+crypt\w*|(?:aes|des)_\w+crypt|encryptby\w+)$")


class Placeholders(t.NamedTuple):
    """Whether the value of each placeholder of a statement is secret."""

    #: In order, or by their numbers.
    numbered: list[bool]
    named: dict[str, bool]
    #: For placeholders that were not found.
    rest: bool
    #: Whether one placeholder may be the name of another one's value, as in a settings table.
    labelled: bool

    @property
    def plain(self) -> bool:
        """Whether none of them is secret."""
        return not (self.rest or True in self.numbered or True in self.named.values())

    def is_secret(self, index: int) -> bool:
        """Return whether the value of a placeholder is secret."""
        return self.numbered[index] if index < len(self.numbered) else self.rest


def mask_statement(
    statement: str, is_secret: IsSecret, may_name: IsSecret, masked: Callable[[str], str]
) -> str:
    """Mask the literals, if the statement names a secret, and all strings that look like secrets.

    :param may_name: is False if no word of a text is secret.
    :param masked: masks a text; it is called for comments.
    """
    if "stdin" in statement.lower():
        statement = _COPIED.sub(rf"\1{MASK}", statement)
    if _names_secret(statement, is_secret, may_name):
        statement = _GIVEN.sub(rf"\1{MASK}", statement)
        if "\\" in statement:
            # An escape in MySQL, a character in others: the end of a string is ambiguous.
            statement = _ALL_STRINGS.sub(MASK, statement)
        begin = _VALUES.search(statement) if '"' in statement else None
        if begin is not None:
            # Strings in MySQL, names elsewhere: treated as strings where values are expected.
            statement = statement[: begin.end()] + _STRING.sub(MASK, statement[begin.end() :])
        statement = _LITERAL.sub(MASK, statement)
    if "--" in statement or "/*" in statement:
        statement = _COMMENT.sub(lambda match: masked(match[0]), statement)
    return mask_patterns(statement)


def secret_placeholders(statement: str, is_secret: IsSecret, may_name: IsSecret) -> Placeholders:
    """Return, for each placeholder, whether its value is secret.

    :param may_name: is False if no word of a text is secret.
    """
    reader = _Reader(is_secret, _names_secret(statement, is_secret, may_name))
    for token in _TOKEN.finditer(statement):
        reader.read(token)
    return reader.placeholders()


def _names_secret(statement: str, is_secret: IsSecret, may_name: IsSecret) -> bool:
    folded = statement.lower()
    # Without column names, any value may be secret.
    return (
        ("into" in folded and _UNNAMED.search(statement) is not None)
        or (_SECRET_WORDS.search(folded) is not None and _WITH_SECRET.search(statement) is not None)
        or (may_name(statement) and any(map(is_secret, set(_WORD.findall(statement)))))
    )


class _Part:
    """The tokens between two commas or words such as AND: its names apply to its placeholders."""

    __slots__ = ("known", "secret")

    def __init__(self, *, known: bool = False, secret: bool = False) -> None:
        self.known = known
        self.secret = secret


class _Level:
    """The tokens inside one pair of parentheses, or outside of all."""

    __slots__ = ("between", "columns", "item", "part", "parts")

    def __init__(self, part: _Part, *, parts: bool, columns: list[bool] | None = None) -> None:
        self.part = part
        #: Whether commas and the like separate parts.
        self.parts = parts
        #: For the columns of its items.
        self.columns = columns
        self.item = 0
        self.between = False


class _Reader:
    """Reads a statement, token by token."""

    def __init__(self, is_secret: IsSecret, unknown: bool) -> None:
        self._is_secret = is_secret
        self._unknown = unknown
        self._levels = [_Level(_Part(), parts=True)]
        self._placeholders: list[tuple[str, _Part]] = []
        # The columns of INSERT, while they are read and after it, and what was read before.
        self._columns: list[bool] | None = None
        self._reading: list[bool] | None = None
        self._into = False
        self._in_values = False
        self._before = ""
        self._name = ""
        self._labelled = False
        self._names: set[str] = set()

    def read(self, token: re.Match[str]) -> None:
        """Process one token."""
        kind, text = token.lastgroup, token[0]
        if kind == "skipped":
            return
        if token["word"] is not None:
            self._word(token["word"], called=token["called"] is not None)
            return
        level = self._levels[-1]
        if token["text"] is not None:
            content = text.strip("'")
            if self._name in NAME_KEYS and self._is_secret(content):
                # WHERE name = 'password': all other values belong to it.
                self._labelled = True
            elif _KEY.fullmatch(content) and self._is_secret(content):
                # data->>'password' = ?
                level.part.known = level.part.secret = True
            self._before = "text"
        elif token["placeholder"] is not None:
            name = _WORD.search(text)
            if name is not None and text != "%s":
                level.part.known = True
                level.part.secret = level.part.secret or self._is_secret(name[0])
            self._placeholders.append((text, level.part))
            self._before = "placeholder"
        elif text == "(":
            self._open(level)
        elif text == ")":
            self._close()
        elif text == ",":
            self._comma(level)
        elif text == ";":
            self._levels = [_Level(_Part(), parts=True)]
            self._columns, self._in_values, self._before = None, False, ";"
        else:
            self._before = text

    def placeholders(self) -> Placeholders:
        """Return which of the placeholders have secret values."""
        numbered: list[bool] = []
        by_number: dict[int, bool] = {}
        named: dict[str, bool] = {}
        for text, part in self._placeholders:
            secret = self._labelled or (part.secret if part.known else self._unknown)
            key = re.sub(r"\W+|(?<=\))\w$", "", text)
            if text in ("?", "%s"):
                numbered.append(secret)
            elif key.isdecimal():
                by_number[int(key)] = secret or by_number.get(int(key), False)
            if key and text != "%s":
                named[key] = secret or named.get(key, False)
        if by_number and not numbered:
            most = min(max(by_number), len(self._placeholders) + 1000)
            numbered = [by_number.get(each + 1, self._unknown) for each in range(most)]
        elif not numbered:
            # In the order in which they are written, as SQLite counts them.
            numbered = list(named.values())
        labelled = not (self._names.isdisjoint(NAME_KEYS) or self._names.isdisjoint(VALUE_KEYS))
        return Placeholders(numbered, named, self._unknown, labelled)

    def _word(self, word: str, *, called: bool) -> None:
        level = self._levels[-1]
        folded = word.lower()
        self._names.add(folded.rpartition(".")[2].strip('"`[] '))
        if self._reading is not None:
            self._reading.append(self._is_secret(word))
        elif folded in _CLAUSES and not (folded == "and" and level.between):
            self._clause(level, folded)
        elif folded == "between":
            level.between = True
        elif called and self._into:
            pass  # the table's name
        elif called:
            secret = _CIPHERS.match(folded) is not None or self._is_secret(word)
            level.part.secret = level.part.secret or secret
            level.part.known = level.part.known or secret
        elif folded not in _NO_NAMES:
            self._name = folded.rpartition(".")[2]
            level.part.known = True
            level.part.secret = level.part.secret or self._is_secret(word)
        if folded == "and":
            level.between = False
        self._before = folded

    def _clause(self, level: _Level, word: str) -> None:
        if word in ("select", "with"):
            # Also in parentheses: a subquery.
            level.parts = True
            level.columns, level.item = self._columns if len(self._levels) == 1 else None, 0
        elif word not in ("and", "or", "when"):
            level.columns = None
        self._into = word == "into"
        self._in_values = word == "values" or (self._in_values and word in ("and", "or"))
        level.part = self._part_of(level)
        level.part.known = level.part.known or word in _COUNTS

    def _part_of(self, level: _Level) -> _Part:
        if level.columns is None or level.item >= len(level.columns):
            return _Part()
        return _Part(known=True, secret=level.columns[level.item])

    def _open(self, level: _Level) -> None:
        if self._into:
            # The columns of INSERT.
            self._into, self._reading = False, []
            self._levels.append(_Level(level.part, parts=False))
        elif self._in_values and len(self._levels) == 1:
            opened = _Level(_Part(), parts=True, columns=self._columns)
            opened.part = self._part_of(opened)
            self._levels.append(opened)
        else:
            grouping = self._before in _CLAUSES or self._before in ("(", "", "not")
            part = _Part(known=level.part.known, secret=level.part.secret)
            self._levels.append(_Level(part if grouping else level.part, parts=grouping))
        self._before = "("

    def _close(self) -> None:
        if self._reading is not None:
            self._columns, self._reading = self._reading, None
        if len(self._levels) > 1:
            self._levels.pop()
        self._before = ")"

    def _comma(self, level: _Level) -> None:
        if level.parts:
            level.item += 1
            level.part = self._part_of(level)
        self._before = ","


__all__ = ["Placeholders", "mask_statement", "secret_placeholders"]
