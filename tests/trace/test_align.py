"""Alignments keep the order of both sequences, and are as long as they can be."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_lifecycle.trace import align as module
from flask_lifecycle.trace.align import Key, align, merged

_sequences = st.lists(st.sampled_from("abcd").map(lambda each: (each,)), max_size=12)


@given(_sequences)
def test_a_sequence_is_aligned_with_itself_item_by_item(a: list[Key]) -> None:
    assert align(a, a) == [(i, i) for i in range(len(a))]


@pytest.mark.parametrize("exact", [True, False])
@given(a=_sequences, b=_sequences)
def test_alignments_keep_the_order_and_are_symmetric(
    exact: bool, a: list[Key], b: list[Key]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_EXACT", 10**6 if exact else 0)
        matches = align(a, b)
        assert [(i, j) for j, i in align(b, a)] == matches
    assert all(a[i] == b[j] for i, j in matches)
    for one, next_ in pairwise(matches):
        assert one[0] < next_[0]
        assert one[1] < next_[1]
    if exact:
        assert len(matches) == longest(tuple(a), tuple(b))


def longest(a: tuple[Key, ...], b: tuple[Key, ...]) -> int:
    """Return the length of the longest common subsequence, by its definition."""
    if not a or not b:
        return 0
    at = b.index(a[0]) if a[0] in b else None
    without = longest(a[1:], b)
    return without if at is None else max(without, 1 + longest(a[1:], b[at + 1 :]))


@given(a=_sequences, b=_sequences)
def test_merged_has_each_index_once_in_the_order_of_both(a: list[Key], b: list[Key]) -> None:
    rows = [*merged(len(a), len(b), align(a, b))]
    assert [i for i, _ in rows if i is not None] == [*range(len(a))]
    assert [j for _, j in rows if j is not None] == [*range(len(b))]


def test_very_long_sequences_do_not_take_the_product_of_their_lengths() -> None:
    a = [(str(i * 7919 % 1000),) for i in range(40_000)]
    b = [(str(i * 104_729 % 1000),) for i in range(40_000)]
    begin = time.process_time()
    assert len(align(a, b)) > 100
    assert time.process_time() - begin < 5
