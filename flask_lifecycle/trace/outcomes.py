"""The outcome of a step in a few words, to stand beside that of another request's."""

from __future__ import annotations

import typing as t

from .details import mapping
from .sentences.words import short

if t.TYPE_CHECKING:
    from .model import Step


def outcome(step: Step) -> str:
    """Return how a step ended."""
    if step.error is not None:
        return f"raised {short(step.error.type)}"
    if step.stage == "session_save" and step.outcome == "ok":
        return _cookie(step)
    return {"short_circuit": "answered", None: "still running"}.get(step.outcome, str(step.outcome))


def _cookie(step: Step) -> str:
    """Return what the session interface did with the session's cookie."""
    response = mapping(mapping(step.detail.get("changes")).get("response"))
    cookies = mapping(response.get("cookies"))
    if cookies.get("set"):
        return "cookie sent"
    return "cookie deleted" if cookies.get("deleted") else "no cookie"


__all__ = ["outcome"]
