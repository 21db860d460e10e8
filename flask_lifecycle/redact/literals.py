"""Compile many literals into one regular expression that is as fast as one for a few."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping


def any_of(literals: Iterable[str]) -> str:
    """Return a pattern that matches any of the literals."""
    return each_with(dict.fromkeys(literals, ""))


def each_with(suffixes: Mapping[str, str]) -> str:
    """Return a pattern that matches any of the literals if its own suffix follows.

    It branches at each character, so that a text that begins like none of them is skipped at once.

    :param suffixes: patterns, by the literals before them.
    """
    following: dict[str, dict[str, str]] = {}
    for literal, suffix in suffixes.items():
        if literal:
            following.setdefault(literal[0], {})[literal[1:]] = suffix
    branches = [re.escape(first) + each_with(rest) for first, rest in sorted(following.items())]
    branches += [suffixes[""]] if "" in suffixes else []
    return branches[0] if len(branches) == 1 else f"(?:{'|'.join(branches)})"


__all__ = ["any_of", "each_with"]
