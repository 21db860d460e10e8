"""``flask shell`` and ``flask routes`` say with the extension what they say without it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import ROOT

APP = """
from flask import Flask, g, request, session

app = Flask(__name__)
app.secret_key = "shell"

@app.before_request
def load():
    g.user = "ada"

@app.shell_context_processor
def more():
    return {"answer": 42}

@app.get("/")
def index():
    session["user"] = g.user
    return request.path

@app.cli.command("count")
def count():
    print(len(list(app.url_map.iter_rules())))
"""
LIFECYCLE = "\nfrom flask_lifecycle import Lifecycle\nLifecycle(app)\n"

TYPED = """
from flask import current_app, has_request_context
print(type(app).__name__, isinstance(app, type(current_app._get_current_object())), answer)
print(current_app.name, has_request_context(), sorted(app.before_request_funcs))
print(app.test_client().get("/").text)
print(app.test_request_context("/x?y=1").request.args)
print([rule.rule for rule in app.url_map.iter_rules()])
raise LookupError("typed")
"""


@pytest.mark.parametrize("command", ["shell", "routes", "count"])
@pytest.mark.parametrize("debug", [[], ["--debug"]])
def test_a_command_prints_the_same(tmp_path: Path, command: str, debug: list[str]) -> None:
    printed: list[tuple[int, str, str]] = []
    for text in (APP, APP + LIFECYCLE):
        (tmp_path / "app.py").write_text(text)
        done = subprocess.run(
            [sys.executable, "-m", "flask", *debug, command],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONSTARTUP": ""},
            input=TYPED,
            capture_output=True,
            text=True,
            check=False,
        )
        printed.append((done.returncode, done.stdout, done.stderr))
    assert printed[1] == printed[0]
    assert printed[0][0] == 0
    if command == "shell":
        assert "Flask True 42" in printed[0][1]
        assert "LookupError: typed" in printed[0][2]
