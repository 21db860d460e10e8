"""Two requests compared, each with its other runs, wherever these are."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterable, Sequence

from .alike import Header, are_repeated, runs_like
from .compare import Comparison, compare
from .model import Trace
from .spent import typical_first


class Side(t.NamedTuple):
    """One side of a comparison.

    ``ids`` name a request, or all of its runs that are wanted; ``get`` returns a request of an id,
    and ``headers`` those of all among which its other runs are.
    """

    ids: Sequence[str]
    get: Callable[[str], Trace]
    headers: Callable[[], Iterable[Header]]

    def named(self) -> list[Trace]:
        """Return the requests that the ids name."""
        return [self.get(each) for each in self.ids]

    def all(self) -> list[Trace]:
        """Return them, of one with its other runs; the most typical one is the first."""
        header = self.get(self.ids[0]).header()
        ids = self.ids if self.ids[1:] else runs_like(header, self.headers())
        return typical_first([self.get(each) for each in ids])


def side_of(traces: Iterable[Trace], ids: Sequence[str]) -> Side:
    """Return a side of which all requests are at hand."""
    by_id = {trace.id: trace for trace in traces}
    return Side(ids, by_id.__getitem__, lambda: [trace.header() for trace in by_id.values()])


def compare_runs(a: Side, b: Side) -> Comparison:
    """Compare all runs of both sides, or two runs of one request, which belong to neither side."""
    one, other = (side.get(side.ids[0]).header() for side in (a, b))
    if are_repeated(one, other):
        return compare(a.named(), b.named())
    return compare(a.all(), b.all())


__all__ = ["Side", "compare_runs", "side_of"]
