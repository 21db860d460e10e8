"""One request as a history stores it, by itself or among others."""

from __future__ import annotations

from ..recording.document import Recording
from ..trace.model import Trace
from ..trace.writer import LiveTrace
from .batch import FORMAT, OLDER, packed
from .unpacked import Unpacked


def encode(trace: LiveTrace) -> bytes:
    """Return a finished request for :func:`decode`.

    :raises ValueError: it has not finished, or cannot be stored.
    """
    for batch in packed((trace,), _nothing):
        return batch.data
    raise ValueError("it cannot be stored")


def decode(data: bytes, trace_id: str | None = None) -> Trace:
    """Return a request.

    :param data: a batch, or what an older version of the package wrote: one request's recording.
    :param trace_id: which one of a batch, if it has several.
    :raises ValueError: the data is damaged.
    """
    if not data.startswith((FORMAT, OLDER)):
        return Recording.from_bytes(data).traces[0]
    try:
        unpacked = Unpacked(data)
        return unpacked.trace(next(iter(unpacked)) if trace_id is None else trace_id)
    except ValueError:
        raise
    except Exception as error:
        raise ValueError(f"it is damaged: {error!r}") from error


def _nothing() -> None:
    """Take no pause."""


__all__ = ["decode", "encode"]
