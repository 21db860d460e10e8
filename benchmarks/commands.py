"""What a terminal waits for: ``python -m benchmarks.commands``.

Whole processes take turns: a command of an app without the extension, ``flask lifecycle list`` on a
history of 10,000 requests, and what each of them imports. Medians over the turns are compared.
"""

from __future__ import annotations

import argparse
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import typing as t
from contextlib import closing
from pathlib import Path

_REQUESTS = 10_000
_BARE = """
from flask import Flask

app = Flask(__name__)
app.add_url_rule("/<int:number>", "index", lambda number: f"hello {number}")
"""
_KEPT = f"""{_BARE}
from flask_lifecycle import Lifecycle

app.config["LIFECYCLE_HISTORY"] = "history.sqlite"
app.config["LIFECYCLE_MAX_TRACES"] = {_REQUESTS}
Lifecycle(app)
"""
# As a server in debug mode; the commands run without it.
_FILL = f"""
from werkzeug.test import run_wsgi_app
from benchmarks.workloads import environ
from flask_lifecycle.history.writer import flush
from kept import app

app.debug = True
for number in range({_REQUESTS}):
    given = environ("/{{}}", number)
    run_wsgi_app(app, {{**given, "SERVER_SOFTWARE": "benchmark"}})
    if number % 500 == 0:
        flush(30.0)
flush(30.0)
"""
_MODULES = ("cells", "lookup", "output", "rows", "running")
_IMPORTS = ", ".join(f"flask_lifecycle.cli.{each}" for each in _MODULES)
_COMMANDS = {
    "flask routes, without the extension": ("-m", "flask", "--app", "bare", "routes"),
    "flask lifecycle list": ("-m", "flask", "--app", "kept", "lifecycle", "list"),
    "import flask.cli": ("-c", "import flask.cli"),
    "and flask_lifecycle": ("-c", "import flask.cli, flask_lifecycle"),
    "and what lists": ("-c", f"import flask.cli, {_IMPORTS}"),
}


def run(folder: str, *arguments: str) -> float:
    """Run Python in a folder; return the seconds that it took."""
    environ: dict[str, t.Any] = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    # With compiled modules, as an installation has them.
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    begun = time.perf_counter()
    command = [sys.executable, *arguments]
    subprocess.run(command, cwd=folder, env=environ, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=20)
    options = parser.parse_args()
    took: dict[str, list[float]] = {name: [] for name in _COMMANDS}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "bare.py").write_text(_BARE)
        (Path(folder) / "kept.py").write_text(_KEPT)
        run(folder, "-c", _FILL)
        [file] = Path(folder).rglob("history.sqlite")
        with closing(sqlite3.connect(file)) as opened:
            [(stored,)] = opened.execute("SELECT count(*) FROM summaries")
        # The first turn compiles, and makes the summaries that are listed.
        for turn in range(options.turns + 1):
            for name in random.sample([*took], len(took)):
                seconds = run(folder, *_COMMANDS[name])
                took[name] += [seconds] if turn else []
    print(f"{stored:,} requests, {options.turns} turns, ms: median (least)")
    for name, seconds_of in took.items():
        print(f"{name:36} {statistics.median(seconds_of) * 1e3:4.0f} ({min(seconds_of) * 1e3:.0f})")


if __name__ == "__main__":
    main()
