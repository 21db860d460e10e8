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


def test_the_lines_of_an_exception_are_highlighted_frame_by_frame() -> None:
    app, lifecycle = make_app()
    app.debug = True

    @app.get("/")
    def index() -> str:
        try:
            raise ValueError("inner")
        except ValueError as error:
            raise RuntimeError("outer") from error

    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.test_client().get("/").close()
    (trace,) = lifecycle.traces(app)
    (step,) = [each for each in trace.steps if "exception" in each.detail]

    def text(lines: t.Any) -> list[str]:
        return ["".join(part for _, part in line) for line in lines]

    def same(recorded: t.Any, found: t.Any) -> int:
        assert len(recorded["frames"]) == len(found["frames"])
        for frame, lines in zip(recorded["frames"], found["frames"], strict=True):
            assert (
                text(lines) == [*"\n".join(frame["lines"]).rstrip("\n").split("\n")][: len(lines)]
            )
        pairs = zip(recorded["others"], found["others"], strict=True)
        return 1 + sum(same(*each) for each in pairs)

    path = f"/_lifecycle/api/traces/{trace.id}/steps/{step.id}/frames"
    found = app.test_client().get(path, environ_base=LOCAL).get_json()
    assert same(step.detail["exception"], found) == 2
    kinds = {kind for lines in found["frames"] for line in lines for kind, _ in line}
    assert "k" in kinds
    other = f"/_lifecycle/api/traces/{trace.id}/steps/0/frames"
    assert app.test_client().get(other, environ_base=LOCAL).status_code == 404
