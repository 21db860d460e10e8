"""The requests of a batch, as the live ones are read."""

from __future__ import annotations

import json
import sys
import typing as t
import zlib
from collections.abc import Iterator

from ..summary.summarize import summarize
from ..trace.stored import Restored, tracepoint_of
from ..trace.writer import Route
from .batch import FORMAT, OLDER

if t.TYPE_CHECKING:
    from ..trace.model import JsonObject, Trace

_LARGEST = 2**28


class Unpacked:
    """The requests of a batch.

    :param data: of a :class:`Batch`.
    :raises ValueError: it is damaged, or of another version.
    """

    def __init__(self, data: bytes) -> None:
        if data[:1] not in (FORMAT, OLDER):
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
        self._stored: dict[str, tuple[JsonObject, bytes, bool]] = {}
        end = 0
        sizes = head["sizes"]
        are_short = head.get("short", [False] * len(sizes))
        for values, size, is_short in zip(head["traces"], sizes, are_short, strict=True):
            fields = dict(zip(head["fields"], values, strict=True))
            self._stored[fields["id"]] = fields, numbers[end : end + size], is_short
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
        from ..recording.document import Recording
        from ..trace.snapshot import snapshot

        restored, process = self._restored(trace_id)
        copied = snapshot(restored)
        steps = [each.to_dict() for each in copied.steps]
        document = {**copied.header(), "process": process, "steps": steps}
        return Recording.from_json(document).traces[0]

    def _restored(self, trace_id: str) -> tuple[Restored, JsonObject]:
        fields, numbers, is_short = self._stored[trace_id]
        route = None if fields["route"] is None else self._routes[fields["route"]]
        restored = Restored(fields, numbers, self._known, route, is_short=is_short)
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


__all__ = ["Unpacked"]
