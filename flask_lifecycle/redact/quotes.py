"""Put a mask in place of a value, inside the value's own quotes."""

from __future__ import annotations

import re

from .patterns import MASK

_QUOTES = re.compile(r"""^([bBrRuU]{0,2}\\*["']).*?(\\*["'])?$""", re.DOTALL)


def quoted_mask(value: str) -> str:
    """Return the mask in the quotes of a value, if it has any."""
    match = _QUOTES.match(value)
    return MASK if match is None else f"{match[1]}{MASK}{match[2] or ''}"


def lines_mask(literal: str) -> str:
    """Return the same with the number of lines of a literal, for line numbers after it."""
    return quoted_mask(literal) + "\n" * literal.count("\n")


__all__ = ["lines_mask", "quoted_mask"]
