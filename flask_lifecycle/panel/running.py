"""Filters on a request that still runs: they test what is known of it so far."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from ..summary.summarize import summarize
from ..trace.writer import LiveTrace
from .filter import parse


class _Known(dict[str, t.Any]):
    """The summary of a running request; what takes time to find is only looked up if needed."""

    def __init__(self, trace: LiveTrace) -> None:
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

    def __missing__(self, key: str) -> t.Any:
        return self.setdefault(key, summarize(self._trace)[key])


def parse_running(text: str) -> Callable[[LiveTrace], bool]:
    """Parse a filter into a predicate on running requests.

    :raises FilterError: a term cannot be parsed.
    """
    test = parse(text)
    return lambda trace: test(_Known(trace))


__all__ = ["parse_running"]
