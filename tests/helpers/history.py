"""Apps that real servers serve, for what of them outlives the process."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.serving import make_server

from flask_lifecycle import Lifecycle
from flask_lifecycle.history import History, history_of
from flask_lifecycle.history.writer import flush
from tests.helpers import ROOT
from tests.helpers.servers import PATIENCE, wait_for


def files() -> list[Path]:
    """Return the files of all histories of this test."""
    return sorted(Path(os.environ["XDG_CACHE_HOME"]).glob("flask-lifecycle/*.sqlite"))


def stored_ids(*of: Path) -> list[str]:
    """Return the ids that are in some files, or in these, by SQLite alone, oldest first."""
    found: list[str] = []
    for file in of or files():
        opened = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
        # While it is being made, it has no tables.
        with closing(opened), suppress(sqlite3.OperationalError):
            found += [row[0] for row in opened.execute("SELECT id FROM summaries ORDER BY id")]
    return found


def tries_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the writer wait no long time after a failure."""
    for module in ("outbox", "writer"):
        monkeypatch.setattr(f"flask_lifecycle.history.{module}.AGAIN_SECONDS", 0.1)


class Served:
    """An app on a port."""

    def __init__(self, app: Flask, port: int) -> None:
        self.app = app
        self.address = f"http://127.0.0.1:{port}"
        # The requests that were answered, and may not have been written.
        self._answered: set[str] = set()

    def get(self, *paths: str) -> list[str]:
        """Send requests one after the other; return their ids once they are written or failed.

        And so are those that were sent before.
        """
        ids = [self.send(path) for path in paths]
        history = self.history
        # Each has its answer before it is finished, and they finish in any order.
        wait_for(lambda: history.problem or self._are_written())
        # The writer may still make room, or write to another one.
        flush(PATIENCE)
        return ids

    def send(self, path: str) -> str:
        """Send a request, and return its id."""
        with urllib.request.urlopen(f"{self.address}{path}", timeout=PATIENCE) as answer:
            answer.read()
            trace_id = str(answer.headers["X-Lifecycle-Trace"])
        self._answered.add(trace_id)
        return trace_id

    def _are_written(self) -> bool:
        kept = self.app.extensions["lifecycle"]._store.newest()
        self._answered &= {each.id for each in kept if not each.stored}
        return not self._answered

    @property
    def history(self) -> History:
        history = history_of(self.app)
        assert history is not None
        return history


def make(name: str = "shop", **config: object) -> Flask:
    """Return an app with the extension."""
    app = Flask(name)
    app.debug = True
    app.config.update({f"LIFECYCLE_{key.upper()}": value for key, value in config.items()})
    Lifecycle(app)

    @app.get("/<path:path>")
    def any_path(path: str) -> str:
        return path

    return app


@contextmanager
def served(app: Flask) -> Iterator[Served]:
    """Serve an app in this process."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield Served(app, server.server_port)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def run(code: str, folder: Path) -> str:
    """Run code in a process of its own, which has written nothing yet."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
