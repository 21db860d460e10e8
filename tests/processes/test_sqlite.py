"""What processes of one machine share: real files, and real processes that end."""

from __future__ import annotations

import gc
import json
import os
import sqlite3
import stat
import subprocess
import sys
import time
import typing as t
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

import pytest

from flask_lifecycle.processes.protocol import Published
from flask_lifecycle.processes.sqlite import SqliteBoard
from tests.helpers import ROOT
from tests.helpers.boards import viewers_come_and_go, viewers_die

RUNS = {"id": "a" * 24, "state": "running"}
#: Seconds for which somebody watches, until the end of a test.
LONG = 19.0


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "shop.sqlite"


def board(file: Path) -> SqliteBoard:
    return SqliteBoard(file, is_private=True)


def live(file: Path) -> Path:
    return file.with_name("shop.sqlite-live")


def run(file: Path, code: str) -> None:
    """Run code with a board of another process, which ends without a word."""
    script = (
        "import os; from pathlib import Path\n"
        "from flask_lifecycle.processes.sqlite import SqliteBoard\n"
        f"board = SqliteBoard(Path({str(file)!r}), is_private=True)\n{code}\nos._exit(0)"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)


def test_nothing_is_written_before_somebody_watches(file: Path) -> None:
    one = board(file)
    assert (one.watched(), one.others(), one.told(0), one.latest(), one.counts()) == (
        *(None, [], [], 0, {}),
    )
    one.leave()
    assert not file.parent.exists()
    one.watch(frozenset())
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    for each in file.parent.iterdir():
        assert stat.S_IMODE(each.stat().st_mode) == 0o600


def test_a_process_knows_that_another_one_has_viewers_for_a_while(file: Path) -> None:
    viewers_come_and_go(board(file), board(file), board(file), LONG)


def test_viewers_of_a_process_that_died_are_gone(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewers_die(board(file), partial(run, file), monkeypatch)


def test_a_clock_that_was_set_back_leaves_no_viewers(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board(file).watch(frozenset())
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now - 3600)
    assert board(file).watched() is None


def test_what_is_published_is_replaced_and_forgotten(file: Path) -> None:
    one, two = board(file), board(file)
    two.publish({"pid": 2}, [RUNS], {"x": {"id": "x", "steps": [1]}})
    [found] = one.others()
    assert found == Published({"pid": 2}, found.at, [RUNS], False)
    assert one.trace("x") == {"id": "x", "steps": [1]}
    assert (two.others(), two.trace("x")) == ([], None)
    two.publish({"pid": 2}, [RUNS], {"y": {"id": "y"}})
    two.publish({"pid": 2}, [RUNS], {"y": None})
    assert one.trace("y") is None
    two.publish({"pid": 2}, [], {"x": {"id": "x", "steps": [1, 2]}})
    assert [each.running for each in one.others()] == [[]]
    assert one.trace("x") == {"id": "x", "steps": [1, 2]}
    two.leave()
    assert (one.others(), one.trace("x")) == ([], None)


def test_a_process_that_died_is_gone_with_what_ran_in_it(file: Path) -> None:
    one = board(file)
    run(file, f"board.publish({{'pid': 2}}, [{RUNS!r}], {{}})")
    run(file, "board.publish({'pid': 3}, [dict(id='b', state='done')], {})")
    run(file, "board.publish({'pid': 4}, [], {})")
    assert [(each.process["pid"], each.running) for each in one.others()] == [(2, [RUNS])]
    assert [each.is_gone for each in one.others()] == [True]
    with closing(sqlite3.connect(live(file))) as opened:
        assert opened.execute("SELECT count(*) FROM processes").fetchone() == (1,)


def test_a_fork_is_another_process(file: Path) -> None:
    one = board(file)
    seen = (
        "[(each.process['pid'], each.is_gone) for each in"
        f" SqliteBoard(Path({str(file)!r}), is_private=True).others()]"
    )
    run(
        file,
        f"board.publish({{'pid': 2}}, [{RUNS!r}], {{}})\n"
        "pid = os.fork()\n"
        "if not pid:\n"
        "    board.publish({'pid': 3}, [], {})\n"
        "    board.leave()\n"
        "    os._exit(0)\n"
        "os.waitpid(pid, 0)\n"
        f"assert {seen} == [(2, False)]",
    )
    assert [each.process["pid"] for each in one.others()] == [2]


def test_a_thousand_processes_of_a_day_leave_nothing(file: Path) -> None:
    one = board(file)
    run(
        file,
        "for number in range(1000):\n"
        "    board._random = str(number)\n"
        f"    board.publish({{'pid': number}}, [{RUNS!r}] if number % 2 else [], {{}})\n",
    )
    one.others()
    assert len(one.others()) <= 50
    with closing(sqlite3.connect(live(file))) as opened:
        assert opened.execute("SELECT count(*) FROM processes").fetchone()[0] <= 50


def test_messages_come_to_all_others_in_order(file: Path) -> None:
    one, two = board(file), board(file)
    one.tell("early", {})
    start = two.latest()
    one.tell("clear", {"at": 1.5})
    two.tell("later", {})
    one.tell("x", {"name": "日本"})
    assert [each[1:] for each in two.told(start)] == [
        ("clear", {"at": 1.5}),
        ("x", {"name": "日本"}),
    ]
    assert [each[1:] for each in one.told(start)] == [("later", {})]
    last = two.told(start)[-1][0]
    assert two.told(last) == []


def test_messages_come_after_the_file_was_removed_too(file: Path) -> None:
    one, two = board(file), board(file)
    for each in "abc":
        one.tell(each, {})
    last = two.told(two.latest() - 1)[-1][0]
    for path in file.parent.iterdir():
        path.unlink()
    one.tell("d", {})
    assert [kind for _, kind, _ in two.told(last)] == ["d"]


def test_counts_are_of_all_processes(file: Path) -> None:
    one, two = board(file), board(file)
    # Without any viewer so far, there is nobody to be told.
    one.count("a evicted", 3)
    assert not file.parent.exists()
    one.watch(frozenset())
    one.count("a evicted", 3)
    two.count("a evicted", 4)
    two.count("a ignored", 1)
    assert one.counts() == {"a evicted": 7, "a ignored": 1}
    for run in range(100):
        one.count(f"{run} evicted", 1)
    assert len(one.counts()) == 60


GARBAGE = [
    ("UPDATE processes SET running = 'nonsense'", 0),
    ("UPDATE processes SET running = '{}'", 0),
    ("UPDATE processes SET process = '[]'", 0),
    ("UPDATE processes SET identity = '[1, 2]'", 0),
    ("UPDATE processes SET identity = '{}'", 0),
    ("UPDATE processes SET at = 'x'", 0),
    ("UPDATE processes SET running = ?", 0),
]


@pytest.mark.parametrize(("change", "left"), GARBAGE)
def test_what_another_version_wrote_is_left_out(file: Path, change: str, left: int) -> None:
    one, two = board(file), board(file)
    two.publish({"pid": 2}, [RUNS], {"x": {}})
    two.tell("clear", {})
    with closing(sqlite3.connect(live(file), isolation_level=None)) as opened:
        opened.execute(change, ("[" * 100_000,) if "?" in change else ())
        opened.execute("UPDATE told SET data = '[' || kind")
        opened.execute("UPDATE steps SET data = 7")
        opened.execute("INSERT INTO viewers VALUES ('x', ?, 'nonsense')", (time.time() + LONG,))
    assert len(one.others()) == left
    assert (one.told(0), one.trace("x"), one.watched()) == ([], None, frozenset())


def test_a_file_of_another_version_is_left_alone_while_it_is_used(file: Path) -> None:
    one = board(file)
    one.watch(frozenset())
    one.close()
    path = live(file)
    with closing(sqlite3.connect(path)) as opened:
        opened.execute("PRAGMA user_version = 99")
    two = board(file)
    two.watch(frozenset())
    assert two.problem == f"{path} was written by another version of flask-lifecycle"
    for each in path.parent.iterdir():
        os.utime(each, (1, 1))
    two.watch(frozenset())
    two.watch(frozenset({"x"}), LONG)
    assert two.problem is None
    assert board(file).watched() == frozenset({"x"})


def spoil_link(path: Path) -> None:
    path.parent.mkdir()
    path.symlink_to(path.with_name("other"))


def spoil_text(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("a letter")


@pytest.mark.parametrize("spoil", [spoil_link, spoil_text])
def test_what_is_no_shared_file_is_left_alone(file: Path, spoil: t.Callable[[Path], None]) -> None:
    spoil(live(file))
    before = [*file.parent.iterdir()]
    one = board(file)
    one.watch(frozenset())
    one.publish({}, [], {})
    assert one.problem
    assert json.dumps([one.others(), one.watched(), one.counts()]) == "[[], null, {}]"
    assert [*file.parent.iterdir()] == before


def test_the_file_is_closed_with_the_last_reference(file: Path) -> None:
    made = board(file)
    made.watch(frozenset())
    assert live(file) in opened()
    # Not by the end of its connection, of which Python warns.
    _connection = made._connection
    del made
    gc.collect()
    assert live(file) not in opened()


def opened() -> set[Path]:
    """Return the files that this process has open."""
    found = set()
    for each in Path("/proc/self/fd").iterdir():
        # Other threads close some meanwhile.
        with suppress(FileNotFoundError):
            found.add(each.readlink())
    return found
