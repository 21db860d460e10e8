"""The commands of ``flask lifecycle``, as a terminal runs them."""

from __future__ import annotations

import typing as t
from inspect import signature

from click.testing import CliRunner
from flask import Flask

from flask_lifecycle.cli import lifecycle
from tests.helpers.history import Served
from tests.helpers.servers import wait_for

# Before click 8.2, both streams are one unless this is given.
_APART = {"mix_stderr": False} if "mix_stderr" in signature(CliRunner).parameters else {}


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


def columns_of(line: str) -> int:
    """Return how many columns of a terminal a line takes."""
    from rich.cells import cell_len

    return cell_len(line)
