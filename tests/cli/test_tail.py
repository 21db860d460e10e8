from __future__ import annotations

import json
import signal
import subprocess
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.cli import line_of, running, sent
from tests.helpers.history import Served, make, served
from tests.helpers.servers import PATIENCE


@pytest.fixture
def there() -> Iterator[Served]:
    with served(make()) as found:
        yield found


def ends(process: subprocess.Popen[str]) -> tuple[int, str]:
    assert process.stderr is not None
    process.wait(PATIENCE)
    return process.returncode, process.stderr.read()


def test_each_request_is_a_line_once_it_has_ended(there: Served, tmp_path: Path) -> None:
    sent(there, "/first", "/second")
    with running(tmp_path, "tail", "-n", "1") as tail:
        assert " GET /second " in line_of(tail)
        sent(there, "/third")
        assert " GET /third " in line_of(tail)
        # One after the other: of two that are sent at once, either may end first.
        for path in ("/fourth", "/fifth"):
            sent(there, path)
        assert [line_of(tail).split()[2] for _ in range(2)] == ["/fourth", "/fifth"]
        tail.send_signal(signal.SIGINT)
        assert ends(tail) == (0, "")


def test_a_filter_and_steps(there: Served, tmp_path: Path) -> None:
    sent(there, "/first")
    with running(tmp_path, "tail", "-v", "-path:/other") as tail:
        assert " GET /first " in line_of(tail)
        assert " wsgi" in line_of(tail)
        for path in ("/other", "/last"):
            sent(there, path)
        lines = [line_of(tail)]
        while lines[-1] and " GET /" not in lines[-1]:
            lines.append(line_of(tail))
        assert " GET /last " in lines[-1]
        assert any("view any_path" in line for line in lines)


def test_json_is_a_line_for_each(there: Served, tmp_path: Path) -> None:
    sent(there, "/first")
    with running(tmp_path, "tail", "--json") as tail:
        assert json.loads(line_of(tail)) == there.history.summaries()[0]
    with running(tmp_path, "tail", "--json", "-v") as tail:
        assert json.loads(line_of(tail))["steps"]


def test_a_history_that_begins_later_is_followed(there: Served, tmp_path: Path) -> None:
    with running(tmp_path, "tail") as tail:
        sent(there, "/first")
        assert " GET /first " in line_of(tail)


@pytest.mark.parametrize("args", [("tail", "-v"), ("list",), ("show", "--md")])
def test_a_closed_pipe_ends_it_quietly(
    there: Served, tmp_path: Path, args: tuple[str, ...]
) -> None:
    sent(there, "/first")
    with running(tmp_path, *args) as command:
        t.cast("t.TextIO", command.stdout).close()
        code, errors = ends(command)
        assert errors == ""
        assert code in (0, 1)


def test_a_wrong_filter_is_said(there: Served, tmp_path: Path) -> None:
    with running(tmp_path, "tail", "colour:red") as tail:
        code, errors = ends(tail)
    assert code == 2
    assert "FILTER got colour:red" in errors
