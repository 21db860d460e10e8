# pyright: strict
"""The public names, used as a user does: mypy and pyright read this, and a test runs it."""

from __future__ import annotations

from flask import Flask

from flask_lifecycle import Lifecycle, Step, Trace
from flask_lifecycle.recording import Recording


def create_app() -> tuple[Flask, Lifecycle]:
    app = Flask(__name__)
    app.config["LIFECYCLE_ENABLED"] = True
    lifecycle = Lifecycle()
    lifecycle.init_app(app)
    app.add_url_rule("/", "index", lambda: "hello")
    return app, lifecycle


def slowest(trace: Trace) -> Step | None:
    ended = [step for step in trace.steps if step.end is not None]
    return max(ended, key=lambda step: (step.end or 0) - step.begin, default=None)


def summary(trace: Trace) -> str:
    status: int | None = trace.status
    duration: int | None = trace.duration
    step = slowest(trace)
    name: str = "nothing" if step is None else step.name
    return f"{trace.method} {trace.path} {status} in {(duration or 0) / 1e6} ms: {name}"


def source(step: Step) -> str | None:
    return None if step.source is None else f"{step.source.file}:{step.source.line}"


def failed(trace: Trace) -> Step | None:
    if trace.error is None or trace.error.step is None:
        return None
    return trace.steps[trace.error.step]


def document(trace: Trace) -> dict[str, object]:
    return trace.to_dict()


def changed(before: Trace, after: Trace) -> list[str]:
    comparison = before.compare(after)
    slower: list[int | None] = [each.b_ns for each in comparison.slower if each.beyond]
    assert slower == [] or str(comparison)
    return [step.name for step in (*comparison.added, *comparison.gone)]


def saved(app: Flask, traces: list[Trace]) -> bytes:
    recording = Recording.of(traces, app=app)
    made: str | None = recording.made.app
    assert made == app.name
    return recording.to_bytes()


def main() -> list[str]:
    app, lifecycle = create_app()
    app.test_client().get("/")
    traces: list[Trace] = lifecycle.traces(app)
    told = [summary(each) for each in traces]
    assert document(traces[0])["path"] == traces[0].path
    assert [failed(each) for each in traces] == [None]
    assert any(source(step) for step in traces[0].steps)
    assert Recording.from_bytes(saved(app, traces)).traces == tuple(traces)
    assert changed(traces[0], traces[0]) == []
    lifecycle.undo(app)
    return told
