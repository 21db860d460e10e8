from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib import import_module

import click
import pytest
from flask import Flask

from flask_lifecycle import Lifecycle
from flask_lifecycle.cli import group, lifecycle
from tests.helpers import ROOT
from tests.helpers.cli import run

COMMANDS = ["run", "list", "show", "tail", "compare", "export", "open", "route", "doctor"]
# What `flask --help` must not wait for, and no app's process has.
CODE = """
import sys
from flask_lifecycle.cli import lifecycle
from click import Context
assert lifecycle.get_short_help_str()
print(*(name for name in sys.modules if name.partition(".")[0] in ("rich", "pygments", "sqlite3")
        or name.startswith("flask_lifecycle.cli.")))
lifecycle.get_command(Context(lifecycle), "run")
print(*(name for name in sys.modules if name.partition(".")[0] in ("rich", "pygments")))
"""


def test_commands_are_imported_when_they_are_used() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "flask_lifecycle.cli.group\n\n"


def test_what_reads_a_history_imports_no_panel() -> None:
    modules = ("compared", "follow", "lookup", "report", "routed", "saved")
    code = f"import sys, {', '.join(f'flask_lifecycle.cli.{each}' for each in modules)}\n"
    code += "print('flask_socketio' in sys.modules, 'rich.console' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "False True\n"


def test_each_command_has_its_help() -> None:
    context = click.Context(lifecycle)
    assert lifecycle.list_commands(context) == COMMANDS
    overview = run(Flask("shop"), "--help").out
    for name in COMMANDS:
        command = lifecycle.get_command(context, name)
        assert command is import_module(f"{group.__package__}.{name}").command
        assert f"\n  {name} " in overview
        text = run(Flask("shop"), name, "--help").out
        assert f" {name} " in text.splitlines()[0]
        assert "..." not in next(line for line in overview.splitlines() if f"  {name} " in line)


def test_each_command_is_documented() -> None:
    text = (ROOT / "docs" / "cli.md").read_text("utf-8")
    assert re.findall(r"^\| `(\w+)", text, re.MULTILINE) == COMMANDS


def test_there_is_no_other_command() -> None:
    assert run(Flask("shop"), "nothing").code == 2
    assert run(Flask("shop"), "group").code == 2


@pytest.mark.parametrize("form", ["--json", "--md"])
def test_doctor_has_the_same_forms(form: str) -> None:
    app = Flask("shop")
    Lifecycle(app)
    out = run(app, "doctor", form).out
    if form == "--json":
        (panel, *_) = json.loads(out)
        assert panel == {
            "mark": "ok",
            "about": "panel",
            "text": "Off: debug is off, and LIFECYCLE_ENABLED is not set.",
        }
    else:
        assert out.startswith("- ok, **panel**: Off: debug is off")
