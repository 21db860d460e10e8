"""The text of bodies is recorded when the panel asks for it, and only by the panel's own key."""

from __future__ import annotations

from flask import Flask, request

from flask_lifecycle import Lifecycle
from tests.helpers.apps import LOCAL, make_app, steps_of

URL = "/_lifecycle/api/bodies"


def made() -> tuple[Flask, Lifecycle]:
    app, lifecycle = make_app()
    app.debug = True
    app.add_url_rule("/", "index", lambda: f"got {len(request.get_data())}", methods=["POST"])
    return app, lifecycle


def shown(app: Flask, lifecycle: Lifecycle) -> tuple[object, object]:
    app.test_client().post("/", data="note=x&password=hunter2", content_type="text/plain").close()
    trace = lifecycle.traces(app)[0]
    (body,) = steps_of(trace, "body")
    return trace.steps[0].detail["request"].get("preview"), body.detail.get("preview")


def test_the_panel_turns_them_on_and_off_for_this_run() -> None:
    app, lifecycle = made()
    client = app.test_client()
    assert client.get(URL, environ_base=LOCAL).get_json() == {"on": False}
    assert shown(app, lifecycle) == (None, None)
    assert client.post(URL, environ_base=LOCAL).get_json() == {"on": True}
    sent, answered = shown(app, lifecycle)
    assert sent == "note=x&password=••••••"
    assert answered == "got 23"
    assert client.delete(URL, environ_base=LOCAL).get_json() == {"on": False}
    assert shown(app, lifecycle) == (None, None)


def test_of_one_app_they_are_not_those_of_another() -> None:
    first, _ = made()
    second, lifecycle = made()
    first.test_client().post(URL, environ_base=LOCAL)
    assert shown(second, lifecycle) == (None, None)


def test_a_page_of_the_apps_cannot_turn_them_on() -> None:
    app, lifecycle = made()
    headers = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    refused = app.test_client().post(URL, environ_base=LOCAL, headers=headers)
    assert refused.status_code == 403
    assert shown(app, lifecycle) == (None, None)
