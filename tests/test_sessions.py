"""A session interface records for the app whose session it opens."""

from __future__ import annotations

from flask import Flask

from flask_lifecycle import Lifecycle


def test_the_session_of_another_app_inside_is_not_this_ones() -> None:
    app, other = Flask("outer"), Flask("inner")
    app.config.update(LIFECYCLE_ENABLED=True, SECRET_KEY="outer")
    lifecycle = Lifecycle(app)
    opened: list[str] = []
    other.config["SECRET_KEY"] = "inner"
    other.before_request(lambda: opened.append("inner"))
    other.add_url_rule("/", "view", lambda: "inner")

    @app.get("/")
    def view() -> str:
        return other.test_client().get("/").text

    # The interface records from the first request on.
    for count in (1, 2):
        assert app.test_client().get("/").text == "inner"
        assert len(opened) == count
        stages = [step.stage for step in lifecycle.traces(app)[0].steps]
        assert (stages.count("session_open"), stages.count("session_save")) == (1, 1)
