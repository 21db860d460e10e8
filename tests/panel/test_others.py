"""What the panel takes of what other processes publish, which may have another version."""

from __future__ import annotations

import typing as t

import pytest

from flask_lifecycle.panel.others import Others
from flask_lifecycle.processes.protocol import Published

RUNS: dict[str, t.Any] = {"id": "a" * 24, "state": "running", "elapsed": 1, "app_time": 1}


@pytest.mark.parametrize("field", ["id", "state", "elapsed", "app_time", "sending"])
def test_a_summary_without_a_field_is_left_out(field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = {**RUNS, "sending": False}
    part = {name: value for name, value in {**whole, "id": "b" * 24}.items() if name != field}
    shown = [whole, part, {"id": 7, "state": "done"}, {"id": ["a"], "state": "done"}, {}]
    others = Others(None)
    monkeypatch.setattr(others, "_published", lambda: [Published({}, 0.0, shown, False)])
    assert [*others.running()] == [whole["id"]]
