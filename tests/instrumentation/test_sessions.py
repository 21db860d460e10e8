"""A session interface records for the app whose session it opens."""

from __future__ import annotations

import typing as t

from flask import Flask, session
from flask.sessions import SecureCookieSessionInterface

from flask_lifecycle import Lifecycle
from tests.helpers.apps import make_app, steps_of


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


def test_what_it_holds_is_told_as_the_cookie_has_it() -> None:
    app, lifecycle = make_app()

    @app.get("/fill")
    def fill() -> str:
        session.update(user=7, cart=[1, {"title": "one"}], api_token="canary")
        return "filled"

    @app.get("/")
    def view() -> str:
        return "not looked at"

    client = app.test_client()

    def held() -> t.Any:
        (step,) = steps_of(lifecycle.traces(app)[0], "session_open")
        return step.detail.get("session")

    client.get("/fill").close()
    assert held() is None
    with client.get("/") as answer:
        assert "Vary" not in answer.headers
    cookie = client.get_cookie("session")
    serializer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert cookie is not None
    assert serializer is not None
    assert held() == {**serializer.loads(cookie.value), "api_token": "••••••"}
