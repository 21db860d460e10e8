"""The panel's recordings are those of Python, behind the same gate as all else."""

from __future__ import annotations

import json
import typing as t

import flask
import pytest
from flask.testing import FlaskClient

from flask_lifecycle import Lifecycle, Trace
from flask_lifecycle.recording import Recording, file
from tests.helpers.har import faults as har_faults
from tests.helpers.recordings import faults

PREFIX = "/_lifecycle/api/"


class Asked(t.NamedTuple):
    client: FlaskClient
    traces: list[Trace]


@pytest.fixture
def asked() -> Asked:
    app = flask.Flask("shop")
    app.debug = True
    app.config["SECRET_KEY"] = "hunter2"
    lifecycle = Lifecycle(app)

    @app.get("/books/<int:number>")
    def book(number: int) -> str:
        password = "hunter2"
        flask.g.token = password
        return str(number)

    client = app.test_client()
    for number in (1, 2):
        client.get(f"/books/{number}").close()
    return Asked(client, lifecycle.traces(app))


def test_one_request_as_a_recording(asked: Asked) -> None:
    newest = asked.traces[0]
    answer = asked.client.get(f"{PREFIX}traces/{newest.id}.json")
    assert answer.mimetype == "application/json"
    assert faults(answer.json) == []
    recording = Recording.from_bytes(answer.data)
    assert recording.traces == (newest,)
    assert recording.made.app == "shop"
    assert recording.app is not None
    assert [each.file for each in recording.sources] == [__file__]
    assert b"hunter2" not in answer.data
    assert asked.client.get(f"{PREFIX}traces/gone.json").status_code == 404


def test_several_requests(asked: Asked) -> None:
    ids = [trace.id for trace in asked.traces]

    def post(**body: t.Any) -> t.Any:
        return asked.client.post(f"{PREFIX}recordings", json=body)

    for more in ({}, {"as": "json"}):
        answer = post(ids=[*ids, ids[0], "gone"], **more)
        assert faults(answer.json) == []
        assert Recording.from_bytes(answer.data).traces == tuple(asked.traces)
    har = post(ids=ids, **{"as": "har"}).json
    assert har_faults(har) == []
    assert len(har["log"]["entries"]) == 2
    assert post(ids=["gone"]).status_code == 404
    for wrong in ({}, {"ids": ids[0]}, {"ids": [1]}):
        assert "must be JSON such as" in post(**wrong).json["error"]
    for kind in ("html", "zip", None, ["json"]):
        refused = post(ids=ids, **{"as": kind})
        assert refused.status_code == 400
        assert refused.json == {"error": '"as" takes json or har.'}


def test_what_could_not_be_opened_again_is_not_saved(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file, "MOST", 1000)
    refused = asked.client.get(f"{PREFIX}traces/{asked.traces[0].id}.json")
    assert refused.status_code == 413
    assert "save fewer requests" in json.loads(refused.data)["error"]


def test_the_gate_is_in_front(asked: Asked) -> None:
    newest = asked.traces[0].id
    remote: t.Any = {"environ_overrides": {"REMOTE_ADDR": "192.0.2.1"}}
    for path in (f"traces/{newest}.json", f"compare?a={newest}&b={newest}"):
        assert asked.client.get(PREFIX + path, **remote).status_code == 403
    posted = asked.client.post(f"{PREFIX}recordings", json={"ids": [newest]}, **remote)
    assert posted.status_code == 403
    foreign = {"Origin": "https://example.com"}
    assert asked.client.get(f"{PREFIX}traces/{newest}.json", headers=foreign).status_code == 403
