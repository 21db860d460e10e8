"""Filters on a request that still runs: they test what is known of it so far."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from time import perf_counter
from weakref import WeakKeyDictionary

from ..summary.filter import parse
from ..summary.summarize import summarize
from ..trace.model import JsonObject
from ..trace.writer import LiveTrace

# When summaries of one request have taken this many seconds, the next ones take at most a tenth of
# the time that passes: a function may be called in a loop.
_FREE = 0.1
_SHARE = 10


class _Taken(t.NamedTuple):
    """The last summary of a request, what all of them took, and until when it is used again."""

    summary: JsonObject
    spent: float
    until: float


class _Summaries:
    """The summaries of running requests."""

    def __init__(self) -> None:
        self._taken: WeakKeyDictionary[LiveTrace, _Taken] = WeakKeyDictionary()

    def of(self, trace: LiveTrace) -> JsonObject:
        begun = perf_counter()
        last = self._taken.get(trace)
        if last is not None and begun < last.until:
            return last.summary
        summary = summarize(trace)
        now = perf_counter()
        spent = now - begun + (0.0 if last is None else last.spent)
        until = now + _SHARE * (now - begun) if spent > _FREE else 0.0
        self._taken[trace] = _Taken(summary, spent, until)
        return summary


class _Known(dict[str, t.Any]):
    """The summary of a running request; what takes time to find is only looked up if needed."""

    def __init__(self, trace: LiveTrace, summaries: _Summaries) -> None:
        super().__init__(
            method=trace.method,
            path=trace.path,
            query=trace.query,
            endpoint=trace.endpoint,
            blueprints=list(trace.blueprints),
            status=trace.status,
            server_error_by=trace.server_error_by,
            parent=trace.parent,
            state="running",
            duration=None,
            elapsed=trace.elapsed(),
            app_time=trace.app_time,
        )
        self._trace = trace
        self._summaries = summaries

    def __missing__(self, key: str) -> t.Any:
        return self._summaries.of(self._trace)[key]


def parse_running(text: str) -> Callable[[LiveTrace], bool]:
    """Parse a filter into a predicate on running requests.

    :raises FilterError: a term cannot be parsed.
    """
    test = parse(text)
    summaries = _Summaries()
    return lambda trace: test(_Known(trace, summaries))


__all__ = ["parse_running"]
