from __future__ import annotations

import json
import os
import re
import sqlite3
from pathlib import Path
from urllib.error import HTTPError

import pytest
from flask import Flask

from flask_lifecycle import Lifecycle
from flask_lifecycle.trace import process
from tests.helpers import ROOT
from tests.helpers.cli import APP, columns_of, run, sent
from tests.helpers.history import make, served
from tests.helpers.history import run as run_code
from tests.helpers.servers import wait_for


def test_requests_are_listed_newest_first_while_no_server_runs() -> None:
    with served(make()) as there:
        ids = sent(there, "/a", "/b?page=2", "/c")
    done = run(there.app, "list")
    head, *rows = done.out.splitlines()
    assert head.split() == ["last", "ID", "age", "request", "time", "SQL"]
    assert [row.split()[0] for row in rows] == ["last", "~1", "~2"]
    assert re.findall(r"GET (\S+)", "\n".join(rows)) == ["/c", "/b?page=2", "/a"]
    for row, trace_id in zip(rows, ids[::-1], strict=True):
        assert trace_id.startswith(row.split()[1])
    assert done.code == 0


def test_an_app_without_the_extension_has_the_history_of_the_same_app_with_it() -> None:
    with served(make()) as there:
        sent(there, "/a")
    assert " /a " in run(Flask("shop"), "list").out
    assert run(Flask("another"), "list").code == 1


def test_terms_are_those_of_the_panel_also_with_a_minus() -> None:
    with served(make()) as there:
        sent(there, "/a", "/b", "/ab")
    listed = run(there.app, "list", "path:/a", "-path:/ab", "--json")
    assert [each["path"] for each in json.loads(listed.out)["traces"]] == ["/a"]
    assert run(there.app, "list", "path:/a -path:/ab", "--json").out == listed.out
    assert run(there.app, "list", "-path:/a", "-n1", "--json").out.count('"/b"') == 1
    # A word with a minus follows two dashes.
    words = run(there.app, "list", "--json", "--", "-b")
    assert [each["path"] for each in json.loads(words.out)["traces"]] == ["/a"]


def test_what_is_not_found_and_what_is_wrong_differ_in_their_exit_code() -> None:
    with served(make()) as there:
        sent(there, "/a")
    app = there.app
    none = run(app, "list", "status:5xx")
    assert (none.code, none.out) == (1, "")
    assert "No request in the history matches status:5xx." in none.err
    wrong = run(app, "list", "colour:red")
    assert wrong.code == 2
    assert "FILTER got colour:red: one of status:" in wrong.err
    assert run(app, "list", "--json", "--md").code == 2
    assert run(app, "list", "-n", "0").code == 2


def test_an_empty_history_and_none_at_all_are_said() -> None:
    empty = run(make("nobody"), "list")
    assert empty.code == 1
    assert "has no request yet" in empty.err
    none = run(make(history=None), "list")
    assert none.code == 1
    assert "LIFECYCLE_HISTORY is None" in none.err


def test_a_file_that_is_no_history_is_said(tmp_path: Path) -> None:
    file = tmp_path / "other.sqlite"
    file.write_text("not a database at all, and longer than a header " * 10)
    done = run(make(history=str(file)), "list")
    assert done.code == 1
    assert "is not a history of flask-lifecycle" in done.err.replace("\n", " ")


@pytest.mark.parametrize(
    "change",
    [
        {"flags": [["error"]]},
        {"strip": "x"},
        {"counts": {"sql": "many"}},
        {"started_at": None},
        {"started_at": 1e300},
        {"started_at": float("nan")},
        {"path": 5},
        {"process": {"started_at": "x"}},
    ],
)
@pytest.mark.parametrize("command", ["list", "show"])
def test_a_row_that_another_program_wrote_is_left_out(
    change: dict[str, object], command: str
) -> None:
    with served(make()) as there:
        first, second = sent(there, "/a", "/b")
    path = there.history.status().path
    assert path is not None
    summary = {**there.history.summaries()[0], **change}
    with sqlite3.connect(path) as opened:
        text = json.dumps(summary)
        opened.execute("UPDATE summaries SET summary = ? WHERE id = ?", (text, second))
    opened.close()
    done = run(there.app, command)
    assert done.code == 0, done.err
    assert " /b" not in done.out
    assert first[:6] in done.out


def test_a_restart_is_a_line_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    with served(make()) as there:
        sent(there, "/before")
        (first,) = there.history.summaries()
        later = first["started_at"] + 0.001
        monkeypatch.setattr(process, "run", process.Run(os.getpid(), later))
        sent(there, "/after", "/again")
    again, after, rule, before = run(there.app, "list").out.splitlines()[1:]
    assert " /again " in again
    assert " /after " in after
    assert rule.startswith("── restarted ")
    assert " /before " in before


def test_a_request_inside_another_one_has_an_arrow() -> None:
    app = make()

    @app.get("/outer")
    def outer() -> str:
        return app.test_client().get("/inner").text

    with served(app) as there:
        sent(there, "/outer")
        wait_for(lambda: len(there.history.summaries()) == 2)
    assert "↳ GET /inner" in run(app, "list").out


@pytest.mark.parametrize("width", [32, 40, 64, 80, 120, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    with served(make()) as there:
        sent(
            there, "/a", "/" + "long/" * 60, "/%E6%9C%AC%E6%9C%AC%E6%9C%AC" * 5 + "?" + "x=1&" * 40
        )
    for colour in (None, "1"):
        for line in run(there.app, "list", width=width, FORCE_COLOR=colour).out.splitlines():
            assert columns_of(re.sub(r"\x1b\[[\d;]*m", "", line)) <= width


def test_markdown_is_a_table_whose_cells_no_request_can_break() -> None:
    with served(make()) as there:
        with pytest.raises(HTTPError) as unknown:  # no rule has a line break
            sent(there, "/a%7Cb%0A%7C%60%3Cscript%3E")
        unknown.value.close()
        sent(there, "/last")
        wait_for(lambda: len(there.history.summaries()) == 2)
    *_, row = run(there.app, "list", "--md").out.splitlines()
    assert r"GET /a\|b" in row
    assert "<script>" not in row.replace(r"\<script\>", "")
    assert len(re.findall(r"(?<!\\)\|", row)) == 8


def test_colour_is_for_terminals_unless_it_is_forced_or_refused() -> None:
    with served(make()) as there:
        sent(there, "/a")
    assert not coloured(there.app)
    assert coloured(there.app, FORCE_COLOR="1")
    assert not coloured(there.app, FORCE_COLOR="1", NO_COLOR="1")
    assert not coloured(there.app, FORCE_COLOR="0")


def coloured(app: Flask, **env: str) -> bool:
    return "\x1b[" in run(app, "list", width=80, **env).out


def test_traces_are_the_summaries_of_the_api() -> None:
    with served(make()) as there:
        ids = sent(there, "/a", "/b")
    found = json.loads(run(there.app, "list", "--json").out)["traces"]
    assert [each["id"] for each in found] == ids[::-1]
    assert found == there.history.summaries()
    assert len(Lifecycle().traces(there.app)) == 2


def test_no_more_is_read_than_is_listed() -> None:
    with served(make()) as there:
        # Each part is waited for, and in batches of its own.
        ids = there.get(*(f"/{number}" for number in range(60)))
        there.get(*(f"/{number}" for number in range(60, 120)))
    path = there.history.status().path
    assert path is not None
    with sqlite3.connect(path) as opened:
        opened.execute("UPDATE summaries SET summary = ''")
    opened.close()
    assert " /119 " in run(there.app, "list").out
    with sqlite3.connect(path) as opened:
        [(left,)] = opened.execute("SELECT count(*) FROM summaries WHERE summary = ''")
    opened.close()
    assert left
    assert ids[7][:10] in run(there.app, "list", "path:/7", "-n", "100").out
    assert " /0 " in run(there.app, "show", "last~119").out
    assert run(there.app, "show", "last~120").code == 1


CODE = f"""import sys
{APP}
from flask_lifecycle.cli import lifecycle
print(app.test_cli_runner().invoke(lifecycle, ["list"]).output)
names = ("redact", "trace.model", "trace.writer")
print({{f"flask_lifecycle.{{each}}" for each in names}} & {{*sys.modules}})
"""


def test_nothing_of_what_records_is_imported() -> None:
    with served(make()) as there:
        sent(there, "/a")
    # The first who lists a request makes its summary.
    assert " /a " in run(there.app, "list").out
    # With the folder of the same app.
    out = run_code(CODE, ROOT)
    assert " /a " in out
    assert out.endswith("\nset()\n")
