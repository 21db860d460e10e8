from __future__ import annotations

import sqlite3
import stat
import typing as t
from contextlib import closing
from pathlib import Path

import pytest

from flask_lifecycle import Lifecycle
from flask_lifecycle.history import History, history_of
from tests.helpers.history import make, run, served


def of(app: t.Any) -> History:
    history = history_of(app)
    assert history is not None
    return history


def listed(history: History) -> list[str]:
    return [each["id"] for each in history.summaries()]


def test_what_a_server_sent_outlives_the_app() -> None:
    with served(make()) as there:
        ids = there.get("/a", "/b")
        kept = Lifecycle().traces(there.app)
    again = of(make())
    assert listed(again) == ids[::-1]
    assert [again.get(each) for each in ids[::-1]] == kept
    assert again.summaries()[0]["process"]["started_at"] > 0


def test_what_a_test_client_sent_is_not_written() -> None:
    with served(make()) as there:
        there.app.test_client().get("/tested")
        ids = there.get("/a")
    assert listed(of(there.app)) == ids


def test_the_file_is_its_users_alone() -> None:
    with served(make()) as there:
        there.get("/a")
    path = of(there.app).status().path
    assert path is not None
    for each in path.parent.iterdir():
        assert stat.S_IMODE(each.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_cleared_requests_can_be_restored() -> None:
    with served(make()) as there:
        ids = there.get("/a", "/b")
    history = of(there.app)
    history.clear(restorable=True)
    assert (listed(history), history.get(ids[0])) == ([], None)
    history.restore()
    assert listed(history) == ids[::-1]
    history.clear()
    history.restore()
    assert history.status().count == 0


def test_what_was_cleared_is_no_longer_in_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a-letter-that-is-nowhere-else"
    with served(make()) as there:
        there.get(f"/{text}", *(f"/{number}" for number in range(20)))
        path = there.history.status().path
        assert path is not None
        size = path.stat().st_size
        there.history.clear(restorable=True)
        monkeypatch.setattr("flask_lifecycle.history.sqlite.RESTORABLE_SECONDS", 0)
        there.get("/after")
        assert len(there.history.summaries()) == 1
        assert not any(text.encode() in each.read_bytes() for each in path.parent.iterdir())
        with closing(sqlite3.connect(path)) as opened:
            assert opened.execute("PRAGMA freelist_count").fetchone() == (0,)
            (pages,) = opened.execute("PRAGMA page_count").fetchone()
        assert pages * 4096 < max(size, 100_000)


def test_pages_go_from_the_newest_to_the_oldest() -> None:
    with served(make()) as there:
        ids = there.get(*(f"/{number}" for number in range(5)))[::-1]
    history = of(there.app)
    assert [each["id"] for each in history.summaries(2)] == ids[:2]
    assert [each["id"] for each in history.summaries(2, ids[1])] == ids[2:4]


def test_the_oldest_go_beyond_the_limit_and_static_files_are_counted_apart() -> None:
    with served(make(max_traces=3)) as there:
        ids = there.get(*(f"/{number}" for number in range(5)), *["/favicon.ico"] * 5)
    assert listed(of(there.app)) == [*ids[:6:-1], *ids[4:1:-1]]


def test_a_file_of_another_program_is_left_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "other.sqlite"
    with sqlite3.connect(file) as other:
        other.execute("CREATE TABLE theirs (x)")
    other.close()
    before = file.read_bytes()
    with served(make(history=str(file))) as there:
        there.get("/a", "/b")
        assert len(Lifecycle().traces(there.app)) == 2
    assert file.read_bytes() == before
    problem = of(there.app).problem
    assert problem is not None
    assert "not a history of flask-lifecycle" in problem
    assert caplog.text.count(problem) == 1


SET_BACK = """
import time
from flask_lifecycle import Lifecycle
from tests.helpers.history import make, run, served

if {back}:
    now = time.time
    import flask_lifecycle.trace.process as process
    # As if the process had begun when the clock was an hour behind.
    process._epoch -= 3600
with served(make(max_traces=3, history={file!r})) as there:
    print(*there.get("/a", "/b"))
"""


def test_requests_are_in_order_though_the_clock_was_set_back(tmp_path: Path) -> None:
    file = str(tmp_path / "history.sqlite")
    first = run(SET_BACK.format(back=False, file=file), tmp_path).split()
    second = run(SET_BACK.format(back=True, file=file), tmp_path).split()
    assert listed(of(make(history=file))) == [*second[::-1], first[1]]


def test_an_app_is_set_up_and_recorded_where_its_history_fails(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(_app: object) -> None:
        raise OSError("no such device")

    monkeypatch.setattr("flask_lifecycle.history.registry.sqlite_history_of", fails)
    app = make()
    assert app.test_client().get("/a").status_code == 200
    assert len(Lifecycle().traces(app)) == 1
    assert "no such device" in caplog.text
