"""A fast test for texts in which nothing is masked."""

from __future__ import annotations

from .commands import may_be_command
from .names import IsSecret
from .patterns import IN_WORD, SHORTEST_KEY, mask_service_keys, may_have_key, may_have_number

# Characters that form no tag, call or hash: those of keys, those of pairs, and others.
_IN_KEYS = "./+~%@"
_OF_PAIRS = ":="
_OTHERS = ";?!&*#^\"'"


def _kind(sign: str) -> str:
    if sign.isalnum() or sign in "_-":
        return IN_WORD
    if sign in _IN_KEYS:
        return "."
    if sign in _OF_PAIRS:
        return ":"
    if sign == "," or sign.isspace():
        return " "
    return ";" if sign in _OTHERS else "!"


_KINDS = bytes(ord(_kind(chr(each))) for each in range(128)) + b"!" * 128
_LONG_RUN = IN_WORD * SHORTEST_KEY


def is_harmless(text: str, may_name: IsSecret) -> bool:
    """Return whether nothing in a text is masked; False if that needs a full check.

    Most values are a word, a path or a few words: the full masking would find nothing in them, and
    take several times as long.

    :param may_name: is False if a text contains no secret name.
    """
    if not text.isascii():
        return False
    kinds = text.encode().translate(_KINDS).decode()
    if "!" in kinds:
        return False
    # A pair's separator may be encoded.
    paired = ":" in kinds or "%" in text
    if paired and ("@" in text or "input_value=" in text or may_name(text)):
        return False
    several = " " in kinds
    if several and _may_have_phrase(text):
        return False
    several = several or ";" in kinds
    if len(text) < SHORTEST_KEY:
        return True
    if may_have_number(text):
        return False
    if several and _LONG_RUN not in kinds.replace(".", IN_WORD).replace(":", IN_WORD):
        return True
    if (several or paired) and mask_service_keys(text) is not text:
        return False
    return not may_have_key(text.lower(), kinds)


def _may_have_phrase(text: str) -> bool:
    """Return whether a text may contain words that make what follows secret."""
    folded = text.lower()
    return (
        "bearer " in folded
        or "basic " in folded
        or "-----" in folded
        or "duplicate entry" in folded
        or may_be_command(text)
    )


__all__ = ["is_harmless"]
