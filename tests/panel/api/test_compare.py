"""The panel's comparison is that of Python."""

from __future__ import annotations

import typing as t

import flask

from flask_lifecycle import Lifecycle
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
