"""Read what other processes have published, which may have another version of this package."""

from __future__ import annotations

import typing as t

from ..faults import fault
from .protocol import Board, Published

if t.TYPE_CHECKING:
    from ..trace.model import JsonObject, Trace

_TYPES: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("trace", "stage", "name", "when"), str),
    **dict.fromkeys(("step", "since"), int),
    **dict.fromkeys(("held", "left"), (int, float)),
    "can": list,
    "seen": dict,
    "why": (str, type(None)),
}


def holds_in(published: Published) -> JsonObject:
    """Return what a process has published of its breakpoints; nothing if it has ended."""
    holds = published.process.get("holds")
    return holds if isinstance(holds, dict) and not published.is_gone else {}


def held_in(published: Published, now: float) -> list[JsonObject]:
    """Return the requests that a process holds, as ``GET api/held`` has them.

    :param now: Unix time, for how long they have been held.
    """
    held = holds_in(published).get("held")
    since = max(0, now - published.at)
    return [
        {**each, "held": each["held"] + int(since * 1e9), "left": max(0, each["left"] - since)}
        for each in (held if isinstance(held, list) else ())
        if _is_held(each)
    ]


def steps_in(board: Board, trace_id: str) -> Trace | None:
    """Return a request of another process as that published it, if it was watched."""
    from ..recording.records import read
    from ..trace.model import Trace

    found = board.trace(trace_id)
    try:
        return None if found is None else t.cast("Trace", read(Trace, found))
    except ValueError as error:
        fault("a request of another process", error)
        return None


def _is_held(given: t.Any) -> bool:
    return isinstance(given, dict) and all(
        isinstance(given.get(name), kind) for name, kind in _TYPES.items()
    )


__all__ = ["held_in", "holds_in", "steps_in"]
