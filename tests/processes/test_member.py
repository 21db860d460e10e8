"""An app among the processes that share its history; here two apps of one process."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from flask_lifecycle.processes.member import Member
from flask_lifecycle.trace.writer import LiveTrace
from tests.helpers.history import make, served
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
def apps(tmp_path: Path) -> Iterator[tuple[App, App]]:
    one, two = (app_of(tmp_path / "shared.sqlite", name) for name in ("shop", "cart"))
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
    wait_for(lambda: two.member.turn() and running(one) == [], 10)


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


def test_each_app_has_its_own_name_and_requests(apps: tuple[App, App]) -> None:
    one, two = apps
    with served(two.app) as there:
        there.get("/a")
        one.member.wanted = list
        one.member.turn()
        wait_for(lambda: two.member.joined)
        wait_for(lambda: [each.process["app"] for each in fresh(one)] == ["cart"])


def fresh(app: App) -> t.Any:
    app.member._others_at = 0.0
    app.member.turn()
    return app.member.others()
