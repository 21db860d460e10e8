from __future__ import annotations

import json
import os
import re

import pytest
from flask import Flask, g, session

from flask_lifecycle.trace import process
from flask_lifecycle.trace.compare import compare
from tests.helpers.cli import columns_of, run, sent
from tests.helpers.history import make, served

LOADED = ["ada"]


def shop() -> Flask:
    app = make()
    app.secret_key = "a key"

    @app.before_request
    def load_user() -> None:
        g.user = LOADED[0]

    @app.get("/book/<int:number>")
    def book(number: int) -> str:
        if LOADED[0] == "eve":
            session["seen"] = number
        return str(number)

    return app


@pytest.fixture(autouse=True)
def restarted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin each test with the same user, in one run of the app."""
    monkeypatch.setattr("tests.cli.test_compare.LOADED", ["ada"], raising=False)
    LOADED[:] = ["ada"]


def change(monkeypatch: pytest.MonkeyPatch) -> None:
    """Restart the app, with another user."""
    LOADED[:] = ["eve"]
    monkeypatch.setattr(process, "run", process.Run(os.getpid(), process.run.started_at + 60))


def test_the_last_one_is_compared_with_the_one_like_it_before_the_restart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with served(shop()) as there:
        before = sent(there, "/book/1", "/book/1", "/book/2")
        change(monkeypatch)
        after = sent(there, "/book/1", "/book/1")
    text = run(there.app, "compare").out
    a, b, _, verdict, *rest = text.splitlines()
    assert a.startswith("A  GET /book/1, 200")
    assert b.startswith("B  GET /book/1, 200")
    assert any("g user" in line and "ada" in line and "eve" in line for line in (verdict, *rest))
    assert any(re.match(r"\+ session seen: 1", line) for line in rest)
    found = json.loads(run(there.app, "compare", "--json").out)
    assert found["runs"] == {"a": before[1::-1], "b": after[::-1]}
    history = there.history
    sides = [
        [trace for each in found["runs"][side] if (trace := history.get(each))] for side in "ab"
    ]
    assert found == json.loads(json.dumps(compare(*sides).to_dict()))


def test_one_id_is_compared_with_what_came_before_it() -> None:
    with served(shop()) as there:
        ids = sent(there, "/book/1", "/book/2", "/book/3")
    found = json.loads(run(there.app, "compare", ids[1], "--json").out)
    assert (found["a"], found["b"]) == (ids[0], ids[1])


def test_two_ids_are_compared_in_their_order() -> None:
    with served(shop()) as there:
        ids = sent(there, "/book/1", "/book/2")
    found = json.loads(run(there.app, "compare", "last", "last~1", "--json").out)
    assert (found["a"], found["b"]) == (ids[1], ids[0])


def test_a_request_like_no_other_needs_two_ids() -> None:
    with served(shop()) as there:
        sent(there, "/book/1", "/other")
    done = run(there.app, "compare")
    assert (done.code, done.out) == (1, "")
    assert "No earlier request in the history is like GET /other: give two IDs." in done.err
    assert run(there.app, "compare", "last", "ffff").code == 1


def test_markdown_is_a_diff() -> None:
    with served(shop()) as there:
        sent(there, "/book/1", "/book/2")
    verdict, _, fence, *lines = run(there.app, "compare", "--md").out.splitlines()
    assert verdict.startswith("**")
    assert (fence, lines[-1]) == ("```diff", "```")
    assert "~ url_match" in "\n".join(lines)


@pytest.mark.parametrize("width", [32, 40, 80, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    with served(shop()) as there:
        sent(there, "/book/1", "/" + "other/" * 60)
    for line in run(there.app, "compare", "last~1", "last", width=width).out.splitlines():
        assert columns_of(line) <= width
