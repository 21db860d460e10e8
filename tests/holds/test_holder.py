"""Which requests a holder holds, and that it lets go of all of them."""

from __future__ import annotations

from flask import Flask

from flask_lifecycle.holds.bounds import Server, Viewers
from flask_lifecycle.holds.breakpoints import Breakpoint
from flask_lifecycle.holds.holder import Holder
from flask_lifecycle.recorder.steps import begin
from flask_lifecycle.trace.owner import Owner
from flask_lifecycle.trace.tracepoint import Tracepoint, number
from flask_lifecycle.trace.writer import LiveTrace

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
