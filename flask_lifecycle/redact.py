"""Mask and cap values before they are kept. Pure: no object of the user's is changed or called."""

from __future__ import annotations

import math
import re
import typing as t
from collections.abc import Iterable

MASK = "••••••"

_NAMES = (
    "password",
    "passwd",
    "pwd",
    "secret",
    "token",
    "apikey",
    "api_key",
    "api-key",
    "authorization",
    "cookie",
    "credential",
    "private",
    "session",
    "csrf",
    "xsrf",
    "signature",
    "dsn",
    "auth",
)

_VALUES = re.compile(
    r"eyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*"  # JWT
    r"|(?<=bearer )[\w.~+/=-]{8,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|\bAKIA[0-9A-Z]{16}\b"
    r"|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)",  # userinfo of a URL
    re.IGNORECASE,
)
_PAIRS = re.compile(r"([^&=\s?]+)=([^&\s]*)")

_DEPTH = 6
_ITEMS = 100
_TEXT = 4096


class Redactor:
    """Mask by name and by pattern, and cap.

    :param names: more names to mask, beside the built-in ones; compared case-folded, as substrings.
    :param max_bytes: what one capture may hold.
    """

    def __init__(self, names: Iterable[str] = (), max_bytes: int = 65536) -> None:
        self._names = (*_NAMES, *(name.casefold() for name in names))
        self._cap = min(_TEXT, max_bytes)

    def is_secret(self, name: str) -> bool:
        """Tell whether values under this name are masked."""
        folded = name.casefold()
        return any(part in folded for part in self._names)

    def text(self, value: str) -> str:
        """Mask what looks like a secret, replace what JSON cannot hold, cap the length."""
        cut = value[: self._cap]
        clean = _VALUES.sub(MASK, cut).encode("utf-8", "replace").decode()
        return clean if len(value) <= self._cap else f"{clean}… ({len(value)} characters)"

    def query(self, value: str) -> str:
        """Mask the values of a query string by their names."""
        return _PAIRS.sub(
            lambda pair: f"{pair[1]}={MASK}" if self.is_secret(pair[1]) else pair[0],
            self.text(value),
        )

    def value(self, value: t.Any, depth: int = 0) -> t.Any:
        """Turn any value into JSON's types. Only exact built-in types are looked into."""
        kind = type(value)

        if value is None or kind is bool:
            return value
        if kind is int:
            return value if abs(value) < 2**53 else self._integer(value)
        if kind is float:
            return value if math.isfinite(value) else str(value)
        if kind is str:
            return self.text(value)
        if kind is bytes:
            return f"<{len(value)} bytes>"
        if kind is dict and depth < _DEPTH:
            return self._mapping(value, depth)
        if kind in (list, tuple) and depth < _DEPTH:
            return [self.value(item, depth + 1) for item in value[:_ITEMS]]

        return f"<{kind.__module__}.{kind.__qualname__}>"

    def named(self, name: str, value: t.Any) -> t.Any:
        """Turn a value under a name into JSON's types; masked where the name is secret."""
        return MASK if self.is_secret(name) else self.value(value)

    def _integer(self, value: int) -> str:
        return str(value) if value.bit_length() < 1024 else f"<int of {value.bit_length()} bits>"

    def _mapping(self, value: dict[t.Any, t.Any], depth: int) -> dict[str, t.Any]:
        result: dict[str, t.Any] = {}

        for key in list(value)[:_ITEMS]:
            name = key if type(key) is str else f"<{type(key).__name__}>"
            shown = self.text(name)
            result[shown] = MASK if self.is_secret(name) else self.value(value.get(key), depth + 1)

        return result


__all__ = ["MASK", "Redactor"]
