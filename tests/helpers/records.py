"""Records of steps and traces that no app made."""

from __future__ import annotations

import typing as t

from flask_lifecycle import Trace
from flask_lifecycle.trace.model import Process, Step


def step(index: int, stage: str, **more: t.Any) -> Step:
    made: dict[str, t.Any] = {
        "id": index,
        "parent": None,
        "stage": stage,
        "name": "x",
        "callable": None,
        "source": None,
        "scope": "app",
        "begin": index,
        "end": index,
        "outcome": "ok",
        "error": None,
        "detail": {},
    }
    return Step(**{**made, **more})


def trace_of(*steps: Step, **more: t.Any) -> Trace:
    made: dict[str, t.Any] = {
        "id": "a",
        "state": "done",
        "method": "GET",
        "path": "/",
        "query": "",
        "url_rule": "/",
        "endpoint": "index",
        "blueprints": (),
        "status": 200,
        "started_at": 0.0,
        "duration": 1,
        "process": Process(1, "host", "thread"),
        "error": None,
        "parent": None,
        "dropped_steps": 0,
        "steps": steps,
    }
    return Trace(**{**made, **more})
