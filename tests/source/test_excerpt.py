"""The source of a recorded step, and of nothing else."""

from __future__ import annotations

import logging
import os
import sqlite3
import typing as t
from pathlib import Path

import pytest
from flask import Flask, current_app

from flask_lifecycle import Lifecycle
from flask_lifecycle.source.excerpt import excerpt, surroundings
from flask_lifecycle.source.statement import statement
from flask_lifecycle.trace.model import Source
from tests.helpers.apps import LOCAL, make_app


def view() -> str:
    """Make a page."""
    return "page"


@pytest.fixture
def api() -> t.Callable[[str], tuple[int, t.Any]]:
    app = Flask(__name__)
    app.debug = True
    app.add_url_rule("/", "view", view)
    record = logging.getLogger().makeRecord

    @app.get("/log")
    def logs() -> str:
        db = sqlite3.connect(":memory:")
        db.execute("select 1, 'hunter2' as password")
        db.close()
        record("odd", logging.INFO, "/etc/passwd", 1, "text", (), None)
        return "logged"

    Lifecycle(app)
    client = app.test_client()
    for path in ("/", "/log"):
        client.get(path).close()

    def get(path: str) -> tuple[int, t.Any]:
        with client.get(f"/_lifecycle/api/{path}") as answer:
            return answer.status_code, answer.get_json()

    return get


def steps(api: t.Any, at: int) -> tuple[str, list[dict[str, t.Any]]]:
    trace_id = api("traces")[1]["traces"][at]["id"]
    return trace_id, api(f"traces/{trace_id}")[1]["steps"]


def test_a_function_is_shown_from_its_line_to_its_end(api: t.Any) -> None:
    trace_id, all_steps = steps(api, 1)
    step = next(step for step in all_steps if step["stage"] == "view")
    status, found = api(f"traces/{trace_id}/steps/{step['id']}/source")
    assert status == 200
    assert found["file"] == __file__
    text = ["".join(part for _, part in line) for line in found["lines"]]
    assert text == ["def view() -> str:", '    """Make a page."""', '    return "page"']
    assert ["k", "def"] in found["lines"][0]


def test_what_is_no_code_is_not_read_whatever_a_record_says(api: t.Any) -> None:
    trace_id, all_steps = steps(api, 0)
    step = next(step for step in all_steps if step["stage"] == "log")
    assert step["source"]["file"] == "/etc/passwd"
    assert api(f"traces/{trace_id}/steps/{step['id']}/source")[0] == 404


def test_a_link_is_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TOKEN=x")
    (tmp_path / "code.py").write_text("x = 1")
    for name, target in (("env.py", ".env"), ("link.py", "code.py"), ("circle.py", "circle.py")):
        (tmp_path / name).symlink_to(tmp_path / target)
    found = {
        name: excerpt(Source(str(tmp_path / name), 1), 0.0) is not None
        for name in ("env.py", "link.py", "circle.py", "nu\0l.py", ".env")
    }
    assert [name for name, shown in found.items() if shown] == ["link.py"]


@pytest.mark.parametrize(
    "path",
    ["x/steps/0/source", "{id}/steps/9999/source", "{id}/steps/-1/source", "{id}/steps/../x"],
)
def test_unknown_steps_are_404(api: t.Any, path: str) -> None:
    trace_id, _ = steps(api, 0)
    assert api(f"traces/{path.replace('{id}', trace_id)}")[0] == 404


def test_files_of_odd_shapes(tmp_path: Path) -> None:
    long = tmp_path / "long.py"
    long.write_text("def f():\n" + "    x = 1\n" * 10_000)
    found = excerpt(Source(str(long), 1), 0.0)
    assert found is not None
    assert len(found["lines"]) == 120
    empty = tmp_path / "empty.py"
    empty.write_text("")
    assert excerpt(Source(str(empty), 1), 0.0) is None
    assert excerpt(Source(str(tmp_path / "none.py"), 1), 0.0) is None
    assert excerpt(Source(str(long), 0), 0.0) is None
    odd = tmp_path / "odd.py"
    odd.write_bytes(b"\xff\xfe\x00")
    excerpt(Source(str(odd), 1), 0.0)


def test_flasks_own_call_is_shown_from_the_version_that_is_installed(api: t.Any) -> None:
    trace_id, all_steps = steps(api, 1)
    seen = {}
    for step in all_steps:
        status, found = api(f"traces/{trace_id}/steps/{step['id']}/caller")
        if status == 200:
            lines = ["".join(part for _, part in line) for line in found["lines"]]
            seen[step["stage"], step["name"]] = lines[found["at"] - found["line"]].strip()
    assert "ensure_sync(self.view_functions[" in seen["view", "view"]
    assert ".open_session(" in seen["session_open", "session"]
    assert "start_response)" in seen["start_response", "200 OK"]
    assert seen["signal", "request_started"].startswith("request_started.send(")
    assert not any(stage == "body" for stage, _ in seen)


def test_it_is_said_that_a_file_was_written_since(tmp_path: Path) -> None:
    file = tmp_path / "late.py"
    file.write_text("def view(): ...\n")
    found = excerpt(Source(str(file), 1), 0.0)
    assert found is not None
    assert found["changed"]
    os.utime(file, (1, 1))
    found = excerpt(Source(str(file), 1), 0.0)
    assert found is not None
    assert not found["changed"]
    file.unlink()
    assert excerpt(Source(str(file), 1), 0.0) is None


def test_a_statement_is_laid_out_and_says_what_it_said(api: t.Any) -> None:
    trace_id, all_steps = steps(api, 0)
    step = next(step for step in all_steps if step["detail"].get("kind") == "statement")
    status, found = api(f"traces/{trace_id}/steps/{step['id']}/statement")
    assert status == 200
    text = ["".join(part for _, part in line) for line in found["lines"]]
    assert text == ["select ••••••,", "       •••••• as password"]
    assert ["k", "select"] in found["lines"][0]
    assert api(f"traces/{trace_id}/steps/0/statement")[0] == 404
    assert api("traces/x/steps/0/statement")[0] == 404


@pytest.mark.parametrize("text", ["", "not a statement at all", "select (" * 600, "'" * 4000])
def test_what_is_no_statement_is_shown_as_it_is(text: str) -> None:
    found = statement(text)
    assert "".join(part for line in found["lines"] for _, part in line).split() == text.split()


def code(found: t.Any) -> list[str]:
    return ["".join(part for _, part in line) for line in found["lines"]]


@pytest.mark.parametrize(
    ("stage", "text"),
    [("sql", "db.execute("), ("log", 'current_app.logger.warning("odd")')],
)
def test_what_a_function_does_at_a_line_is_shown_with_the_function_around_it(
    stage: str, text: str
) -> None:
    app, lifecycle = make_app()
    app.debug = True
    app.add_url_rule("/", "busy", busy)
    client = app.test_client()
    client.get("/").close()
    (trace,) = lifecycle.traces(app)
    step = trace.find(stage=stage)[-1]
    path = f"/_lifecycle/api/traces/{trace.id}/steps/{step.id}/source"
    found = client.get(path, environ_base=LOCAL).get_json()
    assert code(found)[0] == "def busy() -> str:"
    assert code(found)[-1] == '    return "done"'
    assert text in code(found)[found["at"] - found["line"]]


def busy() -> str:
    db = sqlite3.connect(":memory:")
    db.execute(
        "select 1",
    )
    db.close()
    current_app.logger.warning("odd")
    return "done"


def test_the_function_around_a_line_is_the_innermost(tmp_path: Path) -> None:
    file = tmp_path / "nested.py"
    file.write_text(
        "import x\n\n"
        "class A:\n"
        "    @deco\n"
        "    @deco2\n"
        "    async def outer(self):\n"
        "        def inner():\n"
        "            sent()\n"
        "        return inner\n"
        "\n" + "x = 1\n" * 300
    )

    def around(line: int) -> tuple[int, int, int] | None:
        found = surroundings(Source(str(file), line), 0.0, str)
        return None if found is None else (found["line"], len(found["lines"]), found["at"])

    assert around(8) == (7, 2, 8)
    assert around(9) == (4, 6, 9)
    assert around(5) == (4, 6, 5)
    assert around(200) == (185, 31, 200)
    assert around(1) == (1, 16, 1)
    assert around(0) is around(9999) is None
    file.write_text("def broken(:\n")
    assert around(1) == (1, 1, 1)


def test_a_line_far_down_a_long_function_or_template_is_in_the_middle(tmp_path: Path) -> None:
    for name, first in (("long.py", "def f():"), ("long.html", "<p>")):
        file = tmp_path / name
        file.write_text(f"{first}\n" + "    x = 1\n" * 1000)
        found = surroundings(Source(str(file), 500), 0.0, str)
        assert found is not None
        assert (found["line"], len(found["lines"]), found["at"]) == (440, 120, 500)
