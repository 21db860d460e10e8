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
from ..recording.document import Recording
from ..summary.summarize import summarize
from ..trace.files import is_file
from ..trace.model import JsonObject, Trace
from ..trace.notes import Detail, Stored
from ..trace.snapshot import header, snapshot
from ..trace.stored import (
    FIELDS,
    Restored,
    fields_of,
    form_of,
    numbers_of,
    tracepoint_fields,
    tracepoint_of,
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
_LARGEST = 2**28

# What is in it is masked, capped and has no cycles as a rule: what fails is written step by step.
_write = json.JSONEncoder(allow_nan=False, check_circular=False, separators=(",", ":")).encode


class Request(t.NamedTuple):
    """What a history has to know of each request to list, clear and remove it."""

    id: str
    is_file: bool
    cleared: float | None


class Batch(t.NamedTuple):
    """Some requests, as ``data`` that :func:`unpack` reads."""

    requests: list[Request]
    data: bytes


def packed(traces: Iterable[LiveTrace], pause: Callable[[], None]) -> Iterator[Batch]:
    """Yield finished requests of one process and app in batches.

    :param pause: called after each request, to let other threads run.
    """
    open_batch = _Open()
    for trace in traces:
        try:
            open_batch.add(trace)
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

    def add(self, trace: LiveTrace) -> None:
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
        self.requests.append(Request(trace.id, is_file(trace.endpoint, trace.path), trace.cleared))

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


class Unpacked:
    """The requests of a batch.

    :param data: of a :class:`Batch`.
    :raises ValueError: it is damaged, or of another version.
    """

    def __init__(self, data: bytes) -> None:
        if data[:1] != FORMAT:
            raise ValueError("it was written by another version")
        text, numbers = _decompressed(data[1:])
        head = json.loads(text)
        if head["order"] != sys.byteorder:
            raise ValueError("it was written by another kind of machine")
        self._process: JsonObject = head["process"]
        self._known = {number: tracepoint_of(*rest) for number, *rest in head["tracepoints"]}
        self._routes = [
            Route(rule, 0, endpoint, tuple(blueprints), ignored=False)
            for rule, endpoint, blueprints in head["routes"]
        ]
        self._stored: dict[str, tuple[JsonObject, bytes]] = {}
        end = 0
        for values, size in zip(head["traces"], head["sizes"], strict=True):
            fields = dict(zip(head["fields"], values, strict=True))
            self._stored[fields["id"]] = fields, numbers[end : end + size]
            end += size
        if end != len(numbers):
            raise ValueError("it is cut off")

    def __iter__(self) -> Iterator[str]:
        """Yield the id of each request."""
        return iter(self._stored)

    def summary(self, trace_id: str) -> JsonObject:
        """Return the summary of a request."""
        restored, process = self._restored(trace_id)
        return {**summarize(restored), "process": process}

    def trace(self, trace_id: str) -> Trace:
        """Return a request."""
        restored, process = self._restored(trace_id)
        copied = snapshot(restored)
        steps = [each.to_dict() for each in copied.steps]
        return Recording.of_document(
            {**copied.header(), "process": process, "steps": steps}
        ).traces[0]

    def _restored(self, trace_id: str) -> tuple[Restored, JsonObject]:
        fields, numbers = self._stored[trace_id]
        route = None if fields["route"] is None else self._routes[fields["route"]]
        restored = Restored(fields, numbers, self._known, route)
        return restored, {**self._process, "thread": restored.thread}


def _decompressed(data: bytes) -> tuple[bytes, bytes]:
    """Return what was compressed, and what follows."""
    decompressor = zlib.decompressobj()
    try:
        found = decompressor.decompress(data, _LARGEST)
    except zlib.error as error:
        raise ValueError(f"it is damaged: {error}") from None
    if not decompressor.eof:
        raise ValueError("it is cut off, or too large")
    return found, decompressor.unused_data


__all__ = ["FORMAT", "Batch", "Request", "Unpacked", "packed"]
