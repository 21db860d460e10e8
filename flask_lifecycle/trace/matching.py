"""Which steps of two traces are the same one.

They are aligned by stage, callable, scope and order: first the steps of the lifecycle itself, then
what happened between them (statements, templates, logs). A step that only one trace has does not
move the others.
"""

from __future__ import annotations

import typing as t
from collections.abc import Sequence

from .align import Key, Match, align

if t.TYPE_CHECKING:
    from .model import Step, Trace

#: Stages of what happens inside the steps of the lifecycle, told apart by their names.
INNER = frozenset(
    (
        *("sql", "span", "log", "flash", "warning", "template", "signal"),
        *("context_processor", "url_defaults"),
    )
)


def matches(a: Trace, b: Trace) -> list[Match]:
    """Return the steps of two traces that are the same, by their ids, in order."""
    found: list[Match] = []
    begin = (-1, -1)
    for end in (*_aligned(a.steps, b.steps, inner=False), (len(a.steps), len(b.steps))):
        between = [
            steps[start + 1 : stop]
            for steps, start, stop in zip((a.steps, b.steps), begin, end, strict=True)
        ]
        found += [*_aligned(*between, inner=True), end]
        begin = end
    return found[:-1]


def _aligned(a: Sequence[Step], b: Sequence[Step], *, inner: bool) -> list[Match]:
    """Align the steps of the lifecycle itself, or those inside of them."""
    of_a = [step for step in a if (step.stage in INNER) is inner]
    of_b = [step for step in b if (step.stage in INNER) is inner]
    pairs = align([*map(_key, of_a)], [*map(_key, of_b)])
    return [(of_a[i].id, of_b[j].id) for i, j in pairs]


def _key(step: Step) -> Key:
    name = step.callable or (step.name if step.stage in INNER else "")
    block = step.detail.get("block")
    return step.stage, name, step.scope or "", block if isinstance(block, str) else ""


__all__ = ["INNER", "matches"]
