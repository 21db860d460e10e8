"""The commands of ``flask lifecycle``, as a terminal runs them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import typing as t
from collections.abc import Iterator
from contextlib import contextmanager
from inspect import signature
from pathlib import Path

from click.testing import CliRunner
from flask import Flask

from flask_lifecycle.cli import lifecycle
from tests.helpers import ROOT
from tests.helpers.history import Served
from tests.helpers.servers import PATIENCE, wait_for

# Before click 8.2, both streams are one unless this is given.
_APART = {"mix_stderr": False} if "mix_stderr" in signature(CliRunner).parameters else {}

# Another process with the same app.
APP = "from flask import Flask\napp = Flask('shop')\n"


class Done(t.NamedTuple):
    """What a command wrote, and how it ended."""

    code: int
    out: str
    err: str


def run(app: Flask, *args: str, width: int = 80, **env: str | None) -> Done:
    """Run a command of an app; one that fails in another way than by its exit code raises."""
    settings = {"COLUMNS": str(width), "NO_COLOR": None, "FORCE_COLOR": None, **env}
    done = app.test_cli_runner(**_APART).invoke(lifecycle, [*args], env=settings)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Done(done.exit_code, done.stdout, done.stderr)


def sent(there: Served, *paths: str) -> list[str]:
    """Send requests and return their ids once each is in the history, whose limit is not met."""
    ids = there.get(*paths)
    wait_for(lambda: all(map(there.history.get, ids)))
    return ids


@contextmanager
def running(folder: Path, *args: str) -> Iterator[subprocess.Popen[str]]:
    """Run a command of the app ``shop`` in another process."""
    # By the name of the app, which is no module's, its folder is the working folder.
    (folder / "served.py").write_text(APP)
    process = subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", str(folder / "served.py"), "lifecycle", *args],
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    # A line that never comes is an empty one.
    watchdog = threading.Timer(PATIENCE, process.kill)
    watchdog.start()
    try:
        yield process
    finally:
        watchdog.cancel()
        process.kill()
        process.communicate()


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def columns_of(line: str) -> int:
    """Return how many columns of a terminal a line takes."""
    from rich.cells import cell_len

    return cell_len(line)
