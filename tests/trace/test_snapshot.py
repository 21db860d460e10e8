"""Copies of what is written while it is written."""

from __future__ import annotations

import typing as t

import pytest

from flask_lifecycle.recorder.steps import begin, end
from flask_lifecycle.summary.summarize import summarize
from flask_lifecycle.trace.log import Columns
from flask_lifecycle.trace.snapshot import snapshot
from flask_lifecycle.trace.tracepoint import Tracepoint, number
from flask_lifecycle.trace.writer import LiveTrace


@pytest.mark.parametrize(
    "copy", [lambda trace: snapshot(trace).to_dict(), summarize], ids=["whole", "summary"]
)
def test_what_ends_while_it_is_copied_has_ended_whole_or_not_at_all(
    copy: t.Callable[[LiveTrace], dict[str, t.Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = LiveTrace(None, "GET", "/")
    begin(trace, number(Tracepoint("wsgi", "wsgi")))
    read = LiveTrace.columns

    def columns(self: LiveTrace) -> Columns:
        found = read(self)
        end(self, 0)
        self.finish()
        return found

    monkeypatch.setattr(LiveTrace, "columns", columns)
    told = copy(trace)
    assert not trace.running
    assert (told["state"], told["duration"]) == ("running", None)
    assert told["now"] if "now" in told else told["steps"][0]["end"] is None
