"""Compare the recorded steps with what ``sys.setprofile`` saw Python call."""

from __future__ import annotations

import pytest

from flask_lifecycle import Lifecycle, Trace
from tests.helpers.oracle import REQUESTS, USER_STAGES, Oracle, Teapot, make_oracle_app


def recorded(trace: Trace, oracle: Oracle) -> list[str]:
    known = set(oracle.names.values())
    return [
        step.callable
        for step in trace.steps
        if step.stage in USER_STAGES and step.callable in known
    ]


@pytest.mark.parametrize(("method", "path"), REQUESTS, ids=lambda part: str(part))
@pytest.mark.parametrize("propagate", [False, True])
def test_the_steps_are_what_python_called(method: str, path: str, propagate: bool) -> None:
    oracle = Oracle()
    app = make_oracle_app(oracle, PROPAGATE_EXCEPTIONS=propagate)
    lifecycle = Lifecycle(app)
    client = app.test_client()
    client.open("/plain").close()  # asgiref is imported at the first async hook

    with oracle:
        try:
            client.open(path, method=method, buffered=True).close()
        except (RuntimeError, TypeError, Teapot, SystemExit):
            pass

    trace = lifecycle.traces(app)[0]
    assert oracle.called
    assert recorded(trace, oracle) == oracle.called
    assert trace.state == "done"
    assert all(step.end is not None for step in trace.steps)


def test_a_nested_request_is_a_trace_of_its_own() -> None:
    oracle = Oracle()
    app = make_oracle_app(oracle)
    lifecycle = Lifecycle(app)
    app.test_client().get("/plain").close()
    with oracle:
        app.test_client().get("/nested", buffered=True).close()

    inner, outer = lifecycle.traces(app)[:2]
    assert (inner.path, outer.path) == ("/plain", "/nested")
    assert inner.parent == outer.id
    assert outer.parent is None
    merged = sorted(
        (trace.started_at + step.begin / 1e9, step.callable)
        for trace in (inner, outer)
        for step in trace.steps
        if step.stage in USER_STAGES and step.callable in set(oracle.names.values())
    )
    assert [name for _, name in merged] == oracle.called


def test_every_step_lies_inside_its_parent() -> None:
    app = make_oracle_app(Oracle())
    lifecycle = Lifecycle(app)
    client = app.test_client()
    for method, path in REQUESTS:
        if path != "/exit":
            client.open(path, method=method, buffered=True).close()

    for trace in lifecycle.traces(app):
        for step in trace.steps:
            assert step.end is not None
            assert step.begin <= step.end
            if step.parent is not None:
                parent = trace.steps[step.parent]
                assert parent.id < step.id
                assert parent.end is not None
                assert parent.begin <= step.begin
                assert step.end <= parent.end
