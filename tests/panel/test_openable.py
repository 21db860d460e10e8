"""What the panel says is gone is what nobody can open any more."""

from __future__ import annotations

import logging
import sqlite3
import typing as t
from contextlib import closing
from pathlib import Path

import pytest

from flask_lifecycle import Lifecycle
from flask_lifecycle.history import history_of
from flask_lifecycle.history.connection import close_all
from flask_lifecycle.panel.live.hub import Hub
from flask_lifecycle.panel.live.viewer import Viewer
from flask_lifecycle.panel.openable import Openable
from tests.helpers.history import Served, make, run, served

API = "/_lifecycle/api"
SMALL = 200_000


class Panel:
    """What its viewers are sent of an app's requests."""

    def __init__(self, there: Served) -> None:
        self.client = there.app.test_client()

    def page(self) -> t.Any:
        return self.client.get(f"{API}/traces").get_json()

    def batch(self) -> t.Any:
        return self.client.post(f"{API}/batch", json={}).get_json()

    def accounts_for(self, ids: list[str]) -> t.Any:
        """Check that what is listed can be opened, and that the others are counted."""
        page, batch = self.page(), self.batch()
        listed = [each["id"] for each in page["traces"] if each["id"] in ids]
        for each in ids:
            status = self.client.get(f"{API}/traces/{each}").status_code
            assert status == (200 if each in listed else 404)
        assert page["evicted"] == batch["evicted"] == len(ids) - len(listed)
        assert page["too_large"] == batch["too_large"]
        assert page["history"] == batch["history"]
        return page


@pytest.fixture
def there(tmp_path: Path) -> t.Iterator[Served]:
    # Of a name of its own: loggers are shared by name, and other tests change theirs.
    app = make("says-much", history=tmp_path / "history.sqlite", max_bytes=SMALL)
    app.logger.propagate = False
    app.logger.addHandler(logging.NullHandler())

    # Large in memory, and small in the file.
    @app.before_request
    def say_much() -> None:
        for _ in range(20):
            app.logger.warning("x" * 500)

    with served(app) as there:
        yield there


def send(there: Served, count: int) -> list[str]:
    """Send requests, no more at once than the memory holds until they are written."""
    return [each for _ in range(0, count, 5) for each in there.get("/a", "/b", "/c", "/d", "/e")]


def delete(there: Served, where: str) -> None:
    """Remove requests from the history, as another process does."""
    file = there.history.status().path
    assert file is not None
    code = f"""
import sqlite3
with sqlite3.connect({str(file)!r}) as opened:
    opened.execute({f"DELETE FROM summaries WHERE {where}"!r})
"""
    run(code, file.parent)


def test_what_the_history_has_is_not_evicted(there: Served) -> None:
    panel = Panel(there)
    ids = send(there, 30)
    assert len(Lifecycle().traces(there.app)) < 20
    page = panel.accounts_for(ids)
    assert (page["evicted"], page["too_large"]) == (0, 0)
    assert page["history"]["kept"] == {"oldest": ids[0], "oldest_file": None}

    # A process that stores fewer has removed them.
    delete(there, f"id < '{ids[-6]}'")
    page = panel.accounts_for(ids)
    here = Lifecycle().traces(there.app)
    assert page["evicted"] == page["too_large"] == 30 - len(here)
    assert page["history"]["kept"] == {"oldest": ids[-6], "oldest_file": None}


def test_what_is_cleared_is_not_evicted(there: Served) -> None:
    panel = Panel(there)
    ids = send(there, 30)
    for _ in range(2):
        panel.client.delete(f"{API}/traces")
        assert (panel.page()["evicted"], panel.page()["traces"]) == (0, [])
        assert panel.batch()["history"]["kept"] == {"oldest": None, "oldest_file": None}
    panel.client.post(f"{API}/traces/restore")
    assert panel.accounts_for(ids)["evicted"] == 0


def test_a_viewer_keeps_what_the_history_has(there: Served) -> None:
    history = history_of(there.app)
    store = there.app.extensions["lifecycle"]._store
    openable = Openable(store, history)
    hub, viewer = Hub(store, history, openable=openable), Viewer(resumes=False, last=0, running={})

    def sent() -> t.Any:
        openable.look()
        return hub._batch(viewer, store.newest())

    send(there, 5)
    first = sent()
    assert len(first["traces"]) == 5
    send(there, 30)
    found = [sent(), sent()]
    assert len(store.newest()) < 30
    assert [each.get("removed", []) for each in found] == [[], []]
    assert history is not None
    history.clear()
    told = sent()
    assert told["removed"] == []
    assert told["history"]["kept"] == {"oldest": None, "oldest_file": None}
    # What was never written is removed by its id.
    with there.app.test_client() as client:
        of_tests = [client.get("/").headers["X-Lifecycle-Trace"] for _ in range(5)]
        sent()
        send(there, 30)
    removed = [each for _ in range(2) for each in sent().get("removed", [])]
    assert set(of_tests) <= set(removed)


def test_the_history_is_only_read_again_when_it_has_changed(there: Served) -> None:
    history = history_of(there.app)
    assert history is not None
    there.get("/a")
    first = history.ids()
    assert first is history.ids()
    there.get("/b")
    second = history.ids()
    assert second is not None
    assert list(second.values()) == [False, False]
    delete(there, "true")
    assert history.ids() == {}
    close_all()
    there.get("/c")
    assert len(history.ids() or {}) == 1


def test_a_locked_history_holds_nobody_up(there: Served) -> None:
    history = history_of(there.app)
    assert history is not None
    there.get("/a")
    close_all()
    with closing(sqlite3.connect(str(history.status().path))) as other:
        close_all()
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("BEGIN EXCLUSIVE")
        assert history.ids() is None
        assert history.problem is None
    assert len(history.ids() or {}) == 1
