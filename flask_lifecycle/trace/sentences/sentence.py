"""The wording of the sentences: one for each stage, by what ended well, raised or still runs."""

from __future__ import annotations

import typing as t

from ...faults import fault
from .beginnings import beginning
from .collected import COLLECTED
from .exceptions import raised
from .holds import held
from .lifecycle import LIFECYCLE
from .subjects import Say, running
from .words import cut

if t.TYPE_CHECKING:
    from ..model import Step
    from ..story import Story

_LONGEST = 240
_ENDED: dict[str, Say] = {**LIFECYCLE, **COLLECTED}


def sentence(step: Step, story: Story) -> str:
    """Return one sentence for a step: plain text on one line."""
    try:
        return _sentence(step, story)
    except Exception as error:
        # A detail may be anything; a trace without one sentence is still a trace.
        fault(f"the sentence of a step ({step.stage})", error)
        return f"{step.stage} {cut(step.name)}."


def first_sentence(step: Step, story: Story) -> str | None:
    """Return one sentence for the beginning of a step that contains others; else None."""
    try:
        return None if story.is_empty(step) else _ended(cut(beginning(step, story), _LONGEST))
    except Exception as error:
        fault(f"the first sentence of a step ({step.stage})", error)
        return None


def _sentence(step: Step, story: Story) -> str:
    if step.end is None:
        text = running(step, story)
    elif step.outcome == "raised":
        text = raised(step, story)
    else:
        text = _ENDED[step.stage](step, story)
    repeated = step.detail.get("repeated")
    if repeated is not None:
        first = "first and " if repeated["first"] else ""
        text += f" (×{repeated['times']:,}, {first}last shown)"
    holds = held(step, story)
    return _ended(cut(text, _LONGEST - len(holds)) + holds)


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


__all__ = ["first_sentence", "sentence"]
