"""Which requests a holder holds, and that it lets go of all of them."""

from __future__ import annotations

import weakref
from itertools import count

from flask import Flask

from flask_lifecycle.holds import holder as holder_module
from flask_lifecycle.holds.bounds import Server, Viewers
from flask_lifecycle.holds.breakpoints import Breakpoint
from flask_lifecycle.holds.holder import Holder, Next
from flask_lifecycle.recorder.steps import begin
from flask_lifecycle.trace.owner import Owner
from flask_lifecycle.trace.tracepoint import TRACEPOINTS, Tracepoint, number
from flask_lifecycle.trace.writer import LiveTrace
from tests.helpers.meanwhile import meanwhile

VIEW = number(Tracepoint("view", "index"))


def test_a_request_that_is_about_to_be_held_when_holding_ends_is_not_held() -> None:
    app = Flask(__name__)
    app.debug = True
    owner = Owner(app)
    holder = Holder(owner, 60.0)

    class Ended(Viewers):
        """Somebody who removes the extension at that moment."""

        @property
        def present(self) -> bool:
            holder.close()
            return True

    holder.viewers = Ended()
    holder.server = Server(None, lambda: 0, lambda: False)
    holder.set([Breakpoint(stage="view")], on=True)
    trace = LiveTrace(owner, "GET", "/")
    step = begin(trace, VIEW)
    assert holder.enter(trace, step, "before", None) is None


def test_requests_go_on_step_by_step_while_it_is_asked_for_those_that_do() -> None:
    app = Flask(__name__)
    owner = Owner(app)
    holder = Holder(owner, 60.0)
    traces: list[LiveTrace] = []

    def go_on() -> None:
        trace = LiveTrace(owner, "GET", "/")
        trace.finish()
        traces.append(trace)
        holder._next[trace] = Next("step", weakref.ref(trace), 0)

    go_on()
    with meanwhile(go_on, weakref):
        assert not holder.armed
    assert len(traces) > 1


def test_breakpoints_that_are_set_while_a_request_looks_for_its_own_are_found() -> None:
    app = Flask(__name__)
    for moment in count():
        holder = Holder(Owner(app), 60.0)
        moments = count()

        def reach(
            holder: Holder = holder, moments: count[int] = moments, moment: int = moment
        ) -> None:
            if next(moments) == moment:
                holder.set([Breakpoint(stage="view")], on=True)

        with meanwhile(reach, holder_module):
            holder._breakpoints_at(VIEW, TRACEPOINTS[VIEW], None)
        if not holder.breakpoints:
            break
        assert holder._breakpoints_at(VIEW, TRACEPOINTS[VIEW], None) == holder.breakpoints
    assert moment > 10
