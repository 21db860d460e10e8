"""The changes of one function, as they are stored with its step."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

from ...trace.model import JsonObject
from ...trace.writer import LiveTrace, Writer
from ..patch import Patch
from .headers import Names, Sent, difference_of

patch: Patch = Patch()
owners: set[t.Any] = patch.owners


class Changes:
    """The changes of one function, masked."""

    __slots__ = ("found", "response", "size")

    def __init__(self) -> None:
        #: The estimated bytes of the texts, lists and dicts in it.
        self.size: int = 0
        #: By mapping: what was added, changed and removed.
        self.found: list[tuple[str, Names, Names, list[str]]] = []
        #: The changes of a response, or its state before and after.
        self.response: JsonObject | tuple[Sent, Sent] | None = None

    def names(self) -> Iterator[tuple[str, str]]:
        """Yield the mapping and the name of each change."""
        for where, *parts in self.found:
            for part in parts:
                yield from ((where, name) for name in part)

    def detail(self, trace: LiveTrace) -> JsonObject:
        """Return it JSON-ready: the net change, if a name was changed more than once."""
        detail: JsonObject = {}
        for where, added, changed, removed in self.found:
            into = detail.setdefault(where, {"added": {}, "changed": {}, "removed": []})
            for name, value in (*added.items(), *changed.items()):
                if name in into["removed"]:
                    into["removed"].remove(name)
                    kind = "changed"
                else:
                    kind = "added" if name in added or name in into["added"] else "changed"
                into[kind][name] = value
            for name in removed:
                into["changed"].pop(name, None)
                if name in into["added"]:
                    del into["added"][name]
                else:
                    into["removed"].append(name)
        detail = {where: into for where, into in detail.items() if any(into.values())}
        difference = self.response
        if type(difference) is tuple:
            difference = difference_of(trace.redactor, *difference)
        if difference:
            detail["response"] = difference
        return detail


def changes_of(writer: Writer, place: int) -> Changes:
    """Return the record of a step's changes; a new one if there is none."""
    if place < -1:
        # A function of the request's own thread, from another thread.
        writer, place = writer.trace, -2 - place
    found: Changes | None = writer.notes.added(place, "changes")
    if found is None:
        found = Changes()
        writer.notes.add(place, "changes", found)
    return found


__all__ = ["Changes", "changes_of", "owners", "patch"]
