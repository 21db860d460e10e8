"""Whether times differ by more than chance."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

# Differences below either are never shown: a share of the time, and ns.
_SHARE = 0.05
_LEAST = 100_000
# In median absolute deviations.
_DEVIATIONS = 3


def typical(times: Sequence[int]) -> int | None:
    """Return the median of some times, or None if there are none."""
    return round(median(times)) if times else None


def differ(a: Sequence[int], b: Sequence[int]) -> bool:
    """Return whether the medians of two series of times differ by more than the noise.

    The noise is three times the larger median absolute deviation, and at least 5% and 100 µs. A
    single time has no deviation: such a difference may be chance.
    """
    return excess(a, b) > 1


def excess(a: Sequence[int], b: Sequence[int]) -> float:
    """Return by how many times the noise the medians of two series of times differ."""
    if not a or not b:
        return 0
    centre_a, centre_b = median(a), median(b)
    noise = max(
        _DEVIATIONS * _deviation(a, centre_a),
        _DEVIATIONS * _deviation(b, centre_b),
        _SHARE * max(centre_a, centre_b),
        _LEAST,
    )
    return abs(centre_a - centre_b) / noise


def deviation(times: Sequence[int]) -> int | None:
    """Return the median absolute deviation of some times, or None for fewer than two."""
    return round(_deviation(times, median(times))) if times[1:] else None


def _deviation(times: Sequence[int], centre: float) -> float:
    return median(abs(each - centre) for each in times)


__all__ = ["deviation", "differ", "excess", "typical"]
