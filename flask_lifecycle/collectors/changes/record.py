"""The changes of one function, as they are stored with its step."""

from __future__ import annotations

import typing as t

from ...trace.changes import Changed
from ...trace.writer import Writer
from ..patch import Patch

patch: Patch = Patch()
owners: set[t.Any] = patch.owners


class Changes(Changed):
    """The changes of one function while they are collected."""

    __slots__ = ("size",)

    def __init__(self) -> None:
        # As in the class above, whose call would take as long as this.
        self.found: tuple[t.Any, ...] = ()
        self.response: t.Any = None
        #: The estimated bytes of the texts, lists and dicts in it.
        self.size: int = 0


def changes_of(writer: Writer, place: int) -> Changes:
    """Return the record of a step's changes; a new one if there is none."""
    if place < -1:
        # A function of the request's own thread, from another thread.
        writer, place = writer.trace, -2 - place
    changed = writer.notes.changed
    found = t.cast("Changes | None", changed.get(place))
    if found is None:
        found = changed[place] = Changes()
    return found


__all__ = ["Changes", "changes_of", "owners", "patch"]
