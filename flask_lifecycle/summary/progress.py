"""How far a request has come: what changes with it is shown again."""

from __future__ import annotations

import typing as t
from contextlib import suppress

from ..trace.writer import LiveTrace
from .flags import is_hung


def progress(trace: LiveTrace) -> tuple[t.Any, ...]:
    """Return the values whose change makes a running trace be shown again."""
    opened = None
    # If they cannot be read, the summary reports it.
    with suppress(Exception):
        opened = sum(1 for end in trace.columns().ends[-8:] if not end)
    held = len(trace.holds), trace.holds[-1].end if trace.holds else 0
    return trace.running, trace.step_count, trace.status, opened, is_hung(trace), held


__all__ = ["progress"]
