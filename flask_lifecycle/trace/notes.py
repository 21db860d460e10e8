"""What is noted of steps, beside the flat list of numbers that they are written in."""

from __future__ import annotations

import typing as t

from .model import Error, JsonObject
from .statement import Statement
from .tracepoint import Site

if t.TYPE_CHECKING:
    from .writer import LiveTrace

ShortCircuit = t.Literal["short_circuit"]
#: The outcome of a hook that answered in place of the view.
SHORT_CIRCUIT: t.Final = "short_circuit"


class Detail(t.Protocol):
    """What a step is about, or what a collector adds to that."""

    def detail(self, trace: LiveTrace, /) -> t.Any:
        """Return it as JSON's types; as a dict, if it is what the step is about.

        By whoever looks, from any thread, while the request runs or later.
        """
        ...


class Changes(Detail, t.Protocol):
    """What a function changed."""

    def names(self) -> t.Iterable[tuple[str, str]]:
        """List where each was, such as in the session, and its name."""
        ...


class Facts(dict[str, t.Any]):
    """Details that are JSON's types already."""

    __slots__ = ()

    def detail(self, _trace: LiveTrace) -> JsonObject:
        """Return a copy."""
        return dict(self)


class Notes:
    """What is noted of one writer's steps, by the places where these begin in its log."""

    __slots__ = ("details", "extras", "outcomes", "sites")

    def __init__(self) -> None:
        #: What a step is about.
        self.details: dict[int, Detail] = {}
        #: What collectors add to that, by name.
        self.extras: dict[int, dict[str, Detail]] = {}
        #: What went wrong in it; what did not is not noted.
        self.outcomes: dict[int, Error | ShortCircuit] = {}
        #: The site of one that has no number: whoever makes up names fills no table with them.
        self.sites: dict[int, Site] = {}

    def __len__(self) -> int:
        return len(self.details) + len(self.extras) + len(self.outcomes) + len(self.sites)

    def add(self, step: int, name: str, detail: Detail) -> None:
        """Add to what a step is about."""
        self.extras.setdefault(step, {})[name] = detail

    def added(self, step: int, name: str) -> t.Any:
        """Return what was added by a name, or None."""
        extras = self.extras.get(step)
        return None if extras is None else extras.get(name)

    def raised(self) -> list[int]:
        """List the steps that an exception left."""
        return [step for step, outcome in [*self.outcomes.items()] if outcome is not SHORT_CIRCUIT]

    def shown(self, trace: LiveTrace, step: int) -> JsonObject:
        """Return all details of a step, as JSON's types."""
        noted = self.details.get(step)
        shown: JsonObject = {} if noted is None else noted.detail(trace)
        # Copied first: the request may go on meanwhile.
        for name, extra in [*(self.extras.get(step) or {}).items()]:
            part = extra.detail(trace)
            if part:
                shown[name] = part
        return shown

    def statement(self, step: int) -> Statement | None:
        """Return the statement that a step is about."""
        noted = self.details.get(step)
        return noted if isinstance(noted, Statement) else None

    def fact(self, step: int, name: str) -> t.Any:
        """Return one of a step's details, where these are facts; else None."""
        noted = self.details.get(step)
        return noted.get(name) if isinstance(noted, Facts) else None

    def changes(self) -> list[Changes]:
        """List what functions changed, in any order."""
        found = [each["changes"] for each in [*self.extras.values()] if "changes" in each]
        return t.cast("list[Changes]", found)

    def received(self) -> dict[str, str]:
        """Return what a client said with its request, by the names of the environ; not masked."""
        noted: t.Any = self.details.get(0)
        return noted.environ() if hasattr(noted, "environ") else {}

    def header(self, name: str) -> tuple[int, str] | None:
        """Find a header of the response, and the step that sent it."""
        for step, noted in [*self.details.items()]:
            given = noted.header(name) if hasattr(noted, "header") else None
            if given:
                return step, given
        return None


def joined(writers: list[Notes], places: dict[tuple[int, int], int]) -> Notes:
    """Put what is noted of several writers' steps together.

    :param places: where each step went, by its writer's index and its place there.
    """
    made = Notes()
    for writer, notes in enumerate(writers):
        for kind in Notes.__slots__:
            into = getattr(made, kind)
            for step, noted in [*getattr(notes, kind).items()]:
                place = places.get((writer, step))
                # None, where the step was begun since its list was copied.
                if place is not None:
                    into[place] = noted
    return made


__all__ = ["SHORT_CIRCUIT", "Changes", "Detail", "Facts", "Notes", "joined"]
