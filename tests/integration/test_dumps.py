"""What is stored as JSON: compiled, it is the same text, and fails for what is left to the twin."""

from __future__ import annotations

import random
import sys
import typing as t

import pytest

from flask_lifecycle.core import dumps, twin
from flask_lifecycle.trace.notes import Facts

TEXTS = [
    *("", "plain", 'a"b\\c/', "\b\f\n\r\t", "\x00\x1f\x7f\x80\xff", "é•\u2028\uffff"),
    *("😀\U0010ffff", "\ud83d", "\udce9x", "a" * 5000 + "é" * 5000 + "😀" * 5000),
]
NUMBERS = [0, -1, 2**63 - 1, -(2**63), True, False, 0.0, -0.0, 1.5, 1e22, 1e300, 5e-324, 0.1]


@pytest.mark.parametrize(
    "value",
    [
        *TEXTS,
        *NUMBERS,
        *(None, [], {}, (), [[], {}], {"": None}),
        {text: [text, (text,)] for text in TEXTS},
        Facts(a=Facts(b=[1, 2.5, "c"])),
    ],
    ids=lambda value: repr(value)[:20].encode("ascii", "replace").decode(),
)
def test_it_is_the_same_text(value: object) -> None:
    assert dumps(value) == twin.dumps(value)


def test_it_is_the_same_text_for_random_values() -> None:
    chance = random.Random(1)

    def made(depth: int) -> t.Any:
        kind = chance.randrange(5 if depth else 2)
        if kind == 0:
            return chance.choice(NUMBERS)
        if kind == 1:
            return chance.choice(TEXTS[:-1])
        items = [made(depth - 1) for _ in range(chance.randrange(6))]
        if kind == 2:
            return items
        return tuple(items) if kind == 3 else {chance.choice(TEXTS[:-1]): each for each in items}

    for _ in range(2000):
        value = made(5)
        assert dumps(value) == twin.dumps(value)


@pytest.mark.parametrize("bad", [float("nan"), float("-inf"), object(), b"a", {1}], ids=type)
def test_what_is_no_json_fails(bad: object) -> None:
    for value in (bad, [1, [bad]], {"a": {"b": bad}}):
        before = sys.getrefcount(bad)
        with pytest.raises((TypeError, ValueError)):
            dumps(value)
        assert sys.getrefcount(bad) == before


def test_a_circle_fails() -> None:
    circle: list[object] = []
    circle.append({"a": (circle,)})
    with pytest.raises(RecursionError):
        dumps(circle)
