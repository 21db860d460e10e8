"""Caches of earlier results, by hashes: a text that may be a secret is stored nowhere."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable

from .names import secret_names
from .sql import Placeholders
from .values import MARGIN, TEXT

M = t.TypeVar("M", dict[int, bool], dict[int, Placeholders], dict[int, tuple[str, str]], set[int])

#: The maximum number of entries.
CACHED = 4096
_CACHED_LENGTH = 128


def bounded(cache: M) -> M:
    """Return a cache with capacity for one more."""
    if len(cache) >= CACHED:
        cache.clear()
    return cache


class KnownNames:
    """Remembers which names are secret.

    :param names: names that are secret in addition to the built-in ones.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._is_secret = secret_names(names)
        self._known: dict[int, bool] = {}

    def is_secret(self, name: str) -> bool:
        """Return whether values under this name are masked."""
        known = self._known.get(hash(name))
        if known is None:
            known = self._is_secret(name[: TEXT + MARGIN])
            if len(name) < _CACHED_LENGTH:
                bounded(self._known)[hash(name)] = known
        return known


__all__ = ["CACHED", "KnownNames", "bounded"]
