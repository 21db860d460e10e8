"""What the sentence of a step adds if a breakpoint held the request there."""

from __future__ import annotations

import typing as t

from ..details import mapping
from .words import readable_time

if t.TYPE_CHECKING:
    from ..model import Step
    from ..story import Story

_BY_HAND = {
    "answer": "answered by hand, in place of the function",
    "skip": "skipped by hand: the function was not called",
    "raise": "made to raise by hand, in place of the function",
}


def held(step: Step, story: Story) -> str:
    """Return a text in parentheses, or an empty one."""
    given = story.header.get("holds")
    parts = [
        _span(step, each)
        for each in map(mapping, given if isinstance(given, list) else ())
        if each.get("step") == step.id
    ]
    return f" ({', '.join(parts)})" if parts else ""


def _span(step: Step, hold: t.Mapping[str, t.Any]) -> str:
    begin, end, did = (hold.get(name) for name in ("begin", "end", "did"))
    is_after = step.end is not None and isinstance(begin, int) and begin >= step.end
    where = "after" if is_after else "before"
    if not isinstance(begin, int) or not isinstance(end, int):
        return f"held {where} it by a breakpoint"
    text = f"held for {readable_time(end - begin)} {where} it by a breakpoint"
    by_hand = _BY_HAND.get(str(did))
    return text if by_hand is None else f"{text}, then {by_hand}"


def summary(holds: t.Sequence[t.Any]) -> str:
    """Return what all holds of a request were, in one sentence; empty if there were none."""
    if not holds:
        return ""
    time = readable_time(sum((each.end or each.begin) - each.begin for each in holds))
    by_hand = [each.did for each in holds if each.did in _BY_HAND]
    text = f"Breakpoints held it for {time}"
    return f"{text}; by hand: {', '.join(by_hand)}." if by_hand else f"{text}."


__all__ = ["held", "summary"]
