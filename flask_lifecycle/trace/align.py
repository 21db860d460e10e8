"""Align two sequences: which items are the same, in an order that both have."""

from __future__ import annotations

import typing as t
from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Sequence

#: Items are compared as tuples of texts.
Key = tuple[str, ...]
#: The indexes of an item in both sequences.
Match = tuple[int, int]

# The exact way takes the product of both lengths.
_EXACT = 400_000


def align(a: Sequence[Key], b: Sequence[Key]) -> list[Match]:
    """Return the matches of two sequences, in order; each item is in at most one of them.

    The number of matches is the maximum, except for long sequences with many differences. Swapping
    the sequences swaps the matches.
    """
    if list(a) > list(b):
        # Of several ways that are equally good, the same one is taken from either side.
        return [(i, j) for j, i in align(b, a)]
    most = min(len(a), len(b))
    head = next((i for i in range(most) if a[i] != b[i]), most)
    most -= head
    tail = next((i for i in range(most) if a[-1 - i] != b[-1 - i]), most)
    left, right = a[head : len(a) - tail], b[head : len(b) - tail]
    inner = _exact if len(left) * len(right) <= _EXACT else _quick
    return [
        *((i, i) for i in range(head)),
        *((head + i, head + j) for i, j in inner(left, right)),
        *((len(a) - i, len(b) - i) for i in range(tail, 0, -1)),
    ]


def _exact(a: Sequence[Key], b: Sequence[Key]) -> list[Match]:
    """Return the longest common subsequence, by dynamic programming."""
    # Of the items from each index on.
    longest = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i in range(len(a) - 1, -1, -1):
        row, below, key = longest[i], longest[i + 1], a[i]
        for j in range(len(b) - 1, -1, -1):
            row[j] = below[j + 1] + 1 if key == b[j] else max(below[j], row[j + 1])
    found, i, j = [], 0, 0
    while i < len(a) and j < len(b):
        if a[i] == b[j]:
            found.append((i, j))
            i, j = i + 1, j + 1
        elif longest[i + 1][j] >= longest[i][j + 1]:
            i += 1
        else:
            j += 1
    return found


def _quick(a: Sequence[Key], b: Sequence[Key]) -> list[Match]:
    """Match the n-th item of each key with the n-th in the other sequence, as far as order allows.

    Those that remain are the longest increasing subsequence.
    """
    places: defaultdict[Key, deque[int]] = defaultdict(deque)
    for j, key in enumerate(b):
        places[key].append(j)
    pairs = [(i, places[key].popleft()) for i, key in enumerate(a) if places.get(key)]
    # The last pairs of increasing runs, by length, with the pair before each.
    ends: list[int] = []
    last: list[int] = []
    before: list[int | None] = []
    for at, (_, j) in enumerate(pairs):
        length = bisect_left(ends, j)
        before.append(last[length - 1] if length else None)
        ends[length : length + 1] = [j]
        last[length : length + 1] = [at]
    found: list[Match] = []
    at_: int | None = last[-1] if last else None
    while at_ is not None:
        found.append(pairs[at_])
        at_ = before[at_]
    return found[::-1]


def merged(a: int, b: int, matches: t.Iterable[Match]) -> t.Iterator[tuple[int | None, int | None]]:
    """Yield all indexes of two sequences in one order: those of ``a``, then those of ``b``.

    :param a: the length of the first sequence.
    :param b: the length of the second.
    :param matches: the items that are the same.
    """
    i = j = 0
    for match in (*matches, (a, b)):
        yield from ((each, None) for each in range(i, match[0]))
        yield from ((None, each) for each in range(j, match[1]))
        if match != (a, b):
            yield match
        i, j = match[0] + 1, match[1] + 1


__all__ = ["Key", "Match", "align", "merged"]
