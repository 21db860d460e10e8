"""An app among the processes that share its history; here two apps of one process."""

from __future__ import annotations

import sqlite3
import typing as t
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from flask import Flask

from flask_lifecycle import Lifecycle
from flask_lifecycle.processes import member as member_module
from flask_lifecycle.processes import running as running_module
from flask_lifecycle.processes.member import Member
from flask_lifecycle.processes.thread import OFTEN, SELDOM
from flask_lifecycle.summary.summarize import summarized as summarize_trace
from flask_lifecycle.trace.writer import LiveTrace
from tests.helpers.history import make, served
from tests.helpers.meanwhile import in_turns
from tests.helpers.servers import wait_for


class App(t.NamedTuple):
    """An app, and what of it takes part."""

    app: Flask
    member: Member
    store: t.Any


def app_of(file: Path, name: str) -> App:
    app = make(name, history=file)
    state = app.extensions["lifecycle"]
    return App(app, state._member, state._store)


@pytest.fixture
def apps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[App, App]]:
    """Two apps; each has watched for longer than a busy machine stops a test."""
    one, two = (app_of(tmp_path / "shared.sqlite", name) for name in ("shop", "cart"))
    for each in (one, two):
        board = each.member.board
        monkeypatch.setattr(board, "watch", partial(board.watch, seconds=19))
    yield one, two
    for each in (one, two):
        each.member.board.leave()


def begin(app: App) -> LiveTrace:
    """Return a request that runs for longer than a moment."""
    trace = LiveTrace(None, "GET", "/slow")
    trace.origin -= 1
    app.store.add(trace)
    return trace


def running(app: App) -> list[tuple[str, str]]:
    app.member._others_at = 0.0
    return [(each["id"], each["state"]) for found in app.member.others() for each in found.running]


def test_what_runs_is_published_while_somebody_watches(apps: tuple[App, App]) -> None:
    one, two = apps
    trace = begin(two)
    two.member.turn()
    assert running(one) == []
    one.member.wanted = lambda: [trace.id, "../../etc/passwd", "x" * 1000]
    one.member.turn()
    assert two.member.board.watched() == frozenset({trace.id})
    two.member.turn()
    assert running(one) == [(trace.id, "running")]
    whole = one.member.board.trace(trace.id)
    assert whole is not None
    assert (whole["state"], whole["path"]) == ("running", "/slow")
    trace.finish()
    two.member.turn()
    assert running(one) == [(trace.id, "done")]
    # Nobody watches any more: nothing is left.
    one.member.wanted = lambda: None
    one.member.turn()
    two.member.turn()
    assert running(one) == []


def test_steps_of_what_runs_for_long_are_published_too_a_few_of_them_at_a_time(
    apps: tuple[App, App], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = apps
    short, *traces = (begin(two) for _ in range(11))
    for each in traces:
        each.origin -= 100
    monkeypatch.setattr(running_module, "_LONG", 50.0)
    monkeypatch.setattr(running_module, "_SHARE_OF_LONG", 1000.0)

    def published() -> list[bool]:
        one.member.board.watch(frozenset())
        two.member.turn()
        return [one.member.board.trace(each.id) is not None for each in (*traces, short)]

    # The oldest are the next that a server ends.
    wait_for(lambda: published() == [True] * 8 + [False] * 3)
    # What does not change is not published again.
    assert two.member._running.steps(frozenset()) == {}
    # Where that fails, it is tried again.
    busy = sqlite3.connect(tmp_path / "shared.sqlite-live", isolation_level=None)
    with closing(busy):
        busy.execute("BEGIN IMMEDIATE")
        traces[0].finish()
        two.member.turn()
        busy.execute("ROLLBACK")
    wait_for(lambda: published() == [False] + [True] * 8 + [False] * 2)


def test_what_has_just_begun_is_looked_at_again_as_soon_as_it_is_old_enough(
    apps: tuple[App, App], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = apps
    one.member.board.watch(frozenset())
    assert two.member.turn() == OFTEN
    monkeypatch.setattr(running_module, "_SHORT", 500.0)
    monkeypatch.setattr(member_module, "OFTEN", 1000.0)
    trace = LiveTrace(None, "GET", "/slow")
    two.store.add(trace)
    assert 400 < two.member.turn() <= 500 + member_module._SOON
    # Where many come, each turn would take time from the app.
    for _ in range(4):
        two.store.add(LiveTrace(None, "GET", "/"))
    assert two.member.turn() == 1000.0
    assert one.member.turn() == SELDOM


def test_what_has_finished_is_summarized_once_more(
    apps: tuple[App, App], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = apps
    one.member.board.watch(frozenset())
    trace = begin(two)
    two.member.turn()
    trace.finish()
    summarized: list[LiveTrace] = []

    def summarize(trace: LiveTrace) -> t.Any:
        summarized.append(trace)
        return summarize_trace(trace)

    monkeypatch.setattr(running_module, "summarized", summarize)
    for _ in range(3):
        begin(two)
        two.member.turn()
    assert (trace.id, "done") in running(one)
    assert summarized.count(trace) == 1


def test_viewers_of_one_process_stay_when_those_of_another_have_left(
    apps: tuple[App, App],
) -> None:
    one, two = apps
    one.member.wanted = two.member.wanted = list
    for each in (one, two, one):
        each.member.turn()
    two.member.wanted = lambda: None
    two.member.turn()
    one.member.turn()
    assert two.member.board.watched() is not None


def test_messages_of_unknown_kinds_and_faulty_ones_change_nothing(
    apps: tuple[App, App], caplog: pytest.LogCaptureFixture
) -> None:
    one, two = apps
    one.member.turn()
    two.member.turn()
    trace = begin(two)
    one.member.board.watch(frozenset())
    two.member.handlers["faulty"] = lambda data: data["missing"]
    for kind in ("of the next version", "faulty", "clear"):
        one.member.board.tell(kind, {"before": 7})
    two.member.turn()
    assert two.store.newest() == [trace]
    assert "a message of another process (faulty)" in caplog.text
    one.member.board.tell("clear", {"before": "f" * 24})
    two.member.turn()
    assert two.store.newest() == []
    one.member.board.tell("restore", {})
    two.member.turn()
    assert two.store.newest() == [trace]


def test_a_run_with_an_odd_name_spoils_no_counts(apps: tuple[App, App]) -> None:
    one, two = apps
    two.member.board.publish({**two.member.process, "run": {"of": "another version"}}, [], {})
    assert one.member.counts() == {"evicted": 0, "too_large": 0, "ignored": 0}


def test_each_app_has_its_own_name_and_requests(apps: tuple[App, App]) -> None:
    one, two = apps
    with served(two.app) as there:
        there.get("/a")
        one.member.wanted = list
        one.member.turn()
        wait_for(lambda: two.member.joined)
        wait_for(lambda: [each.process["app"] for each in fresh(one)] == ["cart"])


def test_an_app_without_the_extension_takes_part_no_more(apps: tuple[App, App]) -> None:
    one, two = apps
    with served(two.app) as there:
        there.get("/a")
        two.member.wanted = list
        two.member.hurry()
        wait_for(lambda: one.member.board.watched() is not None)
        Lifecycle().undo(two.app)
        wait_for(lambda: one.member.board.watched() is None)


def fresh(app: App) -> t.Any:
    app.member._others_at = 0.0
    app.member.turn()
    return app.member.others()


def test_requests_are_asked_for_while_the_others_are_told_of_those(
    apps: tuple[App, App], monkeypatch: pytest.MonkeyPatch
) -> None:
    member, numbers, asked = apps[0].member, count(), set[str]()
    monkeypatch.setattr(member.board, "watch", lambda _ids: None)
    monkeypatch.setattr(member_module, "WATCH_SECONDS", 1000.0)

    def ask() -> None:
        asked.add(f"{next(numbers):024x}")
        member.ask(max(asked))

    while len(asked) < 500:
        ask()
    with in_turns(ask):
        while len(asked) < 700:
            member._watch(())
    assert asked <= {*member._asked}
