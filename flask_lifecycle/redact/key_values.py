"""Mask the values of secret names in ``name=value`` and ``name: value``."""

from __future__ import annotations

import re

from .labels import mask_labelled_lines
from .names import IsSecret
from .patterns import MASK
from .quotes import quoted_mask

#: A pattern before a name: a host before its port is not a name before its value.
NO_HOST = (
    r"(?!(?:(?<=://)[\w.-]+|[\w.-]+\.(?:com|net|org|io|dev|app|cloud|local|localhost|internal|lan"
    r"|svc|test|example)):\d{1,5}\b)"
)


def _name_pattern(letter: str, blank: str) -> re.Pattern[str]:
    # Group 2 prevents backtracking into the last word.
    return re.compile(
        rf"""(?<![{letter}]){NO_HOST}"""
        rf"""((?:[{letter}]+ ){{0,2}}(?=([{letter}]+))\2)"""
        rf"""(?:[\\"'`\])}}]|%(?:25)*(?:5[dD]|2[27])){{0,4}}{blank}*"""
        rf"""(?:=>|[:!=]?={{1,2}}|[:\uff1a\uff1d]|%(?:25)*3[aAdD]){blank}*"""
    )


# A name, of at most three words, and what parts it from its value; not a host and its port. Its
# letters are also the marks of scripts that write vowels by them, and what is not seen.
_NAME = _name_pattern(
    r"\w.\-\u00ad\u0300-\u036f\u0610-\u065f\u0900-\u0dff\u200b-\u200f\u2060\ufeff", r"\s"
)
# The same for ASCII texts, where letters and blanks are looked up in a table.
_ASCII_NAME = _name_pattern(r"A-Za-z0-9_.\-", r"[ \t-\r\x1c-\x1f]")
# Values that are not secrets, where they are not text.
_OPEN = re.compile(r"(?:None|True|False|null|true|false)(?=[\s,;)\]}&<]|$)")
_ESCAPED = re.compile(r"""(\\+["'])[\s\S]*?(?:\1|\Z)""")
# A quote is the closing one if what follows can follow a value.
_END = r"""[\s,;:)\]}>&|<\\]|$"""
_QUOTED = re.compile(
    rf"""[bBrRuU]{{0,2}}(?:"(?:[^"\\]|\\.|"(?!{_END}))*"?|'(?:[^'\\]|\\.|'(?!{_END}))*'?)""",
    re.DOTALL,
)
_LINE = re.compile(r"[^\r\n]*")
# In an SQL statement, where values have other delimiters.
_PLACEHOLDER = re.compile(r"(?:\?|%s|%\(\w+\)s|\$\d+)(?=[\s,;)\]]|$)")
_CALL = re.compile(r"[A-Za-z_][\w.]*(?=\()")
_TAG_NAMES = "br|p|div|span|t[drh]|li|ul|ol|h[1-6]|em|strong|code|pre|input|form|body|html|table"
# Up to a blank. The end of a quotation, an argument or an element ends it too.
_BARE = re.compile(
    rf"""(?:(?:bearer|basic|digest|token|negotiate)\s+)?"""
    rf"""(?:[^\s&"'<]|&(?!(?:amp;)?[\w.\[\]%-]+=|\s|$)|["'](?!{_END})"""
    rf"""|<(?!/|!|(?:{_TAG_NAMES})\b))+""",
    re.IGNORECASE,
)
# More of the value after a blank: neither prose nor a pair of its own.
_MORE = re.compile(
    r"""[ \t]+(?![\w.-]+["']?[ \t]*[=:])"""
    r"""(?=\S*[\w][&$^*~|#<]|[&$^*~#]\w|[A-Za-z]\d[A-Za-z])[^\s"']+"""
)
# Parts of a connection string, which may contain blanks.
_PART = re.compile(r"""[^;=\r\n&"'<]{1,512}(?=;\s*[A-Za-z][\w .]{0,40}=)""")
_LAST_PART = re.compile(r"""[^;\r\n"'<]+""")
_IN_BRACKETS = re.compile(r"""[{}\[\]()]|"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?""", re.DOTALL)
# Headers whose values have parts.
_HEADERS = re.compile("authorization|cookie", re.IGNORECASE)
# A YAML text or mapping below its name.
_BLOCK = re.compile(r"[ \t]*(?:[|>][+-]?\d?[+-]?)?[ \t]*\r?\n")


def mask_pairs(text: str, is_secret: IsSecret, *, shows_open: bool = True) -> str:
    """Mask the values of secret names in ``name=value`` and ``name: value``.

    :param shows_open: whether None, True and False count as not secret.
    """
    if "\n" in text:
        text = mask_labelled_lines(text, is_secret)
    parts: list[str] = []
    at = 0
    # A mask contains no letters.
    is_ascii = text.isascii() or text.replace(MASK, "").isascii()
    for match in (_ASCII_NAME if is_ascii else _NAME).finditer(text):
        name = match[1]
        if text.startswith("=", match.start() - 1):
            # type=password name=x: only the text before the blank is a value.
            name = name.rpartition(" ")[2]
        if match.start() < at or not is_secret(name):
            continue
        if shows_open and _OPEN.match(text, match.end()):
            continue
        begin, end = _value(text, match)
        if end > begin:
            parts += (text[at:begin], quoted_mask(text[begin:end]))
            at = end
    return "".join((*parts, text[at:])) if parts else text


def _value(text: str, key: re.Match[str]) -> tuple[int, int]:
    """Return the start and end of the value that follows this name."""
    begin, name = key.end(), key[1]
    if text.startswith(MASK, begin) or _PLACEHOLDER.match(text, begin):
        return begin, begin
    match = _ESCAPED.match(text, begin) or _QUOTED.match(text, begin)
    if match is None and _HEADERS.search(name):
        match = _LINE.match(text, begin)
    if match is None and text.startswith(("{", "[", "("), begin):
        return begin, _bracket_end(text, begin)
    if match is not None:
        return begin, _without_list(text, begin, match.end())

    start = max(text.rfind("\n", 0, key.start()), text.rfind("\r", 0, key.start())) + 1
    indent = text[start : key.start()]
    if " " not in name and not indent.strip(" \t-"):
        block = _block(text, key, len(indent))
        if block is not None:
            return block
        separator = text[key.end(1) : begin]
        if separator[-1:] in (" ", "\t") and "\n" not in separator:
            # A line of its own, in a settings file.
            match = _LINE.match(text, begin)
            return begin, begin if match is None else _without_list(text, begin, match.end())
    call = _CALL.match(text, begin)
    if call is not None:
        return begin, _bracket_end(text, call.end())
    return begin, _bare_end(text, key, begin)


def _block(text: str, key: re.Match[str], indent: int) -> tuple[int, int] | None:
    """Return the lines below a name that belong to it, in YAML's texts and mappings."""
    colon = text.find(":", key.end(1))
    match = _BLOCK.match(text, colon + 1) if 0 <= colon < key.end() else None
    if match is None:
        return None
    end = begin = match.end()
    # The lines below a name are indented deeper, except the items of a list.
    lines = re.compile(rf"(?:[ \t]{{{indent}}}(?:[ \t]|-[ \t])[^\r\n]*(?:\r?\n|\Z)|[ \t]*\r?\n)+")
    deeper = lines.match(text, begin)
    if deeper is None:
        return None
    end = begin + len(text[begin : deeper.end()].rstrip())
    begin += len(text[begin:end]) - len(text[begin:end].lstrip())
    return (begin, begin) if text.startswith(MASK, begin) else (begin, end)


def _bare_end(text: str, key: re.Match[str], begin: int) -> int:
    part = _PART.match(text, begin)
    if part is None and text[max(0, key.start() - 8) : key.start()].rstrip(" ").endswith(";"):
        part = _LAST_PART.match(text, begin)
    if part is not None and part.end() > begin:
        return part.end()
    match = _BARE.match(text, begin)
    if match is None:
        return begin
    end = match.end()
    while more := _MORE.match(text, end):
        end = more.end()
    return _without_list(text, begin, end)


def _without_list(text: str, begin: int, end: int) -> int:
    # A truncation mark or a list's delimiter after the value is not part of it.
    return begin + len(text[begin:end].rstrip(",;"))


def _bracket_end(text: str, begin: int) -> int:
    depth = 0
    for match in _IN_BRACKETS.finditer(text, begin):
        depth += (match[0] in "{[(") - (match[0] in "}])")
        if not depth:
            return match.end()
    return len(text)


__all__ = ["NO_HOST", "mask_pairs"]
