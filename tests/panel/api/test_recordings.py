"""The panel's recordings are those of Python, behind the same gate as all else."""

from __future__ import annotations

import gzip
import json
import typing as t
from pathlib import Path

import flask
import pytest
from flask.testing import FlaskClient

from flask_lifecycle import Lifecycle, Trace
from flask_lifecycle.panel.api import recordings
from flask_lifecycle.recording import Recording, file, html
from tests.helpers.har import faults as har_faults
from tests.helpers.recordings import SAVED, faults

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
    page = post(ids=ids, **{"as": "html"})
    assert Recording.from_bytes(page.data).traces == tuple(asked.traces)
    for kind in ("HTML", "zip", None, ["json"]):
        refused = post(ids=ids, **{"as": kind})
        assert refused.status_code == 400
        assert refused.json == {"error": '"as" takes json, html or har.'}


def test_a_page_is_for_keeping_and_not_for_the_panel_s_address(asked: Asked) -> None:
    newest = asked.traces[0]
    answer = asked.client.get(f"{PREFIX}traces/{newest.id}.html")
    assert answer.mimetype == "text/html"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    # The panel's own policy, under which no script in a page runs.
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert Recording.from_bytes(answer.data).traces == (newest,)
    assert b"hunter2" not in answer.data
    navigated = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert asked.client.get(answer.request.path, headers=navigated).status_code == 403


def test_without_the_browser_side_there_is_no_page(
    asked: Asked, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(html, "SCRIPT", tmp_path / "recording.js")
    answer = asked.client.get(f"{PREFIX}traces/{asked.traces[0].id}.html")
    assert answer.status_code == 501
    assert "save it as JSON" in json.loads(answer.data)["error"]
    with pytest.raises(RuntimeError, match="installed without its browser side"):
        Recording.of(asked.traces).save(tmp_path / "bug.html")
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("name", ["bug.json", "bug.json.gz", "bug.html", "bug.html.gz"])
def test_a_file_is_read_as_python_reads_it(asked: Asked, tmp_path: Path, name: str) -> None:
    recording = Recording.of(asked.traces, app=asked.client.application)
    recording.save(tmp_path / name)
    answer = asked.client.post(f"{PREFIX}recordings/read", data=(tmp_path / name).read_bytes())
    assert faults(answer.json) == []
    assert Recording.from_bytes(answer.data) == recording
    page = asked.client.post(f"{PREFIX}recordings/read?as=html", data=answer.data)
    assert page.mimetype == "text/html"
    assert Recording.from_bytes(page.data) == recording


def test_a_request_that_an_older_panel_saved_is_upgraded(asked: Asked) -> None:
    for path in SAVED.glob("*/*.json"):
        answer = asked.client.post(f"{PREFIX}recordings/read", data=path.read_bytes())
        assert faults(answer.json) == []
        assert Recording.from_bytes(answer.data).traces == Recording.load(path).traces


def test_what_is_no_recording_is_refused_with_a_sentence(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(data: bytes, **more: t.Any) -> t.Any:
        return asked.client.post(f"{PREFIX}recordings/read", data=data, **more)

    for data, says in (
        (b"", "it is not JSON"),
        (b'{"log": {"entries": []}}', "it is an HTTP archive (HAR)"),
        (b"<!doctype html><p>{}</p>", "it is HTML, but has no recording in it."),
        (gzip.compress(b" " * 200_000_000), "it is larger than 100 MB"),
    ):
        refused = read(data)
        assert refused.status_code == 200
        assert [*refused.json] == ["error"]
        assert refused.json["error"].startswith(says)
    # Refused by its length, before it is read.
    huge = read(b"", environ_overrides={"CONTENT_LENGTH": str(10**9)})
    assert huge.status_code == 413
    assert huge.json == {"error": "it is larger than 100 MB, the most that is read."}
    monkeypatch.setattr(recordings, "MOST", 10)
    assert read(b"[" * 11).status_code == 413


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
    for path in (
        f"traces/{newest}.json",
        f"traces/{newest}.html",
        f"compare?a={newest}&b={newest}",
    ):
        assert asked.client.get(PREFIX + path, **remote).status_code == 403
    for path in ("recordings", "recordings/read"):
        posted = asked.client.post(PREFIX + path, json={"ids": [newest]}, **remote)
        assert posted.status_code == 403
    foreign = {"Origin": "https://example.com"}
    assert asked.client.get(f"{PREFIX}traces/{newest}.json", headers=foreign).status_code == 403
