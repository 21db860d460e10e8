"""A filter means the same on the server as in the panel (static/src/trace/filter.test.ts)."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from flask import Flask

from flask_lifecycle import Lifecycle
from flask_lifecycle.summary.filter import COUNTS, FilterError, parse
from flask_lifecycle.summary.summarize import COUNTED

CASES = json.loads(Path(__file__).with_name("filters.json").read_text("utf-8"))
PLAIN: dict[str, t.Any] = {
    "state": "done",
    "method": "GET",
    "endpoint": None,
    "blueprints": [],
    "duration": 1_000_000,
    "elapsed": 1_000_000,
    "error": None,
    "parent": None,
    "process": {"pid": 1, "host": "h", "thread": "t"},
    "counts": {},
    "flags": [],
    "changed": {},
}


@pytest.mark.parametrize("case", CASES["cases"], ids=lambda case: case["q"])
def test_what_a_filter_finds(case: dict[str, str]) -> None:
    test = parse(case["q"])
    found = [each["id"] for each in CASES["traces"] if test({**PLAIN, **each})]
    assert "".join(found) == case["finds"]


@pytest.mark.parametrize("case", CASES["wrong"], ids=lambda case: case["q"])
def test_what_is_not_understood(case: dict[str, str]) -> None:
    with pytest.raises(FilterError) as told:
        parse(case["q"])
    assert str(told.value) == case["error"]


@pytest.mark.parametrize("text", ["::x", "x" * 100_000, '"' * 9999, "\\" * 9999, "\ud800"])
def test_nonsense_breaks_nothing(text: str) -> None:
    assert not parse(text)({**PLAIN, **CASES["traces"][1]}) or '"' in text


def test_every_count_of_a_summary_can_be_asked_for() -> None:
    assert set(COUNTED) <= set(COUNTS)


def get(app: Flask, path: str) -> t.Any:
    return app.test_client().get(
        f"/_lifecycle/api/traces{path}", environ_base={"REMOTE_ADDR": "127.0.0.1"}
    )


def test_the_list_takes_it() -> None:
    app = Flask("filtered")
    app.debug = True
    Lifecycle(app)
    app.add_url_rule("/here", view_func=lambda: "here")
    for path in ("/here", "/there", "/here"):
        app.test_client().get(path)

    assert [each["path"] for each in get(app, "?q=status:404").json["traces"]] == ["/there"]
    page = get(app, "?q=-status:404&limit=1").json
    assert [each["path"] for each in page["traces"]] == ["/here"]
    page = get(app, f"?q=-status:404&limit=1&before={page['next']}").json
    assert ([each["path"] for each in page["traces"]], page["next"]) == (["/here"], None)
    answer = get(app, "?q=time:>fast")
    assert answer.status_code == 400
    assert answer.json["error"].endswith("q got time:>fast: a number of ms is expected.")
