"""Functions that Flask reads from a dict are recorded there, and the dict stays the app's."""

from __future__ import annotations

import typing as t

from flask import Blueprint, Flask, url_for

from flask_lifecycle import Lifecycle


def test_what_is_registered_late_is_recorded_and_stays() -> None:
    app = Flask(__name__)
    app.config["LIFECYCLE_ENABLED"] = True
    lifecycle = Lifecycle(app)
    called: list[str] = []

    @app.url_value_preprocessor
    def taken(_endpoint: str | None, _values: t.Any) -> None:
        called.append("taken")

    @app.url_defaults
    def given(_endpoint: str, _values: t.Any) -> None:
        called.append("given")

    app.add_url_rule("/", "view", lambda: url_for("view"))
    for _ in range(2):
        app.test_client().get("/").close()
        stages = ("url_value_preprocessor", "url_defaults")
        steps = [step for step in lifecycle.traces(app)[0].steps if step.stage in stages]
        assert [(step.name, step.scope) for step in steps] == [("taken", "app"), ("given", "app")]
    lifecycle.undo(app)
    assert app.url_value_preprocessors == {None: [taken]}
    assert app.url_default_functions == {None: [given]}
    app.test_client().get("/").close()
    assert called == ["taken", "given"] * 3


def test_one_function_of_two_scopes_is_named_by_each() -> None:
    app = Flask(__name__)
    app.config["LIFECYCLE_ENABLED"] = True
    lifecycle = Lifecycle(app)
    shop = Blueprint("shop", __name__)

    def both() -> None: ...

    app.before_request(both)
    shop.before_request(both)
    shop.add_url_rule("/", "view", lambda: "x")
    app.register_blueprint(shop)
    app.test_client().get("/").close()
    steps = [step for step in lifecycle.traces(app)[0].steps if step.stage == "before_request"]
    assert [step.scope for step in steps] == ["app", "shop"]
