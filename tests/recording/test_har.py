"""Archives are what the format's own schema takes, and say what the client sent and got."""

from __future__ import annotations

import json
import typing as t
from dataclasses import replace

import flask
import pytest

from flask_lifecycle import Lifecycle
from flask_lifecycle.recording.har import to_har
from flask_lifecycle.redact import MASK
from flask_lifecycle.trace.model import Hold
from tests.helpers.har import faults

lifecycle = Lifecycle()


@pytest.fixture
def app() -> flask.Flask:
    app = flask.Flask(__name__)
    app.config.update(SECRET_KEY="k", LIFECYCLE_ENABLED=True, LIFECYCLE_BODY_PREVIEW=True)
    lifecycle.init_app(app)

    @app.post("/sign-in")
    def sign_in() -> flask.typing.ResponseReturnValue:
        flask.session["user"] = flask.request.form["name"]
        return flask.redirect("/home?token=hunter2", 302)

    @app.post("/json")
    def as_json() -> flask.typing.ResponseReturnValue:
        return flask.jsonify(flask.request.get_json())

    @app.get("/crash")
    def crash() -> str:
        raise RuntimeError("hunter2=hunter2")

    @app.get("/stream")
    def stream() -> flask.Response:
        return flask.Response((word for word in ("a", "b")), mimetype="text/plain")

    return app


def entries(app: flask.Flask) -> list[dict[str, t.Any]]:
    har = to_har(lifecycle.traces(app))
    assert faults(har) == []
    json.dumps(har, allow_nan=False)
    found: list[dict[str, t.Any]] = har["log"]["entries"]
    return found


def test_a_form_and_its_redirect(app: flask.Flask) -> None:
    app.test_client().post(
        "/sign-in?next=%2F&api_key=hunter2", data={"name": "Ada", "password": "hunter2"}
    )
    (entry,) = entries(app)
    assert all(step["explain"] for step in entry["_lifecycle"]["steps"])
    request, response = entry["request"], entry["response"]
    assert request["method"] == "POST"
    assert request["url"] == f"http://localhost/sign-in?next=%2F&api_key={MASK}"
    assert request["queryString"] == [
        {"name": "next", "value": "/"},
        {"name": "api_key", "value": MASK},
    ]
    assert request["postData"]["params"] == [
        {"name": "name", "value": "Ada"},
        {"name": "password", "value": MASK},
    ]
    assert response["status"] == 302
    assert response["redirectURL"] == f"/home?token={MASK}"
    (cookie,) = response["cookies"]
    assert cookie == {
        "name": "session", "value": MASK, "path": "/", "httpOnly": True, "secure": False,
    }  # fmt: skip
    assert "hunter2" not in json.dumps(entry)
    times = entry["timings"]
    assert times["send"] + times["wait"] + times["receive"] == pytest.approx(entry["time"])


def test_json_and_sizes(app: flask.Flask) -> None:
    answer = app.test_client().post("/json", json={"title": "Kindred", "token": "hunter2"})
    (entry,) = entries(app)
    assert json.loads(entry["request"]["postData"]["text"]) == {"title": "Kindred", "token": MASK}
    assert entry["response"]["bodySize"] == len(answer.data)
    assert entry["response"]["content"]["mimeType"] == "application/json"
    assert "Kindred" in entry["response"]["content"]["text"]
    assert "hunter2" not in json.dumps(entry)


def test_what_was_not_answered_and_what_streams_is_an_archive_too(app: flask.Flask) -> None:
    client = app.test_client()
    app.testing = True
    with pytest.raises(RuntimeError):
        client.get("/crash")
    client.get("/stream").get_data()
    client.get("/nowhere")
    crash, stream, nowhere = entries(app)
    # No response left the app: the server answers.
    assert crash["response"]["status"] == 500
    assert stream["response"]["bodySize"] == 2
    assert nowhere["response"]["statusText"] == "NOT FOUND"
    stages = [step["stage"] for step in stream["_lifecycle"]["steps"]]
    assert stages[0] == "wsgi"
    assert "body" in stages


def test_what_breakpoints_did_is_in_a_comment(app: flask.Flask) -> None:
    app.test_client().get("/stream")
    [trace] = lifecycle.traces(app)
    held = replace(trace, holds=(Hold(3, 1_000, 2_001_000, "go"), Hold(4, 5_000, 6_000, "skip")))
    har = to_har([held])
    assert faults(har) == []
    assert har["log"]["entries"][0]["comment"] == "Breakpoints held it for 2.00 ms; by hand: skip."
    assert "comment" not in entries(app)[0]


def test_the_panel_gives_one_or_several(app: flask.Flask) -> None:
    app.debug = True
    client = app.test_client()
    client.get("/stream")
    client.get("/nowhere")
    newest, older = lifecycle.traces(app)

    def get(path: str) -> dict[str, t.Any]:
        return t.cast("dict[str, t.Any]", client.get(f"/_lifecycle/api/traces{path}").get_json())

    one = get(f"/{older.id}.har")
    assert faults(one) == []
    assert [entry["_lifecycle"]["id"] for entry in one["log"]["entries"]] == [older.id]
    assert "unknown or was evicted" in get("/nothing.har")["error"]
    assert get(f"/{older.id}")["id"] == older.id
    several = client.post(
        "/_lifecycle/api/traces.har", json={"ids": [newest.id, older.id, older.id, "gone"]}
    ).get_json()
    assert faults(several) == []
    found = [entry["_lifecycle"]["id"] for entry in several["log"]["entries"]]
    assert found == [older.id, newest.id]
    for wrong in (b"", b"[1]", b'{"ids": "x"}', b'{"ids": [1]}', b"{"):
        refused = client.post(
            "/_lifecycle/api/traces.har", data=wrong, content_type="application/json"
        )
        assert refused.status_code == 400
        assert "must be JSON such as" in refused.get_json()["error"]
