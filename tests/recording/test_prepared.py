"""What a recording has prepared for its views is what the panel's server answers for them."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
import typing as t
from contextlib import closing

import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_lifecycle import Lifecycle, Trace
from flask_lifecycle.recording import Recording
from tests.helpers.recordings import faults

API = "/_lifecycle/api"


class Asked(t.NamedTuple):
    client: FlaskClient
    traces: list[Trace]


@pytest.fixture
def asked() -> Asked:
    app = Flask("shop")
    app.debug = True
    app.config["PROPAGATE_EXCEPTIONS"] = False
    lifecycle = Lifecycle(app)

    @app.get("/books")
    def books() -> str:
        with closing(sqlite3.connect(":memory:")) as connection:
            for number in range(5):
                connection.execute("select ? as number, 'x' as name where 1 = 1", (number % 2,))
        return "books"

    @app.get("/fails")
    def fails() -> str:
        try:
            raise LookupError("no such book")
        except LookupError as error:
            raise ValueError("it fails") from error

    client = app.test_client()
    for path in ("/books", "/fails", "/books", "/gone"):
        client.get(path).close()
    return Asked(client, lifecycle.traces(app))


def in_document(document: t.Any, step: t.Any, what: str) -> t.Any:
    """Return what a reader without Python finds for a step."""
    index = step.get("prepared", {}).get(what)
    if index is None:
        return None
    prepared = document["prepared"]
    if what != "caller":
        return prepared["frames" if what == "frames" else f"{what}s"][index]
    call = prepared["callers"][index]
    return {**prepared["functions"][call["function"]], "at": call["at"]}


def test_it_is_what_the_server_answers(asked: Asked) -> None:
    ids = [trace.id for trace in asked.traces]
    document = asked.client.post(f"{API}/recordings", json={"ids": ids}).get_json()
    assert faults(document) == []
    found = set()
    for trace in document["traces"]:
        for step in trace["steps"]:
            for what in ("statement", "frames", "caller"):
                answer = asked.client.get(f"{API}/traces/{trace['id']}/steps/{step['id']}/{what}")
                expected = answer.get_json() if answer.status_code == 200 else None
                assert in_document(document, step, what) == expected
                found.add((what, expected is not None))
    assert len(found) == 6
    # The connection, and five statements with two values.
    assert len(document["prepared"]["statements"]) == 3
    for each in document["prepared"]["comparisons"]:
        query = f"a={each['a']}&b={each['b']}&runs=alike"
        assert asked.client.get(f"{API}/compare?{query}").get_json() == each
    pairs = [(each["a"], each["b"]) for each in document["prepared"]["comparisons"]]
    assert len(set(pairs)) == len(pairs) == 6
    # First those that are like each other.
    assert pairs[0] == (ids[3], ids[1])
    last = asked.client.get(f"{API}/compare/last?like={ids[1]}").get_json()
    assert last == {"id": pairs[0][0]}


def test_it_is_derived_again_and_what_cannot_be_is_left_out(asked: Asked) -> None:
    recording = Recording.of(asked.traces)
    document = recording.to_dict()
    again = Recording.from_bytes(json.dumps({**document, "prepared": {"callers": 1}}).encode())
    assert again == recording
    assert again.to_dict() == document
    # Flask's code is that of the version which is here.
    other = dataclasses.replace(recording, made=dataclasses.replace(recording.made, flask="0.1"))
    prepared = other.to_dict()["prepared"]
    assert (prepared["functions"], prepared["callers"]) == ([], [])
    assert prepared["statements"]


@pytest.mark.parametrize(
    "detail",
    [
        {"statement": 1, "exception": 1},
        {"statement": "select ?", "parameters": {"a": [[[]]]}, "many": 3, "dialect": []},
        {"exception": {"frames": 1}},
        {"exception": {"frames": [{"file": 1, "lines": [1]}], "others": []}},
        {"exception": {"frames": [], "others": [[]]}, "changes": 1, "values": [], "for": {}},
        {"set": 3, "headers": 1, "status": [], "g": {"added": 1}, "session": "x", "body": {}},
        {"statement": "(" * 3000, "exception": {"frames": [], "others": 7}},
    ],
)
def test_details_of_any_shape_can_be_saved(asked: Asked, detail: t.Any) -> None:
    document = Recording.of(asked.traces).to_dict()
    for trace in document["traces"]:
        for step in trace["steps"]:
            step["detail"] = {**step["detail"], **detail}
    read = Recording.from_bytes(json.dumps(document).encode())
    saved = json.loads(read.to_bytes())
    assert faults(saved) == []
    ids = [trace.id for trace in read.traces]
    # Asked for a comparison, the panel answers with one or with a sentence.
    body = {
        name: {"recording": document, "ids": [each]} for name, each in zip("ab", ids, strict=False)
    }
    answer = asked.client.post(f"{API}/compare", json=body)
    assert answer.status_code == 200 or "cannot be compared" in answer.get_json()["error"]


def test_few_pairs_of_many_requests_are_compared(asked: Asked) -> None:
    for _ in range(40):
        asked.client.get("/books").close()
        asked.client.get("/static/none.css").close()
    app = asked.client.application
    document = Recording.of(Lifecycle().traces(app), app=app).to_dict()
    pairs = document["prepared"]["comparisons"]
    assert len(pairs) == 24
    assert all("/static/" not in each["url"]["a"] + each["url"]["b"] for each in pairs)
