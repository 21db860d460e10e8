"""One sentence for each step: what happened, and why the next step followed.

The panel, exported files and terminals all show these sentences. They are made only from recorded
data, when a trace is displayed or exported, and never while a request is being handled. A sentence
may become longer once the step's end, or the next step, is known; it is true at any time.
"""

from __future__ import annotations

import typing as t

from ..faults import fault
from .sentences.holds import summary
from .sentences.sentence import first_sentence, sentence
from .sentences.words import cut, readable_time
from .story import Story

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from .model import Step, Trace

_UNSETTLED = 100
_LONGEST = 240
# More of an indent says nothing, and a file may have thousands of such lines.
_DEEPEST = 50


def explain(trace: Trace) -> tuple[str, ...]:
    """Return the sentences of a trace's steps, in order."""
    story = _story(trace)
    return tuple(sentence(step, story) for step in trace.steps)


def explained(trace: Trace) -> Iterator[dict[str, t.Any]]:
    """Yield a trace's steps, JSON-ready, with their sentences."""
    story = _story(trace)
    for step in trace.steps:
        yield _explained(step, story, sentence(step, story))


def _story(trace: Trace) -> Story:
    story = Story()
    story.header = trace.header()
    for step in trace.steps:
        _take(story, step)
    return story


def _explained(step: Step, story: Story, text: str) -> dict[str, t.Any]:
    """Return a step, JSON-ready; one that contains others has a sentence for its beginning too."""
    first = first_sentence(step, story)
    begin = {} if first is None else {"explain_begin": first}
    return {**step.to_dict(), "explain": text, **begin}


def journey(trace: Trace) -> str:
    """Return a trace as text: a line for each step, with its duration."""
    request = cut(f"{trace.method} {trace.path}", _LONGEST)
    lines = [f"{request}, {trace.status or 'no status'}, {_took(trace.duration)}"]
    depths: dict[int | None, int] = {None: -1}
    for step, text in zip(trace.steps, explain(trace), strict=True):
        depth = depths[step.id] = depths.get(step.parent, -1) + 1
        took = _took(None if step.end is None else step.end - step.begin)
        lines.append(f"{took:>9}  {'  ' * min(depth, _DEEPEST)}{text}")
    if trace.holds:
        lines.append(f"{'':>9}  {summary(trace.holds)}")
    if trace.dropped_steps:
        lines.append(f"{'':>9}  {trace.dropped_steps:,} more steps were counted and not kept.")
    return "\n".join(lines)


def _took(ns: int | None) -> str:
    return "running" if ns is None else readable_time(ns)


class Explainer:
    """Explains a trace to one viewer while its steps are streamed."""

    def __init__(self) -> None:
        self._story = Story()
        #: The last sentences of the steps whose sentence may still change.
        self._unsettled: dict[int, str] = {}

    def explained(
        self, header: dict[str, t.Any], steps: list[Step], read: t.Callable[[int], Step]
    ) -> Iterator[dict[str, t.Any]]:
        """Yield steps, JSON-ready, and earlier steps again if their sentences have changed.

        :param header: the trace without its steps.
        :param steps: the steps that are new or have ended.
        :param read: returns any step of the trace by id.
        """
        story = self._story
        story.header = header
        given = {step.id for step in steps}
        first = min((each for each in given if each not in story), default=0)
        # Steps that the viewer has from before.
        known = [read(each) for each in range(len(story), first)]
        for step in known:
            _take(story, step)
        for step in known:
            self._settle(step, sentence(step, story))
        filled = _filled(story, steps, given, read)
        for step in steps:
            _take(story, step)
        again = {each: read(each) for each in self._unsettled if each not in given} | filled
        for step in (*steps, *again.values()):
            text = sentence(step, story)
            if step.id in given or step.id in filled or text != self._unsettled.get(step.id):
                yield _explained(step, story, text)
            self._settle(step, text)

    def _settle(self, step: Step, text: str) -> None:
        if self._story.is_settled(step):
            self._unsettled.pop(step.id, None)
            return
        self._unsettled[step.id] = text
        if len(self._unsettled) > _UNSETTLED:
            del self._unsettled[next(iter(self._unsettled))]


def _filled(
    story: Story, steps: list[Step], given: set[int], read: t.Callable[[int], Step]
) -> dict[int, Step]:
    """Return the ended steps, sent before, that had nothing inside them until these steps came.

    An open one is sent again when it ends.
    """
    outer = {step.parent for step in steps if step.parent is not None} - given
    found = (read(each) for each in sorted(outer) if each in story)
    return {step.id: step for step in found if step.end is not None and story.is_empty(step)}


def _take(story: Story, step: Step) -> None:
    try:
        story.take(step)
    except Exception as error:
        fault("taking in a step to explain", error)


__all__ = ["Explainer", "explain", "explained", "journey"]
