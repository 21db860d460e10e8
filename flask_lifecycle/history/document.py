"""A trace as the history stores it: a compressed recording of one request, and its summary."""

from __future__ import annotations

import typing as t
import zlib
from collections.abc import Callable

from ..faults import fault
from ..recording.document import Recording
from ..recording.json_text import write_json
from ..summary.summarize import summarize
from ..trace.files import is_file
from ..trace.model import Step, Trace
from ..trace.snapshot import snapshot
from ..trace.writer import LiveTrace

# Higher levels take twice as long, and save a tenth.
_LEVEL = 1
_GZIP = 31


class Row(t.NamedTuple):
    """A request in a history: ``trace`` is what :func:`decode` reads."""

    id: str
    is_file: bool
    cleared: float | None
    summary: str
    trace: bytes


def encode(trace: LiveTrace, pause: Callable[[], None]) -> Row:
    """Return the row of a finished request.

    :param pause: called after each step, to let other threads run.
    """
    copy = snapshot(trace, pause)
    steps = []
    for step in copy.steps:
        steps.append(_json(step))
        pause()
    head = write_json(copy.header())[:-1]
    text = f'{head},"steps":[{",".join(steps)}]}}'.encode("ascii")
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    return Row(
        copy.id,
        is_file(copy.endpoint, copy.path),
        trace.cleared,
        write_json(summarize(trace)),
        compressor.compress(text) + compressor.flush(),
    )


def decode(data: bytes) -> Trace:
    """Return the request of a row.

    :raises ValueError: the data is damaged.
    """
    return Recording.from_bytes(data).traces[0]


def _json(step: Step) -> str:
    fields = step.to_dict()
    try:
        return write_json(fields)
    except (ValueError, TypeError, RecursionError) as error:
        # A step without its details is better than no trace.
        fault("a step in the history", error)
        return write_json({**fields, "detail": {}})


__all__ = ["Row", "decode", "encode"]
