"""Several requests of one process as they are stored together.

They share the tracepoints of their steps, are compressed at once, and need nothing else to be read.
"""

from __future__ import annotations

import sys
import typing as t
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from functools import lru_cache
from itertools import compress, count

from ..core import twin
from ..faults import fault
from ..recording.json_text import write_json
from ..summary.summarize import summarize
from ..trace.files import is_file
from ..trace.model import JsonObject
from ..trace.notes import Detail
from ..trace.snapshot import process_of
from ..trace.stored import (
    FIELDS,
    Stored,
    fields_of,
    form_of,
    numbers_of,
    text_of,
    tracepoint_fields,
)
from ..trace.tracepoint import TRACEPOINTS
from ..trace.writer import LiveTrace, Route
from .protocol import MOST

#: The first byte, and that of batches without :func:`~..trace.stored.numbers_of` in short.
FORMAT = b"\x03"
OLDER = b"\x02"
# Higher levels take several times as long, and save a tenth.
_LEVEL = 1
# So little that it is used again, where the default is given back to the system after each batch.
_MEMORY = 6
_TRACEPOINTS = 10_000
_MOST_BYTES = 256 * 1024
# Other threads run after so many bytes, about a tenth of a millisecond.
_STRETCH = 16 * 1024


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
    open_batch, stretch = _Open(), 0
    for trace in traces:
        try:
            stretch += open_batch.add(trace, _summary(trace) if with_summaries else "")
        except Exception as error:
            fault("a request for the history", error)
        if stretch > _STRETCH:
            pause()
            stretch = 0
        if len(open_batch.requests) >= MOST or open_batch.size > _MOST_BYTES:
            yield open_batch.closed()
            open_batch = _Open()
    if open_batch.requests:
        yield open_batch.closed()


class _Open:
    """A batch to which requests are added."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.size: int = 0
        self._traces: list[LiveTrace] = []
        self._process: JsonObject = {}
        self._routes: dict[Route, int] = {}
        self._texts: list[bytes] = []
        self._numbers: list[bytes] = []
        self._are_short: list[bool] = []
        # By their numbers, whether tracepoints are used.
        self._used = bytearray(len(TRACEPOINTS))

    def add(self, trace: LiveTrace, summary: str) -> int:
        """Add a request; return its bytes."""
        trace_id, route = trace.id, trace.route
        numbers, is_short = numbers_of(trace, self._used)
        at = None if route is None else self._routes.setdefault(route, len(self._routes))
        try:
            text = text_of(trace, trace_id, at)
        except Exception:
            # What the compiled function leaves to its twin, and what cannot be written at all.
            text = twin.dumps([at, *fields_of(trace, trace_id, _writable)]).encode("ascii")
        if not self._process:
            self._process = asdict(process_of(trace))
        of_file = is_file(None if route is None else route.endpoint, trace.path)
        self.requests.append(Request(trace_id, of_file, trace.cleared, summary))
        self._traces.append(trace)
        self._texts.append(text)
        self._numbers.append(numbers)
        self._are_short.append(is_short)
        size = len(text) + len(numbers)
        self.size += size
        return size

    def closed(self) -> Batch:
        """Return the batch."""
        head = twin.dumps(
            {
                "order": sys.byteorder,
                "process": self._process,
                "routes": [(each.rule, each.endpoint, each.blueprints) for each in self._routes],
                "fields": ("route", *FIELDS),
                "sizes": [*map(len, self._numbers)],
                "short": self._are_short,
            }
        )
        used = ",".join(map(_tracepoint, compress(count(), self._used)))
        begun = f'{head[:-1]},"tracepoints":[{used}],"traces":['.encode("ascii")
        # Numbers take longer to compress than text, and become half as small.
        data = _compressed(b"".join((begun, b",".join(self._texts), b"]}")))
        return Batch(self.requests, b"".join((FORMAT, data, *self._numbers)), self._traces)


def _compressed(data: bytes) -> bytes:
    made = zlib.compressobj(_LEVEL, wbits=zlib.MAX_WBITS, memLevel=_MEMORY)
    return made.compress(data) + made.flush()


def _writable(note: Detail, trace: LiveTrace) -> Stored:
    """Return what is stored of a step, or nothing: that is better than no request."""
    try:
        stored = form_of(note, trace)
        twin.dumps(stored)
    except Exception as error:
        fault("a step in the history", error)
        return None, {}
    return stored


@lru_cache(_TRACEPOINTS)
def _tracepoint(number: int) -> str:
    return twin.dumps((number, *tracepoint_fields(TRACEPOINTS[number])))


def _summary(trace: LiveTrace) -> str:
    try:
        return write_json(summarize(trace))
    except Exception as error:
        fault("a summary for the history", error)
        return ""


__all__ = ["FORMAT", "Batch", "Request", "packed"]
