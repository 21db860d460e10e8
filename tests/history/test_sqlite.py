from __future__ import annotations

import gzip
import json
import random
import sqlite3
import stat
import typing as t
from contextlib import ExitStack, closing
from itertools import count
from pathlib import Path

import pytest

from flask_lifecycle import Lifecycle
from flask_lifecycle.history import History, history_of
from flask_lifecycle.history.batch import Batch, Request
from flask_lifecycle.history.protocol import MOST
from flask_lifecycle.history.sqlite import SqliteHistory
from flask_lifecycle.summary.summarize import summarize
from flask_lifecycle.trace.snapshot import snapshot
from flask_lifecycle.trace.writer import LiveTrace
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
        with closing(sqlite3.connect(path)) as opened:
            assert opened.execute("SELECT count(*) FROM batches").fetchone() == (1,)
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


def test_the_limit_holds_where_several_processes_write(tmp_path: Path) -> None:
    file = tmp_path / "history.sqlite"
    # As each process has one; none of them counts what it cannot have to remove.
    writers = [SqliteHistory(file, 200, 10**9, is_private=False) for _ in range(3)]
    numbers = count()
    with closing(sqlite3.connect(file)) as opened:
        for turn in range(30):
            requests = [Request(f"{next(numbers):024x}", False, None) for _ in range(40)]
            assert writers[turn * turn % 3].write(Batch(requests, b"data"))
            kept = [each for (each,) in opened.execute("SELECT id FROM summaries ORDER BY id")]
            newest = min(200, 40 * (turn + 1))
            assert kept == [f"{at:024x}" for at in range(40 * (turn + 1))][-newest:]


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


# As the package made and used the file before there were batches.
OLDER = """
CREATE TABLE summaries (
    id TEXT PRIMARY KEY, is_file INTEGER NOT NULL, size INTEGER NOT NULL, cleared REAL,
    summary TEXT NOT NULL
);
CREATE INDEX kinds ON summaries (cleared, is_file, id);
CREATE INDEX sizes ON summaries (size);
CREATE TABLE traces (id TEXT PRIMARY KEY, trace BLOB NOT NULL);
PRAGMA application_id = 1179411321;
PRAGMA user_version = 1;
"""


def write_older(file: Path, *traces: LiveTrace) -> None:
    with closing(sqlite3.connect(file)) as older, older:
        for trace in traces:
            copy = snapshot(trace)
            steps = [each.to_dict() for each in copy.steps]
            recording = gzip.compress(json.dumps({**copy.header(), "steps": steps}).encode())
            older.execute(
                "INSERT OR IGNORE INTO summaries (id, is_file, size, cleared, summary)"
                " VALUES (?, ?, ?, ?, ?)",
                (trace.id, False, 2000, None, json.dumps(summarize(trace))),
            )
            older.execute("INSERT OR REPLACE INTO traces VALUES (?, ?)", (trace.id, recording))


def test_a_file_is_shared_with_an_older_version(tmp_path: Path) -> None:
    file = tmp_path / "history.sqlite"
    with closing(sqlite3.connect(file)) as older:
        older.executescript(OLDER)
    app = make(history=file, max_traces=6)
    for number in range(4):
        app.test_client().get(f"/{number}")
    live = t.cast("t.Any", app.extensions["lifecycle"])._store.newest()[::-1]
    kept = Lifecycle().traces(app)[::-1]
    write_older(file, *live[:2])
    history = of(app)
    # The file is of this version from now on, and the older one goes on.
    assert [each["path"] for each in history.summaries()] == ["/1", "/0"]
    with served(app) as there:
        there.get("/new")
        write_older(file, live[2], live[3])
        assert [each["path"] for each in history.summaries()] == ["/new", "/3", "/2", "/1", "/0"]
        assert [history.get(each.id) for each in kept] == kept
        # Those of both go, the oldest first.
        there.get("/b", "/c", "/d")
    assert [each["path"] for each in history.summaries()] == ["/d", "/c", "/b", "/new", "/3", "/2"]
    with closing(sqlite3.connect(file)) as older, older:
        older.execute("DELETE FROM traces")
        older.execute("DELETE FROM summaries")
        assert older.execute("SELECT count(*) FROM batches").fetchone() == (0,)
    assert history.summaries() == []


def test_a_batch_is_in_the_file_for_as_long_as_any_of_its_requests(tmp_path: Path) -> None:
    history = SqliteHistory(tmp_path / "history.sqlite", 500, 10**6, is_private=False)
    for first in (0, MOST):
        ids = [f"{number:024x}" for number in range(first, first + MOST)]
        assert history.write(Batch([Request(each, False, None) for each in ids], b"a batch"))
    chance = random.Random(1)
    with closing(sqlite3.connect(tmp_path / "history.sqlite")) as other, other:
        for first in (0, MOST):
            numbers = range(first, first + MOST)
            [(batches,)] = other.execute("SELECT count(*) FROM batches")
            for number in chance.sample(numbers, MOST):
                assert other.execute("SELECT count(*) FROM batches").fetchone() == (batches,)
                other.execute("DELETE FROM summaries WHERE id = ?", (f"{number:024x}",))
            assert other.execute("SELECT count(*) FROM batches").fetchone() == (batches - 1,)


def test_a_damaged_batch_is_left_out(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flask_lifecycle.history.outbox._FEW", -1)
    with served(make()) as there:
        # Each is waited for, and in a batch of its own.
        ids = [there.get(each)[0] for each in ("/a", "/b", "/c")]
        path = there.history.status().path
        assert path is not None
        with closing(sqlite3.connect(path)) as opened, opened:
            opened.execute(
                "UPDATE batches SET batch = substr(batch, 1, 30) WHERE id ="
                " (SELECT batch FROM summaries WHERE id = ?)",
                (ids[1],),
            )
        left = [ids[2], ids[0]]
        assert listed(there.history) == left
        assert [each for each in ids[::-1] if there.history.get(each)] == left
        assert listed(there.history) == left
    assert "the app is not affected" in caplog.text


def stored_summaries(path: Path | None) -> list[str]:
    assert path is not None
    with closing(sqlite3.connect(path)) as opened:
        return [text for (text,) in opened.execute("SELECT summary FROM summaries")]


def test_summaries_are_made_where_there_is_time() -> None:
    with served(make()) as there:
        [trace_id] = there.get("/a")
        [text] = stored_summaries(there.history.status().path)
    assert json.loads(text) == there.history.summaries()[0]
    assert json.loads(text)["id"] == trace_id


def test_summaries_of_many_requests_are_made_by_the_first_reader(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("flask_lifecycle.history.outbox._FEW", -1)
    with served(make()) as there:
        ids = there.get("/a", "/b")
        path = there.history.status().path
        assert path is not None
        assert stored_summaries(path) == ["", ""]
        made = there.history.summaries()
        assert [each["id"] for each in made] == ids[::-1]
        # The server may have ended them in any order.
        stored = [json.loads(text) for text in stored_summaries(path)]
        assert sorted(stored, key=lambda each: str(each["id"])) == made[::-1]
        with closing(sqlite3.connect(path)) as opened, opened:
            opened.execute("DELETE FROM batches")
        assert there.history.summaries() == made


def test_the_stream_has_the_same_summaries_and_writes_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flask_lifecycle.history.outbox._FEW", -1)
    with served(make()) as there:
        there.get("/before")
        position = there.history.position()
        left_out, *ids = there.get("/a", "/b", "/c")
        path = there.history.status().path
        assert path is not None
        added = there.history.added(position, without={left_out})
        assert added is not None
        found, end = added
        assert sorted(each["id"] for each in found) == ids
        assert there.history.added(end) == ([], end)
        assert stored_summaries(path) == [""] * 4
        made = {each["id"]: each for each in there.history.summaries()}
        assert [json.loads(json.dumps(each)) for each in found] == [
            made[each["id"]] for each in found
        ]
        # Those that are there by now are read.
        assert there.history.added(position) == ([made[each] for each in listing(path)[1:]], end)


def test_what_is_asked_at_once_has_no_problem_with_a_file_that_is_just_being_made(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "history.sqlite"
    history = SqliteHistory(path, 10, 10_000, is_private=False)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        path.chmod(0o600)
        # As another worker of the server does, which was first.
        other.execute("BEGIN EXCLUSIVE")
        assert (history.newest_id(), history.position(), history.ids()) == (None, "0", None)
        assert history.added("0") is None
        assert (history.problem, caplog.text) == (None, "")
        other.execute("COMMIT")
    assert (history.summaries(), history.problem) == ([], None)


def listing(path: Path) -> list[str]:
    """Return the ids in the order in which they were added."""
    with closing(sqlite3.connect(path)) as opened:
        return [each for (each,) in opened.execute("SELECT id FROM summaries ORDER BY rowid")]


SET_BACK = """
import time
from flask_lifecycle import Lifecycle
from flask_lifecycle.summary.summarize import summarize
from flask_lifecycle.trace.snapshot import snapshot
from flask_lifecycle.trace.writer import LiveTrace
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

    monkeypatch.setattr("flask_lifecycle.history.registry.writable_history_of", fails)
    app = make()
    assert app.test_client().get("/a").status_code == 200
    assert len(Lifecycle().traces(app)) == 1
    assert "no such device" in caplog.text


def test_apps_with_the_same_file_appear_together_and_share_its_limits(tmp_path: Path) -> None:
    file = tmp_path / "both.sqlite"
    # Two may even have the same name.
    apps = [make(name, history=file, max_traces=6) for name in ("shop", "cart", "cart")]
    with ExitStack() as stack:
        services = [stack.enter_context(served(app)) for app in apps]
        ids = [there.get(f"/{number}")[0] for number in range(2) for there in services]
        for there in services:
            assert [each["id"] for each in there.history.summaries()] == ids[::-1]
            assert all(map(there.history.get, ids))
        found = apps[0].test_client().get("/_lifecycle/api/traces?q=app:cart").get_json()["traces"]
        assert [each["id"] for each in found] == [ids[at] for at in (5, 4, 2, 1)]
        ids += services[0].get("/last")
        assert [each["id"] for each in services[1].history.summaries()] == ids[:0:-1]
        services[1].history.clear(restorable=True)
        assert services[2].history.summaries() == []
        services[2].history.restore()
        assert len(services[0].history.summaries()) == 6
