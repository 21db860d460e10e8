from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import typing as t
import weakref
from contextlib import closing
from pathlib import Path

import pytest

from flask_lifecycle import Lifecycle
from flask_lifecycle.history.connection import APPLICATION_ID, VERSION, Connection, close_all
from flask_lifecycle.history.problems import HistoryError
from tests.helpers import ROOT
from tests.helpers.history import Served, make, served, stored_ids, tries_again_soon
from tests.helpers.meanwhile import meanwhile
from tests.helpers.servers import wait_for


def fails(there: Served, *reason: str) -> None:
    """Send requests; nothing of them is lost in memory, and the reason is told once."""
    before = len(Lifecycle().traces(there.app))
    there.get("/a", "/b")
    assert len(Lifecycle().traces(there.app)) == before + 2
    problem = there.history.problem
    assert problem is not None
    assert all(part in problem for part in reason), problem
    assert problem.count(". ") == 1
    assert problem.endswith("in memory only, until the process ends.")
    panel = there.app.test_client()
    answer = panel.get("/_lifecycle/api/traces").get_json()
    assert answer["history"]["problem"] == problem
    assert len(answer["traces"]) == before + 2
    batch = panel.post("/_lifecycle/api/batch", json={}).get_json()
    assert batch["history"] == answer["history"]
    there.history.clear(restorable=True)
    there.history.restore()
    assert there.history.status().count == 0


def damaged(file: Path, beginning: int, data: bytes) -> bytes:
    with file.open("r+b") as opened:
        opened.seek(beginning)
        opened.write(data)
    return file.read_bytes()


TEXT = b"A letter to my grandmother, which no program may touch.\n" * 100


@pytest.mark.parametrize("content", [TEXT, b"x", TEXT[:30]], ids=["text", "byte", "line"])
def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "letter.sqlite"
    file.write_bytes(content)
    with served(make(history=file)) as there:
        fails(there, str(file), "not a history of flask-lifecycle")
    assert [each.name for each in tmp_path.iterdir()] == [file.name]
    assert file.read_bytes() == content


@pytest.mark.parametrize("journal", ["wal", "delete"])
def test_a_database_of_another_program_is_left_alone(tmp_path: Path, journal: str) -> None:
    file = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(file)) as other:
        other.execute(f"PRAGMA journal_mode = {journal}")
        with other:
            other.execute("CREATE TABLE traces (id)")
    before = file.read_bytes()
    with served(make(history=file)) as there:
        fails(there, str(file), "not a history of flask-lifecycle")
    assert file.read_bytes() == before


def test_a_file_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "later.sqlite"
    with closing(sqlite3.connect(file)) as later:
        later.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        later.execute(f"PRAGMA user_version = {VERSION + 1}")
        later.execute("CREATE TABLE things (x)")
    before = file.read_bytes()
    with served(make(history=file)) as there:
        fails(there, str(file), "another version of flask-lifecycle")
    assert file.read_bytes() == before


@pytest.mark.parametrize("size", [5000, 30_000])
def test_a_file_that_is_cut_off_is_said_to_be_damaged(tmp_path: Path, size: int) -> None:
    file = tmp_path / "cut.sqlite"
    with served(make(history=file)) as there:
        there.get(*(f"/{number}" for number in range(50)))
    close_all()
    assert file.stat().st_size > size
    os.truncate(file, size)
    before = file.read_bytes()
    with served(make(history=file)) as there:
        fails(there, str(file), "damaged", "delete it")
    assert file.read_bytes() == before


def test_a_file_with_garbage_in_the_middle_is_said_to_be_damaged(tmp_path: Path) -> None:
    file = tmp_path / "garbage.sqlite"
    with served(make(history=file)) as there:
        there.get(*(f"/{number}" for number in range(50)))
    close_all()
    damaged(file, 4096, b"\xff" * 20_000)
    with served(make(history=file)) as there:
        fails(there, str(file), "damaged", "delete it")


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    target, file = tmp_path / "target.sqlite", tmp_path / "link.sqlite"
    target.write_bytes(b"")
    file.symlink_to(target)
    with served(make(history=file)) as there:
        fails(there, str(file), "a link")
    assert target.read_bytes() == b""


def test_a_dangling_link_makes_no_file(tmp_path: Path) -> None:
    target, file = tmp_path / "target.sqlite", tmp_path / "link.sqlite"
    file.symlink_to(target)
    with served(make(history=file)) as there:
        fails(there, str(file), "a link")
    assert not target.exists()


def test_a_hard_link_is_refused(tmp_path: Path) -> None:
    target, file = tmp_path / "target.sqlite", tmp_path / "link.sqlite"
    target.write_bytes(b"")
    file.hardlink_to(target)
    with served(make(history=file)) as there:
        fails(there, str(file), "a link")


def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with served(make(history=tmp_path)) as there:
        fails(there, str(tmp_path), "not a file")


def test_a_file_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "theirs.sqlite"
    with served(make(history=file)) as there:
        there.get("/a")
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with served(make(history=file)) as there:
        fails(there, str(file), "belongs to another user")


def test_a_folder_of_another_user_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(os.environ["XDG_CACHE_HOME"]) / "flask-lifecycle"
    folder.mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with served(make()) as there:
        fails(there, str(folder), "belongs to another user")


def test_a_folder_that_others_may_read_is_closed_to_them() -> None:
    folder = Path(os.environ["XDG_CACHE_HOME"]) / "flask-lifecycle"
    folder.mkdir()
    folder.chmod(0o755)
    with served(make()) as there:
        there.get("/a")
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with served(make(history=tmp_path / "file" / "history.sqlite")) as there:
        fails(there, "file is not a folder")


READ_ONLY = """
import os, sys
from pathlib import Path
from tests.helpers.history import make, served

folder = Path(sys.argv[1])
# So that all is imported: nobody else may read the home of root.
with served(make(history="/nowhere/history.sqlite/" * 200)) as there:
    there.get("/warm")
    assert "name too long" in there.history.problem.lower(), there.history.problem
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)

with served(make(history=folder / "history.sqlite")) as there:
    there.get("/a")
    print(there.history.problem)
    print(there.history.status().problem)
"""


@pytest.mark.parametrize("exists", [False, True])
def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, exists: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "history.sqlite"
        if exists:
            with served(make(history=file)) as there:
                there.get("/before")
            close_all()
        if os.geteuid() == 0 and exists:
            os.chown(file, 65534, 65534)
        if exists:
            file.chmod(0o400)
        folder.chmod(0o555)
        try:
            told = run(READ_ONLY, folder)
        finally:
            folder.chmod(0o755)
    assert len(set(told)) == 1
    assert "Permission denied" in told[0] or "cannot be written" in told[0]


def run(code: str, folder: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_full_disk_is_said_and_what_waited_is_written_when_there_is_space_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tries_again_soon(monkeypatch)
    with served(make()) as there:
        ids = there.get("/before")
        # SQLite's own limit, with the same error.
        connection = t.cast("t.Any", there.history)._connection
        connection.use(lambda opened: opened.execute("PRAGMA max_page_count = 1").fetchall())
        large = "/" + os.urandom(4500).hex()
        ids.append(there.send(large))
        # Only until the connection is opened again, without the limit.
        wait_for(lambda: re.search("the disk of .* is full", caplog.text))
        ids.append(there.send("/after"))
        wait_for(lambda: stored_ids() == sorted(ids))


LIMITED = """
import resource, signal, sys
from pathlib import Path
from flask_lifecycle import Lifecycle
from tests.helpers.history import make, served

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with served(make(history=Path(sys.argv[1]) / "history.sqlite")) as there:
    there.get("/before")
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, resource.RLIM_INFINITY))
    for number in range(200):
        there.send(f"/{number}")
    while not there.history.problem:
        pass
    print(there.history.problem)
    print(len(Lifecycle().traces(there.app)))
"""


def test_a_write_that_fails_loses_nothing_in_memory(tmp_path: Path) -> None:
    problem, kept = run(LIMITED, tmp_path)
    assert "cannot be used" in problem
    assert kept == "201"


def test_without_a_home_nothing_is_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(os, "getuid", lambda: 54_321)
    monkeypatch.chdir(tmp_path)
    with served(make()) as there:
        fails(there, "no home folder", "LIFECYCLE_HISTORY")
    with served(make(history="~/history.sqlite")) as there:
        fails(there, "no home folder")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_to_a_network_file_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "home"
    file = folder / "history.sqlite"
    with served(make(history=file)) as there:
        there.get("/before")
    close_all()
    content = file.read_bytes()
    device = tmp_path.stat().st_dev
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"1 1 {os.major(device)}:{os.minor(device)} / / rw - nfs far:/ rw\n")
    monkeypatch.setattr("flask_lifecycle.history.file_system.MOUNTS", mounts)
    with served(make(history=file)) as there:
        assert "on a network file system (nfs)" in str(there.history.status().problem)
        fails(there, str(file), "on a network file system (nfs)", "LIFECYCLE_HISTORY")
    assert file.read_bytes() == content
    assert [each.name for each in folder.iterdir()] == [file.name]


OPENS = """
import os, sys
from pathlib import Path
from flask_lifecycle.history.batch import Batch, Request
from flask_lifecycle.history.sqlite import SqliteHistory

history = SqliteHistory(Path(sys.argv[1]) / "history.sqlite", 500, 10**9, is_private=False)
children = []
begin, end = os.pipe()
for number in range(100):
    child = os.fork()
    if not child:
        os.close(end)
        # All of them begin when the last one exists.
        os.read(begin, 1)
        rows = [
            Batch([Request(f"{number:023x}{each}", False, None)], b"") for each in range(3)
        ]
        for row in rows:
            # As the writer does, where the others take longer than it has patience.
            for _ in range(10):
                if history.write(row):
                    break
            else:
                print(history.problem, flush=True)
        os._exit(0)
    children.append(child)
os.close(end)
for child in children:
    os.waitpid(child, 0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are made by fork")
def test_a_hundred_processes_open_one_file_at_once(tmp_path: Path) -> None:
    assert run(OPENS, tmp_path) == []
    with closing(sqlite3.connect(tmp_path / "history.sqlite")) as opened:
        assert opened.execute("SELECT count(*) FROM summaries").fetchone() == (300,)
        assert opened.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_an_error_is_told_as_a_reason(tmp_path: Path) -> None:
    connection = Connection(tmp_path / "history.sqlite", is_private=False)
    with pytest.raises(HistoryError, match="cannot be used: no such function"):
        connection.use(lambda opened: opened.execute("SELECT nonesuch()"), create=True)
    connection.close()


def test_connections_are_made_while_others_are_closed(tmp_path: Path) -> None:
    made: list[Connection] = []

    def make_one() -> None:
        made.append(Connection(tmp_path / "other.sqlite", is_private=False))

    make_one()
    with meanwhile(make_one, weakref):
        close_all()
    assert len(made) > 1
