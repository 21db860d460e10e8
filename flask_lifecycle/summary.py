"""What the list shows of a trace: its header, and the few proportions of its mini timeline."""

from __future__ import annotations

import typing as t

from .trace import LiveStep, LiveTrace

_KINDS = {
    "app_context_push": "context",
    "request_context_push": "context",
    "session_open": "context",
    "url_match": "context",
    "url_value_preprocessor": "before",
    "before_request": "before",
    "view": "view",
    "sql": "sql",
    "template": "template",
    "error_handler": "error",
    "make_response": "after",
    "after_this_request": "after",
    "after_request": "after",
    "session_save": "after",
    "teardown_request": "context",
    "teardown_appcontext": "context",
    "body": "body",
}
_PARTS = 60


def summarize(trace: LiveTrace) -> dict[str, t.Any]:
    """Return a trace without its steps, as JSON's types; times in ns from its start."""
    steps = list(trace.steps)
    running = trace.running
    elapsed = trace.elapsed() if trace.duration is None else trace.duration
    now = _innermost(steps) if running else None
    return {
        **trace.snapshot_header(),
        "step_count": len(steps),
        "strip": _strip(trace, steps, elapsed),
        "now": None if now is None else {"stage": now.site.stage, "name": now.site.name},
        "elapsed": elapsed,
    }


def _innermost(steps: list[LiveStep]) -> LiveStep | None:
    return next((step for step in reversed(steps) if step.end is None), None)


def _strip(trace: LiveTrace, steps: list[LiveStep], elapsed: int) -> list[list[t.Any]]:
    least = elapsed // 400
    parts: list[list[t.Any]] = []

    for step in steps:
        kind = _KINDS.get(step.site.stage)
        if kind is None:
            continue
        begin = step.begin - trace.origin
        end = elapsed if step.end is None else step.end - trace.origin
        last = parts[-1] if parts else None
        if last is not None and last[0] == kind and begin - last[2] <= least:
            last[2] = max(last[2], end)
        elif end - begin >= least:
            parts.append([kind, begin, end])

    if len(parts) > _PARTS:
        longest = sorted(parts, key=lambda part: part[1] - part[2])[:_PARTS]
        parts = [part for part in parts if part in longest]

    return parts


__all__ = ["summarize"]
