"""Several requests of one process as they are stored together.

They share the tracepoints of their steps, are compressed at once, and need nothing else to be read.
"""

from __future__ import annotations

import json
import sys
import typing as t
import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from ..faults import fault
from ..recording.json_text import write_json
from ..summary.summarize import summarize
from ..trace.files import is_file
from ..trace.model import JsonObject
from ..trace.notes import Detail, Stored
from ..trace.snapshot import header
from ..trace.stored import (
    FIELDS,
    fields_of,
    form_of,
    numbers_of,
    tracepoint_fields,
)
from ..trace.tracepoint import TRACEPOINTS
from ..trace.writer import LiveTrace, Route

#: The first byte.
FORMAT = b"\x02"
# Higher levels take several times as long, and save a tenth.
_LEVEL = 1
_TRACEPOINTS = 10_000
# A batch of more is written at once: it is removed as a whole.
_MOST_BYTES = 256 * 1024

# What is in it is masked, capped and has no cycles as a rule: what fails is written step by step.
_write = json.JSONEncoder(allow_nan=False, check_circular=False, separators=(",", ":")).encode


class Request(t.NamedTuple):
    """What a history has to know of each request to list, clear and remove it."""

    id: str
    is_file: bool
    cleared: float | None
    #: As JSON; empty if it is to be made by the first reader.
    summary: str = ""


class Batch(t.NamedTuple):
    """Some requests, as ``data`` that :class:`Unpacked <.unpacked.Unpacked>` reads."""

    requests: list[Request]
    data: bytes


def packed(
    traces: Iterable[LiveTrace], pause: Callable[[], None], *, with_summaries: bool = False
) -> Iterator[Batch]:
    """Yield finished requests of one process and app in batches.

    :param pause: called after each request, to let other threads run.
    :param with_summaries: whether to make these now, which takes as long as all else.
    """
    open_batch = _Open()
    for trace in traces:
        try:
            open_batch.add(trace, _summary(trace) if with_summaries else "")
        except Exception as error:
            fault("a request for the history", error)
        pause()
        if open_batch.size > _MOST_BYTES:
            yield open_batch.closed()
            open_batch = _Open()
    if open_batch.requests:
        yield open_batch.closed()


class _Open:
    """A batch to which requests are added."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.size = 0
        self._process: JsonObject = {}
        self._used: set[int] = set()
        self._routes: dict[Route, int] = {}
        self._texts: list[str] = []
        self._numbers: list[bytes] = []

    def add(self, trace: LiveTrace, summary: str) -> None:
        kept = trace.kept
        if kept is None:
            raise ValueError("it has not finished")
        if not self.requests:
            self._process = header(trace)["process"]
        numbers = numbers_of(trace, kept)
        route = trace.route
        at = None if route is None else self._routes.setdefault(route, len(self._routes))
        text = _text(trace, at)
        self._used.update(kept.numbers())
        self._texts.append(text)
        self._numbers.append(numbers)
        self.size += len(text) + len(numbers)
        of_file = is_file(trace.endpoint, trace.path)
        self.requests.append(Request(trace.id, of_file, trace.cleared, summary))

    def closed(self) -> Batch:
        head = _write(
            {
                "order": sys.byteorder,
                "process": self._process,
                "routes": [(each.rule, each.endpoint, each.blueprints) for each in self._routes],
                "fields": ("route", *FIELDS),
                "sizes": [*map(len, self._numbers)],
            }
        )
        used = ",".join(map(_tracepoint, self._used))
        text = f'{head[:-1]},"tracepoints":[{used}],"traces":[{",".join(self._texts)}]}}'
        # Numbers take longer to compress than text, and become half as small.
        data = zlib.compress(text.encode("ascii"), _LEVEL)
        return Batch(self.requests, b"".join((FORMAT, data, *self._numbers)))


def _text(trace: LiveTrace, route: int | None) -> str:
    try:
        return _write([route, *fields_of(trace, form_of)])
    except Exception:
        return _write([route, *fields_of(trace, _writable)])


def _writable(note: Detail, trace: LiveTrace) -> Stored:
    """Return what is stored of a step, or nothing: that is better than no request."""
    try:
        stored = form_of(note, trace)
        _write(stored)
    except Exception as error:
        fault("a step in the history", error)
        return None, {}
    return stored


@lru_cache(_TRACEPOINTS)
def _tracepoint(number: int) -> str:
    return _write((number, *tracepoint_fields(TRACEPOINTS[number])))


def _summary(trace: LiveTrace) -> str:
    try:
        return write_json(summarize(trace))
    except Exception as error:
        fault("a summary for the history", error)
        return ""


__all__ = ["FORMAT", "Batch", "Request", "packed"]
