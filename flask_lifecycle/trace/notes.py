"""Details of steps, stored beside the flat list of numbers."""

from __future__ import annotations

import typing as t

from ..core import slotted
from .model import Error, JsonObject
from .statement import Statement
from .tracepoint import Tracepoint

if t.TYPE_CHECKING:
    from .writer import LiveTrace

ShortCircuit = t.Literal["short_circuit"]
#: The outcome of a hook whose response replaced the view.
SHORT_CIRCUIT: t.Final = "short_circuit"


class Detail(t.Protocol):
    """The details of a step, or an addition of a collector."""

    def detail(self, trace: LiveTrace, /) -> t.Any:
        """Return it JSON-ready; as a dict, if these are the step's main details.

        Called by readers from any thread, while the request runs or later.
        """
        ...


class Changes(Detail, t.Protocol):
    """The changes made by a function."""

    def names(self) -> t.Iterable[tuple[str, str]]:
        """Yield each change's mapping, such as the session, and its key."""
        ...


class Facts(dict[str, t.Any]):
    """Details that are JSON-ready already."""

    __slots__ = ()

    def detail(self, _trace: LiveTrace) -> JsonObject:
        """Return a copy."""
        return dict(self)


@slotted
class Notes:
    """The details of one writer's steps, by their offsets in its log."""

    __slots__ = ("changed", "details", "extras", "outcomes", "tracepoints")

    def __init__(self) -> None:
        #: The main details of a step.
        self.details: dict[int, Detail] = {}
        #: What functions changed: apart from other additions, as most functions have no other.
        self.changed: dict[int, Changes] = {}
        #: The additions of collectors, by name.
        self.extras: dict[int, dict[str, Detail]] = {}
        #: The outcomes of steps; success is not stored.
        self.outcomes: dict[int, Error | ShortCircuit] = {}
        #: Tracepoints without a number, so that made-up names cannot fill the table.
        self.tracepoints: dict[int, Tracepoint] = {}

    def __len__(self) -> int:
        each = len(self.details) + len(self.changed) + len(self.extras)
        return each + len(self.outcomes) + len(self.tracepoints)

    def add(self, step: int, name: str, detail: Detail) -> None:
        """Add a collector's details to a step."""
        if name == "changes":
            self.changed[step] = t.cast("Changes", detail)
        else:
            self.extras.setdefault(step, {})[name] = detail

    def added(self, step: int, name: str) -> t.Any:
        """Return an addition by name, or None."""
        extras = self.extras.get(step)
        return None if extras is None else extras.get(name)

    def raised(self) -> list[int]:
        """Return the steps that an exception left."""
        return [step for step, outcome in [*self.outcomes.items()] if outcome is not SHORT_CIRCUIT]

    def shown(self, trace: LiveTrace, step: int) -> JsonObject:
        """Return all details of a step, JSON-ready."""
        noted = self.details.get(step)
        shown: JsonObject = {} if noted is None else noted.detail(trace)
        changed = self.changed.get(step)
        if changed is not None:
            part = changed.detail(trace)
            if part:
                shown["changes"] = part
        # Copied first: the request may continue in the meantime.
        for name, extra in [*(self.extras.get(step) or {}).items()]:
            part = extra.detail(trace)
            if part:
                shown[name] = part
        return shown

    def statement(self, step: int) -> Statement | None:
        """Return the statement that a step records, or None."""
        noted = self.details.get(step)
        return noted if isinstance(noted, Statement) else None

    def fact(self, step: int, name: str) -> t.Any:
        """Return one of a step's details if they are ``Facts``, else None."""
        noted = self.details.get(step)
        return noted.get(name) if isinstance(noted, Facts) else None

    def progress(self, step: int) -> int | None:
        """Return how far a step has come whose details grow while it runs, or None."""
        noted: t.Any = self.details.get(step)
        return noted.progress() if hasattr(noted, "progress") else None

    def changes(self) -> list[Changes]:
        """Return the changes of all functions, in any order."""
        return [*self.changed.values()]

    def received(self) -> dict[str, str]:
        """Return the client's request headers, by their keys in the environ; not masked."""
        noted: t.Any = self.details.get(0)
        return noted.environ() if hasattr(noted, "environ") else {}

    def header(self, name: str) -> tuple[int, str] | None:
        """Return a header of the response and the step that sent it, or None."""
        for step, noted in [*self.details.items()]:
            given = noted.header(name) if hasattr(noted, "header") else None
            if given:
                return step, given
        return None


#: The most notes of one step.
KINDS: int = len(Notes.__slots__)


def joined(writers: list[Notes], places: dict[tuple[int, int], int]) -> Notes:
    """Merge the details of several writers' steps.

    :param places: the new offset of each step, by its writer's index and its offset there.
    """
    made = Notes()
    for writer, notes in enumerate(writers):
        for kind in Notes.__slots__:
            into = getattr(made, kind)
            for step, noted in [*getattr(notes, kind).items()]:
                place = places.get((writer, step))
                # None if the step began after its list was copied.
                if place is not None:
                    into[place] = noted
    return made


__all__ = ["KINDS", "SHORT_CIRCUIT", "Changes", "Detail", "Facts", "Notes", "joined"]
