from __future__ import annotations

import json
import logging
import re
import sqlite3
import typing as t
from io import StringIO

import pytest
from flask import Flask, g, redirect, request, session

from tests.helpers.cli import columns_of, run, sent
from tests.helpers.history import make, served
from tests.helpers.servers import wait_for

ANSI = re.compile(r"\x1b\[[\d;]*m")
HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\u2066\ud800\n# <script>`|*_\x00"


def shop() -> Flask:
    app = make("hostile", max_detail_bytes=100_000)
    app.secret_key = "a key"
    # What it logs has half a character, which the processes of pytest cannot send each other.
    app.logger.handlers, app.logger.propagate = [logging.StreamHandler(StringIO())], False

    @app.before_request
    def load_user() -> t.Any:
        g.user = "ada"
        return redirect("/sign-in", 302) if "anonymous" in request.args else None

    @app.before_request
    def load_cart() -> None:
        session["cart"] = [1, 2]

    @app.get("/")
    def index() -> str:
        opened = sqlite3.connect(":memory:")
        for _ in range(4):
            opened.execute("SELECT name FROM sqlite_master WHERE name = ?", ("book",))
        opened.close()
        app.logger.warning("The cart is full")
        return "hello"

    @app.get("/hostile")
    def hostile() -> str:
        g.text = HOSTILE
        app.logger.warning(HOSTILE)
        raise LookupError(HOSTILE)

    @app.errorhandler(LookupError)
    def handle(_error: LookupError) -> tuple[str, dict[str, str]]:
        return "handled", {"X-Name": "value"}

    @app.after_request
    def sign(response: t.Any) -> t.Any:
        response.headers["X-Signed"] = "yes"
        return response

    return app


def without_breaks(text: str) -> str:
    """Join what was wrapped, without the lines of the tree."""
    return " ".join(re.sub(r"[│├└─]", " ", text).split())


def test_the_journey_has_times_scopes_outcomes_sql_and_changes() -> None:
    with served(shop()) as there:
        (trace_id,) = sent(there, "/")
    text = run(there.app, "show").out
    head = text.splitlines()[:4]
    assert head[0].startswith("GET /  ")
    assert " 200  " in head[0]
    assert head[1] == "/ · index"
    assert trace_id in head[2]
    assert "log! 1: Log records" in text
    assert "before_request load_user  " in text
    assert "+ g.user = ada" in text
    assert "+ session.cart = [1, 2]" in text
    assert "+ X-Signed = yes" in text
    assert "sql SELECT name FROM sqlite_master WHERE name = 'book' 4×" in without_breaks(text)
    assert "log WARNING hostile: The cart is full" in text
    assert re.search(r"view index +\S+test_show\.py:\d+", text)
    assert "so Flask goes on to the next hook." in without_breaks(text)
    assert re.search(r"\d (?:µs|ms) +└ |\d (?:µs|ms) +├ ", text)


def test_what_did_not_run_stands_in_its_place_with_the_reason() -> None:
    with served(shop()) as there:
        sent(there, "/?anonymous")  # and the page that it redirects to
        wait_for(lambda: len(there.history.summaries()) == 2)
    lines = run(there.app, "show", "last~1", "-b").out.partition("\n\n")[2].splitlines()
    at = next(n for n, line in enumerate(lines) if "before_request load_user" in line)
    assert "↩ Response 302" in lines[at]
    assert "– " in lines[at + 1]
    assert "load_cart  did not run: load_user responds first" in lines[at + 1]
    assert "view index  did not run: load_user responds first" in lines[at + 2]


def test_brief_is_one_line_a_step() -> None:
    with served(shop()) as there:
        sent(there, "/")
    whole = json.loads(run(there.app, "show", "--json").out)["steps"]
    text = run(there.app, "show", "--brief", "--all").out
    assert len(text.partition("\n\n")[2].splitlines()) == len(whole)


def test_json_is_the_whole_trace() -> None:
    with served(shop()) as there:
        sent(there, "/")
    trace = there.history.get(there.history.summaries()[0]["id"])
    assert trace is not None
    assert json.loads(run(there.app, "show", "--json").out) == json.loads(
        json.dumps(trace.to_dict())
    )


@pytest.mark.parametrize("width", [20, 32, 40, 80, 100, 150, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    with served(shop()) as there:
        sent(there, "/", "/hostile", "/?" + "long=1&" * 50)
    for trace_id in ("last", "last~1", "last~2"):
        for options in ((), ("-b",), ("-a",)):
            for colour in (None, "1"):
                out = run(
                    there.app, "show", trace_id, *options, width=width, FORCE_COLOR=colour
                ).out
                for line in out.splitlines():
                    assert columns_of(ANSI.sub("", line)) <= max(32, width), line


@pytest.mark.parametrize("form", ["text", "--brief", "--md", "--json"])
@pytest.mark.parametrize("command", ["show", "list", "compare"])
def test_no_text_of_a_request_reaches_the_terminal_as_a_command(form: str, command: str) -> None:
    with served(shop()) as there:
        path = "/hostile?x=%1b]0;owned%07%c2%9b31m%E2%80%AE&y=%0a%23+title"
        sent(there, path, path)
    if (command, form) in (("list", "--brief"), ("compare", "--brief")):
        form = "text"
    args = [] if form == "text" else [form]
    out = run(there.app, command, *args, FORCE_COLOR="1").out
    assert not re.search("[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", out)
    assert "\x1b" not in ANSI.sub("", out)
    assert not re.search(r"(?m)^# ?<script>", out)


def test_an_id_that_means_several_lists_them() -> None:
    with served(shop()) as there:
        ids = sent(there, "/", "/hostile")
    done = run(there.app, "show", ids[0][:3])
    assert done.code == 2
    assert "2 requests have an ID that begins with" in done.err
    assert "GET /hostile, 200" in done.err
    assert run(there.app, "show", ids[0]).code == 0
    assert run(there.app, "show", ids[0].upper()).code == 0


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("last~7", 1, "There is no last~7: the history has 1 request."),
        ("ffff", 1, "No request in the history has an ID that begins with ffff."),
        ("last~", 2, "last~ is no ID"),
        ("xyz", 2, "xyz is no ID"),
        ("", 2, "An empty text is no ID"),
        ("\x1b[2J", 2, "is no ID"),
        ("last~99999999999999999999", 2, "is no ID"),
    ],
)
def test_an_id_that_means_nothing_says_what_it_takes(text: str, code: int, says: str) -> None:
    with served(shop()) as there:
        sent(there, "/")
    done = run(there.app, "show", text)
    assert (done.code, done.out) == (code, "")
    assert says in done.err
    assert "\x1b" not in done.err
