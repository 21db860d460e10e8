"""Several requests of one process as they are stored together.

They share the tracepoints of their steps, are compressed at once, and need nothing else to be read.
"""

from __future__ import annotations

import json
import sys
import typing as t
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache

from ..faults import fault
from ..recording.json_text import write_json
from ..summary.summarize import summarize
from ..trace.files import is_file
from ..trace.kept import numbers_in
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
#: The most requests of a batch, which is removed, and read, as a whole.
MOST: int = 100
_MOST_BYTES = 256 * 1024
# Requests are made JSON together, in one call: a call for each takes as long as a third of it. No
# other thread runs meanwhile. A request is estimated to have so many bytes beside its details.
_AT_ONCE, _FEWEST_BYTES = 16 * 1024, 512

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
    #: The requests themselves.
    traces: Sequence[LiveTrace] = ()


def packed(
    traces: Iterable[LiveTrace], pause: Callable[[], None], *, with_summaries: bool = False
) -> Iterator[Batch]:
    """Yield finished requests of one process and app in batches.

    :param pause: called often, to let other threads run.
    :param with_summaries: whether to make these now, which takes as long as all else.
    """
    open_batch = _Open()
    for trace in traces:
        try:
            open_batch.add(trace, _summary(trace) if with_summaries else "")
        except Exception as error:
            fault("a request for the history", error)
        is_full = len(open_batch) >= MOST or open_batch.size + open_batch.waits > _MOST_BYTES
        if is_full or open_batch.waits > _AT_ONCE:
            open_batch.write()
            pause()
        if is_full:
            yield from open_batch.closed()
            open_batch = _Open()
    yield from open_batch.closed()


class _Row(t.NamedTuple):
    """A request that waits to be written."""

    trace: LiveTrace
    request: Request
    fields: list[t.Any]


class _Open:
    """A batch to which requests are added."""

    def __init__(self) -> None:
        #: The bytes of what is written, and an estimate of those of what waits.
        self.size: int = 0
        self.waits: int = 0
        self._waiting: list[_Row] = []
        self._written: list[_Row] = []
        self._process: JsonObject = {}
        self._routes: dict[Route, int] = {}
        self._texts: list[str] = []
        self._numbers: list[bytes] = []

    def __len__(self) -> int:
        return len(self._written) + len(self._waiting)

    def add(self, trace: LiveTrace, summary: str) -> None:
        """Add a request."""
        if trace.kept is None:
            raise ValueError("it has not finished")
        if not self._process:
            self._process = header(trace)["process"]
        trace_id, route, path = trace.id, trace.route, trace.path
        at = None if route is None else self._routes.setdefault(route, len(self._routes))
        try:
            fields = [at, *fields_of(trace, trace_id, form_of)]
        except Exception:
            fields = [at, *fields_of(trace, trace_id, _writable)]
        request = Request(trace_id, is_file(trace.endpoint, path), trace.cleared, summary)
        self._waiting.append(_Row(trace, request, fields))
        self.waits += _FEWEST_BYTES + len(path) + len(trace.query) + trace.detail_bytes

    def write(self) -> None:
        """Write what waits."""
        waiting, self._waiting, self.waits = self._waiting, [], 0
        try:
            if waiting:
                self._write(waiting, _write([each.fields for each in waiting])[1:-1])
        except Exception:
            for each in waiting:
                try:
                    self._write([each], _text(each))
                except Exception as error:
                    fault("a request for the history", error)

    def _write(self, rows: list[_Row], text: str) -> None:
        numbers = [numbers_of(each.trace) for each in rows]
        self._written += rows
        self._texts.append(text)
        self._numbers += numbers
        self.size += len(text) + sum(map(len, numbers))

    def closed(self) -> Iterator[Batch]:
        """Yield the batch, if it has any request."""
        self.write()
        if not self._written:
            return
        traces = [each.trace for each in self._written]
        steps = b"".join([each.kept.steps for each in traces if each.kept is not None])
        head = _write(
            {
                "order": sys.byteorder,
                "process": self._process,
                "routes": [(each.rule, each.endpoint, each.blueprints) for each in self._routes],
                "fields": ("route", *FIELDS),
                "sizes": [*map(len, self._numbers)],
            }
        )
        used = ",".join(map(_tracepoint, numbers_in(steps)))
        text = f'{head[:-1]},"tracepoints":[{used}],"traces":[{",".join(self._texts)}]}}'
        # Numbers take longer to compress than text, and become half as small.
        data = zlib.compress(text.encode("ascii"), _LEVEL)
        requests = [each.request for each in self._written]
        yield Batch(requests, b"".join((FORMAT, data, *self._numbers)), traces)


def _text(row: _Row) -> str:
    """Return one request as JSON, without what cannot be written."""
    try:
        return _write(row.fields)
    except Exception:
        return _write([row.fields[0], *fields_of(row.trace, row.request.id, _writable)])


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


__all__ = ["FORMAT", "MOST", "Batch", "Request", "packed"]
