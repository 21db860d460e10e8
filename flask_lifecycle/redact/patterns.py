"""Mask secrets that are recognised by their format alone."""

from __future__ import annotations

import math
import re
import string
from functools import cache

from .key_formats import UNBROKEN, compiled, key_formats, service_keys
from .literals import any_of, each_with

MASK = "••••••"

#: No key is shorter, and most words are: only runs of this length are examined.
SHORTEST_KEY = 12
# The characters of a run stay, in lower case.
_RUNS = bytes(
    each if each > 127 or re.match(r"[\w.+/=~|%:@-]", chr(each)) else ord(" ")
    for each in range(256)
).lower()
_KEYS = tuple(key_formats())


def _begins(shorter: float, *, broken: bool) -> re.Pattern[str]:
    keys = [each for each in _KEYS if len(each.hint) + each.follows < shorter]
    follows = {key.hint: f"[^ ]{{{key.follows}}}" for key in keys if key.broken or not broken}
    return re.compile(each_with(follows))


@cache
def _key_begins() -> list[tuple[float, re.Pattern[str], re.Pattern[str]]]:
    # The fewer formats to search for, the faster a text without any is passed: so there is one
    # pattern for the formats that fit into a shorter text, and one for those without an unbroken
    # run. They are not compiled at import: commands that mask nothing do not wait.
    return [
        (shorter, _begins(shorter, broken=False), _begins(shorter, broken=True))
        for shorter in (24, 40, math.inf)
    ]


def prepare() -> None:
    """Compile what takes longest, which would be drawn as time of the first request."""
    _key_begins()


#: Stands for the characters of words.
IN_WORD = "a"
_WORDS = bytes(
    ord(IN_WORD) if each > 127 or re.match(r"[\w-]", chr(each)) else ord(" ") for each in range(256)
)
_UNBROKEN = IN_WORD * UNBROKEN
_SERVICE_KEYS = service_keys()
_SERVICES = re.compile(any_of(_SERVICE_KEYS))
# To lower case, where each character stays one character.
_SMALL = {ord(each): ord(each.lower()) for each in string.ascii_uppercase}
# What must follow a service's name. None of their keys is shorter; few contain a dot, and those
# that may contain a slash, as most paths do, have upper-case letters and digits, too.
_LONG_VALUE = re.compile(
    r"""[=>:,|][`'"\s=]{0,5}(?=[\w+/=.:%-]{12})(?:[\w:=%-]{14}|(?i:sl\.|t1\.|tfp_)"""
    r"""|(?!//)(?:(?=[\w+/=]*[A-Z])(?=[\w+/=]*\d)[\w+/=]{12}|[\w+/=-]{80}))"""
)


def _pattern(hint: str, pattern: str) -> tuple[str, re.Pattern[str]]:
    return hint, re.compile(pattern, re.IGNORECASE)


_PRIVATE_KEY = re.compile(
    r"-----BEGIN[ \w-]{0,100}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?"
    r"(?:-----END[ \w-]{0,100}KEY(?: BLOCK)?-----|\Z)",
    re.IGNORECASE,
)
# Each with a substring that a text must contain for it.
_LOOKS = (
    _pattern("bearer ", r"(?<=bearer )[\w.~+/=-]{8,}"),
    _pattern("basic ", r"(?<=basic )(?=[\w+/]*(?-i:[\d=]|[a-z][A-Z]))[\w+/]{6,}={0,2}"),
    ("-----begin", _PRIVATE_KEY),
    # Hashed passwords: bcrypt, argon2 and the like, and Werkzeug's own.
    _pattern(
        "$",
        r"\$(?:2[abxy]|[156]|y|argon2\w{1,2}|pbkdf2[\w-]*|scrypt|bcrypt[\w-]*)\$[\w./$=,+-]{16,}",
    ),
    _pattern("$", r"\b(?:pbkdf2|scrypt)(?:[:_]\w+){1,3}\$[\w$]+\$[\w+/=]{16,}"),
    _pattern("{ssha", r"\{SSHA\d*\}[\w+/=]{20,}"),
)

# The user info of a URL: up to the last "@", if a colon that does not begin a port shows that there
# is a password, which may contain any character; a quote ends it where the URL may end.
_SIGN = r"""(?:[^\s"'<>]|["'<>](?![\s,;:)\]}>]|$))"""
_USERINFO = re.compile(
    rf"""(?<=://)(?!\[)(?:[^\s/?#"'<>@:]*:(?!\d{{1,5}}(?:[/?#\s"',;)\]}}]|$)){_SIGN}*"""
    rf"""|[^\s/?#"'<>]+)(?=@[\w\[(./•-])"""
)
# user:password@tcp(host)/database as in Go, and Oracle's user/password@host.
_RUN = re.compile(r"\S+")
_DSNS = (
    (re.compile(r"(?<![\w/.:-])[\w.-]+:(?=\S)"), re.compile(r"@\w+\(")),
    (re.compile(r"thin:(?=[^\s@:]+/\S)", re.IGNORECASE), re.compile("@")),
)

# Card numbers, by the digits of their issuers.
# Digits become one digit; upper-case letters one letter, other letters another; all else stays.
_DIGITS = bytes(
    ord("0") if each > 127 or chr(each).isdigit() else ord("A") if chr(each).isupper() else each
    for each in range(256)
)
_IBAN_BEGINS = "AA00"
_MAY_BE_CARD = re.compile(r"\d{3}(?:\d{10}|([ -])\d{2,6}\1\d{2,6}(?:\1\d\d|(?<=\d{5})))")
_CARD = re.compile(
    r"(?<![\w.%-])(?:4\d{3}|5[1-5]\d\d|2[2-7]\d\d|6(?:011|5\d\d|4[4-9]\d|2\d\d)|3(?:[47]|0[0-5]|[68]|5)\d{1,2})"
    r"(?:([ -]?)\d{2,6}(?:\1\d{2,6}){0,3}|\d{9,15})(?![\w/=%]|[.-]\d)"
)
_CARD_LENGTHS = frozenset((13, 14, 15, 16, 19))
_IBAN = re.compile(r"[A-Z]{2}\d{2}(?<!\w.{4})(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
_SHORTEST_NUMBER = 13
_THIRTEEN = "0" * _SHORTEST_NUMBER


def mask_patterns(text: str) -> str:
    """Mask all strings that look like secrets."""
    if "@" in text:
        if "://" in text:
            text = _USERINFO.sub(MASK, text)
        if _DSNS[0][1].search(text) or "thin:" in text.lower():
            text = _RUN.sub(_mask_dsn, text)
    if " " in text or "$" in text or "-----" in text or "{" in text:
        folded = text.lower()
        for hint, pattern in _LOOKS:
            if hint in folded:
                text = pattern.sub(MASK, text)
    if len(text) < SHORTEST_KEY:
        return text
    runs = text.encode("utf-8", "surrogatepass").translate(_RUNS).split()
    long = [each for each in runs if len(each) >= SHORTEST_KEY]
    if long:
        # Only runs that may be keys are searched for prefixes.
        together = b" ".join(long)
        folded = together.decode("utf-8", "surrogatepass")
        if may_have_key(folded, together.translate(_WORDS).decode()):
            text = _mask_keys(text, folded)
        text = mask_service_keys(text)
    return mask_numbers(text)


def _mask_dsn(run: re.Match[str]) -> str:
    text = run[0]
    for before, after in _DSNS:
        ends = [each.start() for each in after.finditer(text)]
        match = before.search(text, 0, ends[-1]) if ends else None
        if match is not None:
            begin = match.end() if after is _DSNS[1][1] else match.start()
            text = f"{text[:begin]}{MASK}{text[ends[-1] :]}"
    return text


def may_have_key(folded: str, words: str) -> bool:
    """Return whether a text contains something that begins like a key.

    :param folded: a text in lower case.
    :param words: has `IN_WORD` for each word character.
    """
    unbroken = _UNBROKEN in words
    for shorter, every, broken in _key_begins():
        if len(folded) < shorter:
            return (every if unbroken else broken).search(folded) is not None
    return True


def _mask_keys(text: str, folded: str) -> str:
    for key in _KEYS:
        if key.hint in folded:
            text = compiled(key.pattern).sub(MASK, text)
    return text


def mask_service_keys(text: str) -> str:
    """Mask the keys that are recognised by the name of their service before them."""
    if _LONG_VALUE.search(text) is None:
        return text
    folded = text.lower() if text.isascii() else text.translate(_SMALL)
    parts: list[str] = []
    at = 0
    for name in _SERVICES.finditer(folded):
        if name.start() < at:
            continue
        match = compiled(_SERVICE_KEYS[name[0]]).match(text, name.start())
        if match is not None:
            parts += (text[at : match.end(1)], MASK)
            at = match.end()
    return "".join((*parts, text[at:])) if parts else text


def mask_private_keys(code: str) -> str:
    """Mask the private keys in lines of code, and keep the number of lines."""
    if "-----" not in code:
        return code
    return _PRIVATE_KEY.sub(lambda match: MASK + "\n" * match[0].count("\n"), code)


def mask_numbers(text: str) -> str:
    """Mask the numbers of cards and bank accounts, which are recognised by their check digits."""
    if len(text) < _SHORTEST_NUMBER:
        return text
    digits = _digits(text)
    if _may_have_card(text, digits):
        text = _CARD.sub(lambda match: MASK if is_card(match[0]) else match[0], text)
    if _IBAN_BEGINS in digits:
        text = _IBAN.sub(lambda match: MASK if _is_iban(match[0]) else match[0], text)
    return text


def may_have_number(text: str) -> bool:
    """Return whether a text may contain the number of a card or a bank account."""
    digits = _digits(text)
    return _IBAN_BEGINS in digits or _may_have_card(text, digits)


def _digits(text: str) -> str:
    # Latin-1 has a character for each byte.
    return text.encode("utf-8", "surrogatepass").translate(_DIGITS).decode("latin-1")


def _may_have_card(text: str, digits: str) -> bool:
    return (
        digits.count("0") >= _SHORTEST_NUMBER
        and (_THIRTEEN in digits or "000 00" in digits or "000-00" in digits)
        and _MAY_BE_CARD.search(text) is not None
    )


def is_card(number: str) -> bool:
    """Return whether digits with separators are a card number (ISO/IEC 7812).

    One number in ten has the right check digit, clocks too: the issuer tells them apart.
    """
    if _CARD.fullmatch(number) is None:
        return False
    digits = [int(each) for each in number if each.isdecimal()]
    doubled = [sum(divmod(2 * each, 10)) for each in digits[-2::-2]]
    return (
        len(digits) in _CARD_LENGTHS
        and len(set(digits)) > 1
        and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
    )


def _is_iban(text: str) -> bool:
    compact = text.replace(" ", "")
    return int("".join(str(int(each, 36)) for each in compact[4:] + compact[:4])) % 97 == 1


__all__ = [
    "IN_WORD",
    "MASK",
    "SHORTEST_KEY",
    "is_card",
    "mask_numbers",
    "mask_patterns",
    "mask_private_keys",
    "mask_service_keys",
    "may_have_key",
    "may_have_number",
    "prepare",
]
