"""Values that stand beside a name in a text: whether it is secret tells what is masked."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote_plus

from .looks import MASK
from .names import IsSecret

# A name, of at most two words, and what parts it from its value; not a host and its port.
_NAME = re.compile(
    r"""(?<![\w.-])(?!(?<=://)[\w.-]+:\d{1,5}\b)"""
    r"""((?:[\w.-]+ )?[\w.-]+)[\\"'`\])}]{0,4}\s*(?:=>|[=:])\s*"""
)
_ESCAPED = re.compile(r"""(\\+["'])[\s\S]*?(?:\1|\Z)""")
_QUOTED = re.compile(r"""[bBrRuU]{0,2}(?:"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.|'')*'?)""", re.DOTALL)
_LINE = re.compile(r"[^\r\n]*")
_BARE = re.compile(r"""(?:(?:bearer|basic|digest|token)\s+)?[^\s&"'<>]+""", re.IGNORECASE)
_QUOTES = re.compile(r"""^([bBrRuU]{0,2}\\*["']).*?(\\*["'])?$""", re.DOTALL)
_IN_BRACKETS = re.compile(r"""[{}\[\]()]|"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?""", re.DOTALL)
# Headers whose values have parts.
_HEADERS = re.compile("authorization|cookie", re.IGNORECASE)
# password = "secret", token == "secret", {"pin": 1234}, f(key="secret") in code.
_GIVEN = re.compile(
    r"""((?<![\w.-])([\w.-]+)["'\])]{0,4}\s*(?::\s*[\w.]+\s*(?==))?(?:[!=]?=|:)\s*)"""
    r"""([bBrRuUfF]{0,2}(?:\"{3}[\s\S]*?(?:\"{3}|\Z)|'{3}[\s\S]*?(?:'{3}|\Z)"""
    r"""|"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?)|\d[\w.]*)"""
)
# --password secret, also as a list of arguments is written.
_OPTION = re.compile(r"""((?<![\w-])--([\w-]+)(?:["'],)? +["']?)([^\s"',\])-][^\s"',\])]*)""")
# <password>secret</password>, and <input name="password" value="secret">, also of other tags.
_ELEMENT = re.compile(r"(<([\w:.-]+)(?: [^<>]*)?>)([^<>]+)(?=</\2>)")
_TAG = re.compile(r"<(?:input|meta|button|option|param)\b[^<>]*>", re.IGNORECASE)
_NAMED = re.compile(r"""\b(?:name|id)\s*=\s*["']?([^\s"'<>]+)""", re.IGNORECASE)
_VALUED = re.compile(
    r"""(\b(?:value|content)\s*=\s*)("[^"]*"?|'[^']*'?|[^\s"'<>]+)""", re.IGNORECASE
)
_ARGUMENT = re.compile(r"([^&=\s?;]+)=([^&\s]*)")
_ENCODED_TIMES = 4


def mask_options(text: str, is_secret: IsSecret) -> str:
    """Mask what follows the secret options of a command."""
    return _OPTION.sub(lambda found: _after_name(found, is_secret), text)


def mask_elements(text: str, is_secret: IsSecret) -> str:
    """Mask what stands in secret elements of HTML or XML, and the values of such inputs."""

    def tag(found: re.Match[str]) -> str:
        if any(map(is_secret, _NAMED.findall(found[0]))):
            return _VALUED.sub(lambda each: each[1] + _quoted_mask(each[2]), found[0])
        return found[0]

    return _ELEMENT.sub(lambda found: _after_name(found, is_secret), _TAG.sub(tag, text))


def mask_literals(code: str, is_secret: IsSecret) -> str:
    """Mask the literals that code gives to secret names."""

    def literal(found: re.Match[str]) -> str:
        return f"{found[1]}{_quoted_mask(found[3])}" if is_secret(found[2]) else found[0]

    return _GIVEN.sub(literal, code)


def mask_arguments(query: str, is_secret: IsSecret, masked: Callable[[str], str]) -> str:
    """Mask the secret arguments of a query string.

    :param masked: masks a text; it is asked for values that are encoded.
    """

    def argument(found: re.Match[str]) -> str:
        name, value = found[1], _decoded(found[2])
        hidden = is_secret(_decoded(name)) or (value != found[2] and masked(value) != value)
        return f"{name}={MASK}" if hidden else found[0]

    return _ARGUMENT.sub(argument, query)


def mask_pairs(text: str, is_secret: IsSecret) -> str:
    """Mask the secret ones of ``name=value`` and ``name: value``."""
    parts: list[str] = []
    at = 0
    for found in _NAME.finditer(text):
        begin = found.end()
        if found.start() < at or not is_secret(found[1]):
            continue
        end = _value_end(text, begin, found[1])
        if end > begin:
            parts += (text[at:begin], _quoted_mask(text[begin:end]))
            at = end
    return "".join((*parts, text[at:])) if parts else text


def _value_end(text: str, begin: int, name: str) -> int:
    """Find where the value ends that begins here."""
    if text.startswith(MASK, begin):
        return begin
    found = _ESCAPED.match(text, begin) or _QUOTED.match(text, begin)
    if found is None and _HEADERS.search(name):
        found = _LINE.match(text, begin)
    if found is None and text.startswith(("{", "[", "("), begin):
        return _bracket_end(text, begin)
    found = found or _BARE.match(text, begin)
    if found is None:
        return begin
    # What a cut or a list leaves behind the value is none of it.
    return begin + len(text[begin : found.end()].rstrip(",;"))


def _bracket_end(text: str, begin: int) -> int:
    depth = 0
    for found in _IN_BRACKETS.finditer(text, begin):
        depth += (found[0] in "{[(") - (found[0] in "}])")
        if not depth:
            return found.end()
    return len(text)


def _quoted_mask(value: str) -> str:
    found = _QUOTES.match(value)
    return MASK if found is None else f"{found[1]}{MASK}{found[2] or ''}"


def _after_name(found: re.Match[str], is_secret: IsSecret) -> str:
    return f"{found[1]}{MASK}" if is_secret(found[2]) else found[0]


def _decoded(text: str) -> str:
    for _ in range(_ENCODED_TIMES):
        plain = unquote_plus(text)
        if plain == text:
            break
        text = plain
    return text


__all__ = ["mask_arguments", "mask_elements", "mask_literals", "mask_options", "mask_pairs"]
