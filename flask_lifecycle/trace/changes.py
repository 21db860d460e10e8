"""What one function changed in ``g``, the session and a response."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator
from itertools import chain

from ..core import untracked
from .forms import stored_as
from .header_changes import difference_of
from .model import JsonObject

if t.TYPE_CHECKING:
    from .writer import LiveTrace

#: Names and values in turn: most changes are one name, for which a dict has several times the size.
Values = tuple[t.Any, ...]
#: A mapping's name, and what was added, changed and removed.
Found = tuple[str, Values, Values, t.Sequence[str]]
#: A response before and after, masked: its status, how many of the headers it had, and these. Few
#: are ever shown, so that what differs is found then.
Answers = tuple[str, int, str, int, tuple[tuple[str, str], ...]]


@stored_as("changed", "found", "response")
@untracked
class Changed:
    """The changes of one function, masked."""

    __slots__ = ("found", "response", "size")

    def __init__(self) -> None:
        #: In the order in which they were made: the elements of each after those of another.
        self.found: tuple[t.Any, ...] = ()
        #: The changes of a response, or what they are made of.
        self.response: JsonObject | Answers | None = None
        #: The estimated bytes of the texts, lists and dicts that were found.
        self.size: int = 0

    def each(self) -> Iterator[Found]:
        """Yield what was found in the session and in ``g``."""
        found = self.found
        return zip(found[::4], found[1::4], found[2::4], found[3::4], strict=True)

    def names(self) -> Iterator[tuple[str, str]]:
        """Yield the mapping and the name of each change."""
        for where, added, changed, removed in self.each():
            yield from ((where, name) for name in (*added[::2], *changed[::2], *removed))

    def difference(self) -> JsonObject | None:
        """Return the changes of a response, JSON-ready."""
        if type(self.response) is not tuple:
            return t.cast("JsonObject | None", self.response)
        status, held, later, now, headers = self.response
        return difference_of((status, headers[:held]), (later, headers[:now]))

    @classmethod
    def restored(cls, found: list[t.Any], response: t.Any) -> Changed:
        """Return again what was stored."""
        restored = cls()
        # Older versions of the package stored a list for each mapping.
        flat = found if found and isinstance(found[0], str) else [*chain(*found)]
        for where, added, changed, removed in zip(*[iter(flat)] * 4, strict=True):
            restored.found += (where, _values(added), _values(changed), removed)
        if isinstance(response, list):
            *counts, headers = response
            response = *counts, tuple(map(tuple, headers))
        restored.response = response
        return restored

    def detail(self, _trace: LiveTrace) -> JsonObject:
        """Return it JSON-ready: the net change, if a name was changed more than once."""
        detail: JsonObject = {}
        for where, added, changed, removed in self.each():
            into = detail.setdefault(where, {"added": {}, "changed": {}, "removed": []})
            new = {*added[::2]}
            for name, value in (*_pairs(added), *_pairs(changed)):
                if name in into["removed"]:
                    into["removed"].remove(name)
                    kind = "changed"
                else:
                    kind = "added" if name in new or name in into["added"] else "changed"
                into[kind][name] = value
            for name in removed:
                into["changed"].pop(name, None)
                if name in into["added"]:
                    del into["added"][name]
                else:
                    into["removed"].append(name)
        detail = {where: into for where, into in detail.items() if any(into.values())}
        difference = self.difference()
        if difference:
            detail["response"] = difference
        return detail


def _values(stored: t.Any) -> Values:
    # Older versions of the package stored names and values as a dict.
    return (*chain(*stored.items()),) if isinstance(stored, dict) else tuple(stored)


def _pairs(values: Values) -> Iterator[tuple[str, t.Any]]:
    return zip(values[::2], values[1::2], strict=True)


__all__ = ["Changed"]
