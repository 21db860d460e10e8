"""Which requests are taken together, and which one is the last before a change."""

from __future__ import annotations

import typing as t

import pytest

from flask_lifecycle.trace.alike import are_repeated, in_same_run, last_like, runs_like

FIRST: dict[str, t.Any] = {"host": "here", "pid": 1, "thread": "x", "started_at": 1e9}
#: The next run of the app.
AGAIN = {**FIRST, "pid": 2, "started_at": 1e9 + 60}


def request(number: int, **fields: t.Any) -> dict[str, t.Any]:
    same = {"method": "GET", "path": "/books", "query": "", "url_rule": "/books", "status": 200}
    return {**same, "id": f"{number:04}", "state": "done", "process": FIRST, **fields}


def test_the_last_one_is_of_the_run_before_if_there_is_one() -> None:
    before = [request(1), request(2), request(3, query="q=1"), request(4, method="HEAD")]
    assert last_like(request(5), before) == "0002"
    after = [request(5, process=AGAIN), request(6, process=AGAIN)]
    assert last_like(after[1], [*before, *after]) == "0002"
    assert last_like(after[1], after) == "0005"
    # What is newer is not the last one.
    assert last_like(before[0], [*before, *after]) is None


def test_one_for_the_same_endpoint_will_do() -> None:
    rule = {"url_rule": "/books/<int:number>"}
    others = [request(1, path="/books/1", **rule), request(2, path="/books/2", **rule)]
    assert last_like(request(3, path="/books/3", **rule), others) == "0002"
    assert last_like(request(3, path="/books/1", **rule), others) == "0001"
    # Nothing that no rule matches is like anything else.
    assert last_like(request(3, path="/x", url_rule=None), [request(1, url_rule=None)]) is None


def test_requests_that_still_run_are_left_out() -> None:
    assert last_like(request(2), [request(1, state="running")]) is None
    assert runs_like(request(2), [request(1, state="running")]) == ["0002"]


def test_a_held_request_has_no_other_runs() -> None:
    held = request(2, holds=[{"step": 3, "begin": 10, "end": 10**9, "did": "go"}])
    assert runs_like(held, [request(1), held, request(3)]) == ["0002"]


@pytest.mark.parametrize(
    "other",
    [
        *({"path": "/"}, {"query": "x"}, {"method": "POST"}, {"status": 404}, {"process": AGAIN}),
        {"holds": [{"step": 3, "begin": 10, "end": 10**9, "did": "go"}]},
    ],
)
def test_runs_have_the_same_url_status_and_process_unless_held(other: dict[str, t.Any]) -> None:
    others = [request(each) for each in range(30)]
    assert runs_like(others[5], [*others, request(40, **other)]) == [
        "0005",
        *(f"{each:04}" for each in range(29, 20, -1)),
    ]


def test_the_same_run_of_the_app() -> None:
    worker = {**AGAIN, "pid": 3, "started_at": AGAIN["started_at"] + 0.1}
    assert in_same_run(request(1, process=AGAIN), request(2, process=worker))
    assert not in_same_run(request(1), request(2, process=AGAIN))
    assert not in_same_run(request(1, process={**AGAIN, "host": "x"}), request(2, process=AGAIN))
    old = {"host": "here", "pid": 2, "thread": "x"}
    assert in_same_run(request(1, process=old), request(2, process=AGAIN))
    assert not in_same_run(request(1, process=old), request(2))
    assert are_repeated(request(1), request(2))
    assert not are_repeated(request(1), request(2, path="/"))
