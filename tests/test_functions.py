"""Every function of the user's is told from another, and from Flask's own."""

from __future__ import annotations

import functools

from flask import Flask

from flask_lifecycle import Lifecycle


def test_hooks_of_every_kind_have_a_name() -> None:
    class Hook:
        def __call__(self) -> None: ...

        def method(self) -> None: ...

    app = Flask(__name__)
    app.config["LIFECYCLE_ENABLED"] = True
    lifecycle = Lifecycle(app)
    app.before_request(Hook())
    app.before_request(Hook().method)
    app.before_request(functools.partial(lambda _value: None, 1))
    app.before_request(lambda: None)
    app.before_request({}.clear)
    app.add_url_rule("/", view_func=functools.partial(str, "x"), endpoint="index")
    assert app.test_client().get("/").text == "x"
    (trace,) = lifecycle.traces(app)
    named = [step.name for step in trace.steps if step.stage in ("before_request", "view")]
    assert named == ["Hook", "method", "<lambda>", "<lambda>", "clear", "str"]
    hooks = [step for step in trace.steps if step.stage == "before_request"]
    assert [step.source is not None for step in hooks] == [True, True, True, True, False]


def test_a_hook_that_a_view_calls_itself_is_no_hook_of_flasks() -> None:
    app = Flask(__name__)
    app.config["LIFECYCLE_ENABLED"] = True
    lifecycle = Lifecycle(app)
    called: list[str] = []

    def load() -> None:
        called.append("load")

    app.before_request(load)

    @app.get("/")
    def view() -> str:
        app.ensure_sync(load)()
        return "x"

    for _ in range(2):
        called.clear()
        app.test_client().get("/").close()
        assert called == ["load", "load"]
        steps = lifecycle.traces(app)[0].steps
        assert [step.name for step in steps if step.stage == "before_request"] == ["load"]
