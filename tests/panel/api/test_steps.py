"""What is shown of one step takes that step, however many others its trace has."""

from __future__ import annotations

import typing as t

import pytest

from flask_lifecycle.recorder.current import current
from flask_lifecycle.trace.log import WIDTH
from flask_lifecycle.trace.writer import LiveTrace
from tests.helpers.apps import LOCAL, make_app, steps_of


class Heavy:
    """A detail that says whose it is when it is read."""

    def __init__(self, step: int, read: list[int]) -> None:
        self._step = step
        self._read = read

    def detail(self, _trace: LiveTrace) -> str:
        self._read.append(self._step)
        return "heavy"


@pytest.mark.parametrize("resource", ["source", "caller"])
def test_only_the_step_that_is_asked_for_is_read(resource: str) -> None:
    app, lifecycle = make_app()
    app.debug = True
    read: list[int] = []

    @app.get("/")
    def index() -> str:
        trace: t.Any = current.get()
        for place in range(0, len(trace.log), WIDTH):
            trace.notes.add(place, "heavy", Heavy(place // WIDTH, read))
        return ""

    app.test_client().get("/")
    (trace,) = lifecycle.traces(app)
    (view,) = steps_of(trace, "view")
    assert len(read) > view.id > 0
    read.clear()
    found = app.test_client().get(
        f"/_lifecycle/api/traces/{trace.id}/steps/{view.id}/{resource}", environ_base=LOCAL
    )
    assert (found.status_code, read) == (200, [view.id])
    beyond = f"/_lifecycle/api/traces/{trace.id}/steps/{len(trace.steps)}/{resource}"
    assert app.test_client().get(beyond, environ_base=LOCAL).status_code == 404
    assert read == [view.id]
