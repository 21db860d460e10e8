"""The chunks of a body, as the details of its step."""

from __future__ import annotations

import typing as t

from .forms import Form

if t.TYPE_CHECKING:
    from .writer import LiveTrace

# `streamed`: whether chunks are made while they are sent; `sent`: when, and how long each was.
_NAMES = ("chunks", "bytes", "streamed", "sent", "preview", "complete")
#: The place of the beginning of the body, where that is recorded.
PREVIEW: int = 4
_FORM: Form = "counts", None


class Counts(list[t.Any]):
    """The counts of an iteration's chunks, in the order of their names."""

    __slots__ = ()

    @property
    def stored(self) -> Form | None:
        """The form in which they are stored, unless there is a preview."""
        return _FORM if len(self) <= PREVIEW or self[PREVIEW] is None else None

    @classmethod
    def restored(cls, *counts: t.Any) -> Counts:
        """Return again what was stored."""
        return cls(counts)

    def progress(self) -> int:
        """Return how many chunks there have been."""
        return t.cast("int", self[0])

    def detail(self, trace: LiveTrace) -> dict[str, t.Any]:
        """Return them JSON-ready."""
        detail = dict(zip(_NAMES, self, strict=False))
        sent = detail["sent"] = [*detail["sent"]]
        if sent:
            times = [trace.since(reading) for reading in sent[::2]]
            detail["sent"] = [*map(list, zip(times, sent[1::2], strict=False))]
        preview = detail.pop("preview", None)
        if preview is not None:
            detail["preview"] = preview.detail(trace)
        return detail


__all__ = ["PREVIEW", "Counts"]
