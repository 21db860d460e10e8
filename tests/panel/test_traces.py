"""What the API answers for a request of an earlier run is what it answered in that run."""

from __future__ import annotations

import sqlite3
import typing as t
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_lifecycle.recording import Recording
from tests.helpers.history import files, make, served

API = "/_lifecycle/api"


def made(file: Path, **config: t.Any) -> Flask:
    app = make(history=file, **config)

    @app.get("/books")
    def books() -> str:
        with closing(sqlite3.connect(":memory:")) as connection:
            return str(connection.execute("select 1, ?", ("x",)).fetchall())

    @app.get("/fails")
    def fails() -> str:
        raise LookupError("no such book")

    @app.errorhandler(LookupError)
    def sorry(_error: LookupError) -> tuple[str, int]:
        return "sorry", 404

    return app


class Runs(t.NamedTuple):
    """Two runs of one app; the requests were sent to the first."""

    first: FlaskClient
    again: FlaskClient
    ids: list[str]


@pytest.fixture
def runs(tmp_path: Path) -> t.Iterator[Runs]:
    file = tmp_path / "history.sqlite"
    with served(made(file)) as there:
        # The second one to see that it is another's.
        ids = there.get("/books", "/a")
        yield Runs(there.app.test_client(), made(file).test_client(), ids)


def paths(trace: t.Any) -> list[str]:
    """Return the paths below a trace that have something to show."""
    found = [f"traces/{trace['id']}", f"traces/{trace['id']}.har"]
    for step in trace["steps"]:
        at = f"traces/{trace['id']}/steps/{step['id']}"
        found += [f"{at}/{what}" for what in ("source", "caller", "statement", "frames")]
    return [*found, f"traces/{trace['id']}/steps/9999/source", f"compare?a={trace['id']}&b="]


def test_a_request_of_an_earlier_run_is_served_as_it_was_then(runs: Runs) -> None:
    one, other = runs.ids
    trace = runs.first.get(f"{API}/traces/{one}").get_json()
    assert any(step["stage"] == "sql" for step in trace["steps"])
    found = set()
    for path in paths(trace):
        path = f"{path}{other}" if path.endswith("b=") else path
        then, now = (client.get(f"{API}/{path}") for client in (runs.first, runs.again))
        assert (path, now.status_code, now.get_json()) == (path, then.status_code, then.get_json())
        found.add((path.rpartition("/")[2], now.status_code))
    assert {("source", 200), ("caller", 200), ("statement", 200), ("frames", 404)} <= found


def test_the_list_has_each_request_once_newest_first(runs: Runs) -> None:
    own = runs.again.get("/own").headers["X-Lifecycle-Trace"]
    expected = [own, *runs.ids[::-1]]
    page = runs.again.get(f"{API}/traces").get_json()
    assert [each["id"] for each in page["traces"]] == expected
    assert page["traces"][1:] == runs.first.get(f"{API}/traces").get_json()["traces"]
    pages, before = [], ""
    while before is not None:
        page = runs.again.get(f"{API}/traces?limit=1&before={before}").get_json()
        pages += [each["id"] for each in page["traces"]]
        before = page["next"]
    assert pages == expected
    found = runs.again.get(f"{API}/traces?q=path:/books").get_json()["traces"]
    assert [each["id"] for each in found] == runs.ids[:1]


def test_many_pages_of_the_history_are_listed(tmp_path: Path) -> None:
    file = tmp_path / "history.sqlite"
    with served(made(file)) as there:
        ids = there.get(*(f"/{number}" for number in range(205)))
    again = made(file).test_client()
    listed = again.get(f"{API}/traces").get_json()["traces"]
    assert [each["id"] for each in listed] == ids[::-1]


def test_recordings_have_requests_of_both_runs(runs: Runs) -> None:
    own = runs.again.get("/own").headers["X-Lifecycle-Trace"]
    asked: dict[str, t.Any] = {"ids": [*runs.ids, own, "unknown"]}
    saved = runs.again.post(f"{API}/recordings", json={**asked, "as": "json"}).get_json()
    assert [each["id"] for each in saved["traces"]] == [*runs.ids, own]
    har = runs.again.post(f"{API}/recordings", json={**asked, "as": "har"}).get_json()
    assert len(entries(har)) == 3
    answer = runs.again.post(f"{API}/traces.har", json={"ids": [*runs.ids, own]})
    assert len(entries(answer.get_json())) == 3
    one = runs.again.get(f"{API}/traces/{runs.ids[0]}.json").get_json()
    [trace] = Recording.from_json(one).traces
    assert trace.to_dict() == runs.first.get(f"{API}/traces/{runs.ids[0]}").get_json()
    assert one["sources"]


def entries(har: t.Any) -> t.Any:
    return har["log"]["entries"]


def test_a_request_of_an_earlier_run_can_have_the_next_one_like_it_profiled(runs: Runs) -> None:
    at = f"{API}/traces/{runs.ids[0]}/profile"
    assert runs.again.get(at).get_json() == {"available": True, "waiting": False, "profile": None}
    assert runs.again.post(at).status_code == 202
    assert runs.again.get(at).get_json()["waiting"]
    profiled = runs.again.get("/books").headers["X-Lifecycle-Trace"]
    assert runs.again.get(f"{API}/traces/{profiled}/profile").get_json()["profile"] is not None


def test_clearing_clears_the_file_until_it_is_undone(runs: Runs, tmp_path: Path) -> None:
    runs.again.get("/own")
    before = runs.again.get(f"{API}/traces").get_json()["traces"]
    assert len(before) == 3
    assert runs.again.delete(f"{API}/traces").status_code == 204
    assert runs.again.get(f"{API}/traces").get_json()["traces"] == []
    assert runs.again.get(f"{API}/traces/{runs.ids[0]}").status_code == 404
    third = made(tmp_path / "history.sqlite").test_client()
    assert third.get(f"{API}/traces").get_json()["traces"] == []
    assert runs.again.post(f"{API}/traces/restore").status_code == 204
    assert runs.again.get(f"{API}/traces").get_json()["traces"] == before


def test_without_a_history_the_list_says_so() -> None:
    client = make(history=None).test_client()
    client.get("/a")
    page = client.get(f"{API}/traces").get_json()
    assert page["history"] is None
    assert len(page["traces"]) == 1
    assert client.get(f"{API}/traces/unknown").status_code == 404
    assert files() == []
