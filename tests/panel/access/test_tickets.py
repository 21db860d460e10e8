"""Passes for one websocket each, whoever takes them."""

from __future__ import annotations

import os
import stat
import tempfile
import threading
import typing as t
from pathlib import Path

import pytest

from flask_lifecycle.panel.access.tickets import Tickets

TOKEN = "t" * 43


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path / f"flask-lifecycle-{os.getuid()}"


def test_one_of_many_takes_a_ticket() -> None:
    for _ in range(20):
        ticket = Tickets(TOKEN).make()
        taken: list[bool] = []
        together = threading.Barrier(8)

        def take(ticket: str = ticket, taken: list[bool] = taken, at: t.Any = together) -> None:
            at.wait()
            # Each as a process of its own has it.
            taken.append(Tickets(TOKEN).take(ticket))

        threads = [threading.Thread(target=take) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(taken) == [False] * 7 + [True]


@pytest.mark.parametrize("ticket", ["", ".", "x", "1.2.3", "\ud800.é", "nan.x.y", "/../../x"])
def test_what_is_none_is_refused(ticket: str) -> None:
    assert not Tickets(TOKEN).take(ticket)


def test_another_runs_ticket_is_refused() -> None:
    assert not Tickets(TOKEN).take(Tickets("u" * 43).make())


def test_the_marks_are_this_users_alone_and_do_not_stay(folder: Path) -> None:
    tickets = Tickets(TOKEN)
    assert tickets.take(tickets.make())
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    (mark,) = folder.iterdir()
    assert stat.S_IMODE(mark.stat().st_mode) == 0o600
    assert mark.stat().st_size == 0
    os.utime(mark, (1, 1))
    assert tickets.take(tickets.make())
    assert mark not in folder.iterdir()


@pytest.mark.parametrize("planted", ["link", "open", "file"])
def test_a_folder_that_is_not_this_users_alone_is_not_used(
    folder: Path, tmp_path: Path, planted: str
) -> None:
    if planted == "link":
        (tmp_path / "other").mkdir()
        folder.symlink_to(tmp_path / "other")
    elif planted == "open":
        folder.mkdir()
        folder.chmod(0o777)
    else:
        folder.touch()
    tickets = Tickets(TOKEN)
    assert not tickets.take(tickets.make())
