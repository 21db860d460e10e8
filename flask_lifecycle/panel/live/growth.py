"""Steps whose details grow while they run, such as the body that a generator makes."""

from __future__ import annotations

import time
import typing as t

from ...trace.log import WIDTH, Columns

# A viewer is sent what has grown so often, s: the clock of a page is no faster to read.
_OFTEN = 0.1


class Growth:
    """How far the open steps had come when a viewer was sent them."""

    def __init__(self) -> None:
        self._sent: dict[int, int] = {}
        self._at = 0.0

    def since_sent(self, columns: Columns, opened: t.Iterable[int]) -> set[int]:
        """Return the open steps that have grown; too soon after the last time, none."""
        now = time.perf_counter()
        if now - self._at < _OFTEN:
            return set()
        come = {index: columns.notes.progress(index * WIDTH) for index in opened}
        grown = {
            index: progress
            for index, progress in come.items()
            if progress is not None and progress != self._sent.get(index)
        }
        if grown:
            self._at = now
            self._sent |= grown
        return set(grown)


__all__ = ["Growth"]
