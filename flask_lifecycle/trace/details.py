"""Read details whatever their shape, as they may come from a file."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping


def mapping(value: t.Any) -> Mapping[str, t.Any]:
    """Return an object, or an empty one if the value is something else."""
    return value if isinstance(value, dict) else {}


def texts(value: t.Any) -> list[str]:
    """Return the texts of a list; what is something else is left out."""
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def pairs(value: t.Any) -> Iterator[tuple[str, str]]:
    """Yield the pairs of texts in a list, such as headers."""
    for pair in value if isinstance(value, list) else ():
        if isinstance(pair, list) and len(pair) == len(texts(pair)) == 2:
            yield pair[0], pair[1]


__all__ = ["mapping", "pairs", "texts"]
