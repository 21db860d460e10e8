"""Signals are recorded where they were sent, in whichever thread."""

from __future__ import annotations

import threading
from contextvars import copy_context

from flask import render_template_string

from tests.helpers.apps import make_app


def test_a_signal_of_another_thread_is_not_inside_the_step_of_the_requests_own() -> None:
    app, lifecycle = make_app()

    def elsewhere() -> str:
        thread = threading.Thread(
            target=copy_context().run, args=(render_template_string, "of the thread")
        )
        thread.start()
        thread.join()
        return "seen"

    @app.get("/")
    def view() -> str:
        return render_template_string("{{ elsewhere() }}", elsewhere=elsewhere)

    assert app.test_client().get("/").text == "seen"
    steps = lifecycle.traces(app)[0].steps
    sent = [step for step in steps if step.stage == "signal" and "template" in step.name]
    assert [step.name for step in sent] == [
        "before_render_template",
        "before_render_template",
        "template_rendered",
        "template_rendered",
    ]
    assert all(steps[step.parent or 0].stage == "view" for step in sent)
