"""Mask the secret arguments of query strings, however often they are encoded."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote_plus

from .names import IsSecret
from .patterns import MASK

_ARGUMENT = re.compile(r"([^&=\s?;]+)=([^&\s]*)")
_ENCODED_TIMES = 4


def mask_arguments(query: str, is_secret: IsSecret, masked: Callable[[str], str]) -> str:
    """Mask the secret arguments of a query string.

    :param masked: masks a text; it is called for encoded values.
    """

    def mask_argument(match: re.Match[str]) -> str:
        name, value = match[1], _decoded(match[2])
        hidden = is_secret(_decoded(name)) or (value != match[2] and masked(value) != value)
        return f"{name}={MASK}" if hidden else match[0]

    return _ARGUMENT.sub(mask_argument, query)


def _decoded(text: str) -> str:
    for _ in range(_ENCODED_TIMES):
        plain = unquote_plus(text)
        if plain == text:
            break
        text = plain
    return text


__all__ = ["mask_arguments"]
