"""The panel's comparison is that of Python."""

from __future__ import annotations

import typing as t

import flask

from flask_lifecycle import Lifecycle
from flask_lifecycle.recording import Recording
from flask_lifecycle.trace.compare import compare

PREFIX = "/_lifecycle/api/compare"


def test_two_requests_or_several_runs() -> None:
    app = flask.Flask("shop")
    app.debug = True
    lifecycle = Lifecycle(app)
    app.add_url_rule("/books/<int:number>", "book", lambda number: str(number))
    client = app.test_client()
    for number in (1, 2, 3):
        client.get(f"/books/{number}").close()
    c, b, a = lifecycle.traces(app)

    def get(query: str) -> t.Any:
        return client.get(f"{PREFIX}?{query}")

    answer = get(f"a={a.id}&b={b.id}").json
    assert answer == flask.json.loads(flask.json.dumps(a.compare(b).to_dict()))
    assert (answer["a"], answer["b"]) == (a.id, b.id)
    assert {each["what"] for each in answer["steps"]} == {"same", "detail"}
    assert answer["url"] == {"a": "/books/1", "b": "/books/2"}
    several = get(f"a={a.id}&a={b.id}&b={c.id}").json
    assert several["runs"] == {"a": [a.id, b.id], "b": [c.id]}
    assert several["a_ns"] == compare([a, b], c).a_ns

    for query in ("", f"a={a.id}", f"b={a.id}", f"b={a.id}" + f"&a={a.id}" * 21):
        refused = get(query)
        assert refused.status_code == 400
        assert "takes the id of a request" in refused.json["error"]
    assert get(f"a={a.id}&b=gone").status_code == 404


def test_the_other_runs_of_each_and_the_last_one_like_it() -> None:
    app = flask.Flask("shop")
    app.debug = True
    lifecycle = Lifecycle(app)
    app.add_url_rule("/books/<int:number>", "book", lambda number: str(number))
    client = app.test_client()
    for number in (1, 2, 1, 2, 1):
        client.get(f"/books/{number}").close()
    e, d, c, b, a = lifecycle.traces(app)

    def get(query: str) -> t.Any:
        return client.get(f"{PREFIX}{query}").json

    together = get(f"?a={a.id}&b={b.id}&runs=alike")
    assert together["runs"]["b"] == [b.id, d.id]
    assert sorted(together["runs"]["a"]) == [a.id, c.id, e.id]
    # Of three, the one in the middle stands for all.
    assert together["spread"]["a"]["times"][0] == together["a_ns"]
    assert get(f"?a={a.id}&b={b.id}")["runs"] == {"a": [a.id], "b": [b.id]}
    # Those of one request in one run of the app belong to neither side.
    assert get(f"?a={a.id}&b={e.id}&runs=alike")["runs"] == {"a": [a.id], "b": [e.id]}
    # A side of several runs has these alone.
    named = get(f"?a={a.id}&b={d.id}&b={b.id}&runs=alike")["runs"]
    assert (len(named["a"]), named["b"]) == (3, [d.id, b.id])
    assert get(f"/last?like={e.id}") == {"id": c.id}
    assert get(f"/last?like={b.id}") == {"id": a.id}
    assert get(f"/last?like={a.id}") == {"id": None}
    assert client.get(f"{PREFIX}/last").status_code == 404


def shop() -> tuple[flask.Flask, Lifecycle]:
    app = flask.Flask("shop")
    app.debug = True
    app.add_url_rule("/books/<int:number>", "book", lambda number: str(number))
    return app, Lifecycle(app)


def test_requests_of_files_and_of_the_app() -> None:
    (app, lifecycle), (other, elsewhere) = shop(), shop()
    client, another = app.test_client(), other.test_client()
    for number in (1, 2):
        another.get(f"/books/{number}").close()
    for _ in range(3):
        client.get("/books/1").close()
    two, one = elsewhere.traces(other)
    live = lifecycle.traces(app)
    recording = Recording.of([one, two], app=other).to_dict()

    def side(*ids: str) -> t.Any:
        return {"recording": recording, "ids": list(ids)}

    def post(path: str = "", **body: t.Any) -> t.Any:
        return client.post(f"{PREFIX}{path}", json=body)

    both = post(a=side(one.id), b=side(two.id)).json
    assert both == flask.json.loads(flask.json.dumps(one.compare(two).to_dict()))
    mixed = post(a=side(two.id), b=[live[0].id]).json
    assert (mixed["a"], mixed["url"]) == (two.id, {"a": "/books/2", "b": "/books/1"})
    # The live one is taken together with its other runs, and it may be the first side.
    assert sorted(mixed["runs"]["b"]) == sorted(each.id for each in live)
    assert post(a=[live[0].id], b=side(one.id)).json["b"] == one.id

    assert post("/last", **side(one.id)).json == {"id": live[0].id, "in_file": False}
    another.get("/books/1").close()
    third = elsewhere.traces(other)[0]
    recording = Recording.of([one, two, third]).to_dict()
    assert post("/last", **side(third.id)).json == {"id": one.id, "in_file": True}

    for wrong, says in (
        ({}, "a takes the id of a request"),
        ({"a": side(one.id), "b": {}}, "b takes the id of a request"),
        ({"a": side("gone"), "b": side(one.id)}, "not in its recording"),
        ({"a": {"ids": ["x"], "recording": {"log": 1}}, "b": side(one.id)}, "HTTP archive"),
        ({"a": {"ids": ["x"], "recording": None}, "b": side(one.id)}, "takes an object"),
        ({"a": {"ids": 1, "recording": recording}, "b": side(one.id)}, "takes the id"),
    ):
        refused = post(**wrong)
        assert (refused.status_code, says in refused.json["error"]) == (400, True), refused.json
    assert post(a=side(one.id), b=["gone"]).status_code == 404
    for data in (b"", b"[", b"[1]", b"\x1f\x8b\x00", b"[" * 100_000):
        assert client.post(PREFIX, data=data).status_code == 400
