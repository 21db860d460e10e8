"""A process that was forked without Python's hooks, as uWSGI does it."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

from tests.helpers import ROOT

# The C library's fork() calls no hook; the app had its history open.
SCRIPT = textwrap.dedent("""
    import ctypes, json, os, sys
    from flask import Flask
    from flask_lifecycle import Lifecycle
    from flask_lifecycle.history import connection
    from flask_lifecycle.trace import process

    def make():
        app = Flask("forked")
        app.debug = True
        app.config["LIFECYCLE_HISTORY"] = sys.argv[1]
        Lifecycle(app)
        app.add_url_rule("/", view_func=lambda: "")
        return app

    app = make()
    history = app.extensions["lifecycle"]._mount._history
    with connection.io:
        opened = history._connection._opened(create=True)
    pid = ctypes.CDLL(None).fork()
    if not pid:
        before = process.run.pid, history._connection._used is opened
        answer = app.test_client().get("/")
        found = app.extensions["lifecycle"].traces()[0].process.pid
        after = process.run.pid, history._connection._used is opened
        print(json.dumps([before, found, after, os.getpid(), os.getppid()]), flush=True)
        os._exit(0)
    os.waitpid(pid, 0)
    assert history._connection._used is opened
""")


def test_it_is_recognised_at_its_first_request(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "shop.sqlite")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    [before, found, after, child, parent] = json.loads(done.stdout)
    assert before == [parent, True]
    assert found == child
    # The parent's connection must not be used, nor closed.
    assert after == [child, False]
