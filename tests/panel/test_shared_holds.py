"""What a process takes of the breakpoints and commands of others: as of a client, no more."""

from __future__ import annotations

import typing as t
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask

from flask_lifecycle import Lifecycle
from flask_lifecycle.holds.bounds import Viewers
from flask_lifecycle.holds.holder import Holder
from flask_lifecycle.panel import shared_holds
from flask_lifecycle.panel.kept_breakpoints import KeptBreakpoints
from flask_lifecycle.panel.shared_holds import SharedHolds, _cut
from flask_lifecycle.processes.member import Member
from flask_lifecycle.trace.owner import Owner
from tests.helpers.history import make
from tests.helpers.meanwhile import meanwhile

Json = dict[str, t.Any]


def told(member: Member, **changed: t.Any) -> Json:
    return {**member.app, "on": True, "breakpoints": [{"name": "a"}], "revision": 7, **changed}


def names(member: Member) -> list[str | None]:
    holds = t.cast("SharedHolds", member.holds)
    return [each.name for each in holds.holder.breakpoints]


def test_the_newest_breakpoints_of_the_same_app_are_taken(tmp_path: Path) -> None:
    app = make("shop", history=tmp_path / "shared.sqlite")
    member = app.extensions["lifecycle"]._member
    adopt = member.handlers["breakpoints"]
    adopt(told(member))
    assert names(member) == ["a"]
    other: Json
    for other in ({"app": "cart"}, {"host": "elsewhere"}, {"revision": 7}, {"revision": 6}):
        adopt(told(member, breakpoints=[], **other))
    assert names(member) == ["a"]
    wrong: Json
    lists: list[t.Any] = [None, {}, [{"stage": "log"}], [{}] * 101]
    for wrong in (
        *[{"revision": each} for each in (None, "8", 8.0, True, -1)],
        *({"revision": 8, "breakpoints": each} for each in lists),
        {"revision": 8, "breakpoints": [{"filter": "duration:>"}]},
        {"revision": 8, "on": "yes"},
    ):
        with pytest.raises(ValueError):
            adopt(told(member, **wrong))
    assert names(member) == ["a"]
    for do in (None, "eval", ["go"]):
        with pytest.raises(ValueError):
            member.handlers["hold"]({"trace": "0" * 24, "since": 1, "do": do})
    # One that is set here is newer than any.
    holds = member.holds
    holds.holder.set((), on=True)
    adopt(told(member, revision=8))
    assert names(member) == []


def test_the_end_of_one_app_removes_no_breakpoints_of_others(tmp_path: Path) -> None:
    one, other = (make("shop", history=tmp_path / "shared.sqlite") for _ in range(2))
    member = one.extensions["lifecycle"]._member
    member.handlers["breakpoints"](told(member))
    holds = member.holds
    holds.holder.set(holds.holder.breakpoints, on=True)
    holds.share()
    board = other.extensions["lifecycle"]._member.board
    assert [kind for _, kind, _ in board.told(0)] == ["breakpoints"]
    # What shares them may be at it at that moment.
    Lifecycle().undo(one)
    holds.share()
    holds.answer(member.app)
    assert [kind for _, kind, _ in board.told(0)] == ["breakpoints"]


def test_nothing_is_taken_where_requests_are_not_held(tmp_path: Path) -> None:
    app = make("shop", history=tmp_path / "shared.sqlite", hold=False)
    member = app.extensions["lifecycle"]._member
    member.handlers["breakpoints"](told(member))
    member.handlers["hold"]({"trace": "0" * 24, "since": 1, "do": "go"})
    assert member.holds is None


def test_viewers_of_other_processes_do_not_keep_each_other() -> None:
    viewers = Viewers()
    viewers.looked(elsewhere=True)
    assert (viewers.present, viewers.here) == (True, False)


def test_what_is_published_is_bounded() -> None:
    seen = {"g": {"a": "x" * 500_000}, "session": {"b": 1}, "next": [{"name": "view"}]}
    assert _cut(seen) == {"g": None, "session": {"b": 1}, "next": [{"name": "view"}]}


def test_what_follows_a_held_request_is_forgotten_while_it_is_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    owner = Owner(Flask(__name__))
    kept = KeptBreakpoints(Holder(owner, 1.0), None)
    holds = SharedHolds(Holder(owner, 1.0), None, dict, kept)
    held: t.Any = SimpleNamespace(
        to_dict=lambda: {"trace": "a", "step": 0, "when": "before", "seen": {}},
        writer=SimpleNamespace(trace=None),
    )
    monkeypatch.setattr(shared_holds, "next_functions", lambda *_: [{"name": "view"}])
    with meanwhile(holds._next.clear, shared_holds):
        assert holds._shown(held)["seen"] == {"next": [{"name": "view"}]}
    holds.holder.close()
