"""The steps of a trace as a tree, with the functions that did not run in their places."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from ..app_map.skipped import Skipped
from ..trace.model import Step, Trace
from .cells import held_within

_FOLDED = 3
# What functions run inside of; all others run beside these.
_AROUND = {
    "view": ("dispatch",),
    "teardown_request": ("request_context_pop", "app_context_pop"),
    "teardown_appcontext": ("app_context_pop", "request_context_pop"),
}
# The order of the stages in Flask: a function that did not run stands before what follows it.
_ORDER = (
    ("request_context",),
    ("app_context_push", "request_context_push"),
    ("session_open", "url_match"),
    ("url_value_preprocessor",),
    ("before_request",),
    ("dispatch",),
    ("view",),
    ("error_handler",),
    ("make_response",),
    ("after_this_request", "after_request"),
    ("session_save",),
    ("start_response",),
    ("teardown_request",),
    ("teardown_appcontext",),
    ("request_context_pop", "app_context_pop"),
    ("body", "body_close"),
)
_RANKS = {stage: rank for rank, stages in enumerate(_ORDER) for stage in stages}


@dataclass(slots=True)
class Node:
    """A step, a function that did not run, or several like steps in a row.

    ``times`` is how many steps it stands for, and ``took`` how long they took together, in ns; None
    while one of them runs. ``held`` is for how much of that breakpoints held it.
    """

    step: Step | None
    skipped: Skipped | None = None
    sentence: str = ""
    times: int = 1
    took: int | None = None
    held: int = 0
    children: list[Node] = field(default_factory=list)

    @property
    def stage(self) -> str:
        """Return the stage of the step, or of the function that did not run."""
        if self.step is not None:
            return self.step.stage
        return "" if self.skipped is None else self.skipped.stage


def tree(
    trace: Trace, sentences: Sequence[str], skipped: Iterable[Skipped] = (), *, whole: bool = False
) -> list[Node]:
    """Return the outermost steps, each with those inside of it.

    :param sentences: one for each step.
    :param whole: with the signals that nobody receives, and like steps one by one.
    """
    nodes = [
        Node(step, sentence=text, took=None if step.end is None else step.end - step.begin)
        for step, text in zip(trace.steps, sentences, strict=True)
    ]
    roots: list[Node] = []
    header = trace.header() if trace.holds else {}
    for node in nodes:
        step = node.step
        if step is not None and step.end is not None:
            node.held = held_within(header, step.begin, step.end)
        if step is not None and (whole or not _is_quiet(step)):
            (roots if step.parent is None else nodes[step.parent].children).append(node)
    for each in skipped:
        home = _home(trace, nodes, each.stage)
        _insert(roots if home is None else home, Node(None, each))
    if not whole:
        for node in nodes:
            node.children = [*_folded(node.children)]
    return roots


def walk(roots: Sequence[Node]) -> Iterator[tuple[Node, tuple[bool, ...]]]:
    """Yield each node with whether it, and each one around it, is the last inside its parent."""
    left: list[tuple[Node, tuple[bool, ...]]] = [
        (node, (node is roots[-1],)) for node in reversed(roots)
    ]
    while left:
        node, lasts = left.pop()
        yield node, lasts
        inside = node.children
        left += [(each, (*lasts, each is inside[-1])) for each in reversed(inside)]


def _is_quiet(step: Step) -> bool:
    """Return whether a step is a signal that nobody receives."""
    return step.stage == "signal" and step.outcome == "ok" and not step.detail.get("receivers")


def _home(trace: Trace, nodes: list[Node], stage: str) -> list[Node] | None:
    """Return the steps among which a function of a stage runs; None for the outermost ones."""
    around = (step.id for each in _AROUND.get(stage, ()) for step in trace.find(stage=each))
    beside = (step.parent for step in trace.find(stage="request_context"))
    home = next(around, next(beside, None))
    return None if home is None else nodes[home].children


def _insert(among: list[Node], node: Node) -> None:
    rank = _RANKS[node.stage]
    places = (
        place
        for place, each in enumerate(among)
        if each.step is not None and _RANKS.get(each.stage, -1) > rank
    )
    among.insert(next(places, len(among)), node)


def _folded(nodes: list[Node]) -> Iterator[Node]:
    """Yield nodes; of several like ones in a row that have nothing inside, one for all."""
    for key, group in groupby(nodes, key=_key):
        same = [*group]
        if key is None or len(same) < _FOLDED:
            yield from same
        else:
            took = sum(each.took or 0 for each in same)
            yield Node(same[0].step, None, same[0].sentence, len(same), took)


def _key(node: Node) -> tuple[t.Any, ...] | None:
    step = node.step
    if step is None or step.end is None or step.outcome != "ok" or node.children or node.held:
        return None
    # What a sentence says of one is not said of several.
    is_one = "changes" in step.detail or "repeated" in step.detail
    return None if is_one else (step.stage, step.callable, step.name, step.scope)


__all__ = ["Node", "tree", "walk"]
