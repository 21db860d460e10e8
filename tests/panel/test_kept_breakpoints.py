"""Breakpoints outlive the process, in a file that nobody else can read or plant."""

from __future__ import annotations

import hashlib
import json
import typing as t
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import Client

from flask_lifecycle import Lifecycle
from flask_lifecycle.recorder import holding
from tests.helpers.apps import LOCAL, TOKEN

Json = dict[str, t.Any]


class Run:
    """A process of an app, as far as its breakpoints go."""

    def __init__(self, history: Path, name: str = __name__) -> None:
        self.app = Flask(name)
        self.app.debug = True
        self.app.config.update(LIFECYCLE_TOKEN=TOKEN, LIFECYCLE_HISTORY=history)
        Lifecycle(self.app)

    def call(self, method: str = "GET", body: Json | None = None) -> Json:
        given = {**LOCAL, "wsgi.multithread": True, "HTTP_AUTHORIZATION": f"Bearer {TOKEN}"}
        answer = Client(self.app).open(
            "/_lifecycle/api/breakpoints", method=method, json=body, environ_overrides=given
        )
        assert answer.status_code == 200, answer.text
        found: Json = answer.get_json()
        return found

    def end(self) -> None:
        Lifecycle().undo(self.app)
        assert not holding.armed


@pytest.fixture
def history(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite"


@pytest.fixture
def beside(history: Path) -> Path:
    app = hashlib.sha256(__name__.encode()).hexdigest()[:16]
    return history.with_name(f"history.sqlite-breakpoints-{app}.json")


def test_they_are_there_again_in_the_next_process(history: Path, beside: Path) -> None:
    run = Run(history)
    assert run.call()["breakpoints"] == []
    assert not beside.exists()
    given = [
        {"stage": "view", "name": "a*", "filter": "method:POST"},
        {"name": "x", "when": "after", "on": False},
        {"name": "y", "once": True},
    ]
    made = run.call("PUT", {"on": False, "breakpoints": given})
    run.end()
    assert beside.stat().st_mode & 0o777 == 0o600

    run = Run(history)
    again = run.call()
    assert again["on"] is False
    # What holds once may have done so.
    assert again["breakpoints"] == made["breakpoints"][:2]
    run.call("PUT", {"breakpoints": []})
    run.end()
    run = Run(history)
    assert run.call()["breakpoints"] == []
    run.end()
    assert list(beside.parent.glob("*.json*")) == [beside]


def test_apps_of_one_history_have_their_own(history: Path) -> None:
    run = Run(history)
    made = run.call("PUT", {"breakpoints": [{"stage": "view"}]})["breakpoints"]
    run.end()
    other = Run(history, "other")
    assert other.call()["breakpoints"] == []
    other.call("PUT", {"breakpoints": [{"stage": "dispatch"}]})
    other.end()
    run = Run(history)
    assert run.call()["breakpoints"] == made
    run.end()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"breakpoints": 1}',
        '{"breakpoints": [{"stage": "eval"}]}',
        "[" * 9999,
    ],
)
def test_what_is_none_of_ours_is_ignored(history: Path, beside: Path, text: str) -> None:
    beside.write_text(text)
    beside.chmod(0o600)
    run = Run(history)
    assert run.call()["breakpoints"] == []
    run.end()


def test_a_link_or_a_file_that_others_can_write_is_not_read(history: Path, beside: Path) -> None:
    planted = json.dumps({"breakpoints": [{"stage": "view"}]})
    other = beside.with_name("other")
    other.write_text(planted)
    other.chmod(0o600)
    beside.symlink_to(other)
    run = Run(history)
    assert run.call()["breakpoints"] == []
    run.end()
    beside.unlink()
    beside.write_text(planted)
    beside.chmod(0o666)
    run = Run(history)
    assert run.call()["breakpoints"] == []
    # It is replaced, not written to.
    run.call("PUT", {"breakpoints": [{"stage": "dispatch"}]})
    assert beside.stat().st_mode & 0o777 == 0o600
    run.end()
