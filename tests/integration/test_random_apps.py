"""Random apps and requests: the recorded steps are what ``sys.setprofile`` saw, each time."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import typing as t
from contextlib import suppress
from contextvars import copy_context

import pytest
from hypothesis import HealthCheck, given, settings

from flask_lifecycle import Lifecycle, Trace
from flask_lifecycle.core import compiled
from flask_lifecycle.trace.model import Step
from tests.helpers import ROOT
from tests.helpers.oracle import USER_STAGES, Oracle, phases
from tests.helpers.random_apps import Spec, build, specs, streams
from tests.helpers.recordings import assert_recorded

PHASES = phases()
WATCHED = USER_STAGES.union(PHASES.values())


def refused(step: Step) -> bool:
    """Tell whether asgiref would not run a coroutine function: inside an async view's loop.

    Flask called it, and what it called raised; the function itself never began.
    """
    error = step.error
    hook = step.stage in USER_STAGES and step.stage != "view"
    return hook and error is not None and "use AsyncToSync" in error.message


def steps_of(traces: list[Trace]) -> list[tuple[str, str]]:
    """Return the name and outcome of each call, in the order of calls.

    Functions of the user's go by their names, methods of Flask's by their stages.
    """
    found = sorted(
        (trace.started_at + step.begin / 1e9, step.id, step)
        for trace in traces
        for step in trace.steps
        if step.stage in WATCHED and not refused(step)
    )
    return [
        (step.name if step.stage in USER_STAGES else step.stage, step.outcome or "")
        for _, _, step in found
    ]


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(spec=specs)
def every_call_is_a_step_and_every_step_a_call(spec: Spec) -> None:
    oracle = Oracle()
    oracle.names.update(PHASES)
    app, path = build(spec, oracle)
    lifecycle = Lifecycle(app)
    with oracle:
        try:
            app.test_client().open(path, method=spec.method, buffered=True).close()
        except Exception as error:
            assert not isinstance(error, AssertionError), error  # noqa: PT017
    while streams:
        # One that was dropped, as its response was, would be closed at any time and place.
        with suppress(Exception):
            streams.pop().close()

    traces = lifecycle.traces(app)
    steps = steps_of(traces)
    assert [name for name, _ in steps] == [name.rpartition(":")[2] for name in oracle.called]
    for name, outcome in steps:
        does = name.partition("_")[0]
        if does in ("raise", "abort"):
            assert outcome == "raised", name
        elif does == "ok":
            assert outcome == "ok", name
    assert_recorded(traces)
    for trace in traces:
        assert trace.state == "done"
        assert trace.compare(trace).is_empty
        for step in trace.steps:
            assert step.end is not None
            if step.parent is not None:
                parent = trace.steps[step.parent]
                assert parent.end is not None
                assert parent.begin <= step.begin <= step.end <= parent.end


def test_every_call_is_a_step_and_every_step_a_call() -> None:
    def all_examples() -> None:
        every_call_is_a_step_and_every_step_a_call()
        gc.collect()

    # A stream that is dropped can leave Flask's contexts behind, with or without us, and pops
    # them whenever it is freed: all of that in a context of its own.
    copy_context().run(all_examples)


def documents(pure: str) -> t.Any:
    """Return the traces of many random apps, recorded by the compiled core or by its twin."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.random_documents", "60"],
        check=True,
        cwd=ROOT,
        env={**os.environ, "FLASK_LIFECYCLE_PURE": pure, "PYTHONHASHSEED": "0"},
        stdout=subprocess.PIPE,
    )
    return json.loads(done.stdout)


def test_the_compiled_core_and_its_twin_record_the_same() -> None:
    if compiled is not None:
        in_c, in_python = documents("0"), documents("1")
        assert len(in_c) >= 60
        assert in_c == in_python


pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    # What a dropped stream's teardown raises, and coroutines that asgiref would not run.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:coroutine:RuntimeWarning"),
]
