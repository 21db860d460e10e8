from __future__ import annotations

import pytest

from flask_lifecycle.trace.noise import differ, typical

MS = 1_000_000


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([10 * MS], [10 * MS], False),
        # At least 5% and 100 µs, whichever is more.
        ([10 * MS], [10 * MS + 499_000], False),
        ([10 * MS], [11 * MS], True),
        ([1000], [90_000], False),
        ([1000], [190_000], True),
        # More than three times the larger deviation.
        ([9 * MS, 10 * MS, 11 * MS], [12 * MS, 13 * MS, 14 * MS], False),
        ([9 * MS, 10 * MS, 11 * MS], [13 * MS, 14 * MS, 15 * MS], True),
        ([10 * MS, 10 * MS, 10 * MS], [4 * MS, 14 * MS, 24 * MS], False),
        # One outlier moves neither the median nor the deviation.
        ([10 * MS, 10 * MS, 90 * MS], [12 * MS, 12 * MS, 12 * MS], True),
        ([], [10 * MS], False),
    ],
)
def test_what_is_beyond_the_noise(a: list[int], b: list[int], expected: bool) -> None:
    assert differ(a, b) is expected
    assert differ(b, a) is expected


def test_the_typical_time_is_the_median() -> None:
    assert typical([3, 1, 100]) == 3
    assert typical([1, 2]) == 2
    assert typical([]) is None
