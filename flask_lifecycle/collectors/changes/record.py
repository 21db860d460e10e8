"""Where the changes of a function are stored: with its step."""

from __future__ import annotations

import typing as t

from ...trace.changes import Changed
from ...trace.writer import Writer
from ..patch import Patch

patch: Patch = Patch()
owners: set[t.Any] = patch.owners


def changes_of(writer: Writer, place: int) -> Changed:
    """Return the record of a step's changes; a new one if there is none."""
    if place < -1:
        # A function of the request's own thread, from another thread.
        writer, place = writer.trace, -2 - place
    changed = writer.notes.changed
    found = t.cast("Changed | None", changed.get(place))
    if found is None:
        found = changed[place] = Changed()
    return found


__all__ = ["changes_of", "owners", "patch"]
