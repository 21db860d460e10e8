from __future__ import annotations

import gc
import os
import sqlite3
import threading
import typing as t
import weakref
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from flask_lifecycle import Lifecycle
from flask_lifecycle.history import writer
from flask_lifecycle.history.sqlite import SqliteHistory
from tests.helpers.history import files, make, run, served, stored_ids, tries_again_soon
from tests.helpers.processes import computed
from tests.helpers.servers import APP, FLASK_RUN, PATIENCE, Server, wait_for
from tests.helpers.waits import calls

NAME = "flask-lifecycle-history"


THREADS = """
import threading
from tests.helpers.history import make, served

def ours():
    return sum(thread.name == "flask-lifecycle-history" for thread in threading.enumerate())

with served(make("one")) as one, served(make("two")) as two:
    one.app.test_client().get("/a")
    print(ours())
    one.get("/a")
    print(ours())
    two.get("/a")
    print(ours())
"""


def test_one_thread_writes_for_all_apps_from_the_first_finished_request_on(tmp_path: Path) -> None:
    assert run(THREADS, tmp_path).split() == ["0", "1", "1"]


def test_no_app_is_held() -> None:
    with served(make()) as there:
        there.get("/a")
        app = weakref.ref(there.app)
    del there

    def is_gone() -> bool:
        gc.collect()
        return app() is None

    # The server's thread may still be on its way out of the last request.
    wait_for(is_gone)


FORKS = """
import os, threading
from tests.helpers.history import make, served, stored_ids

with served(make()) as there:
    there.get("/before")
    # These wait when the process is forked.
    for number in range(20):
        there.send(f"/{number}")
    child = os.fork()
    if not child:
        try:
            with served(make()) as its:
                its.get("/child")
        except BaseException as error:
            print(repr(error), flush=True)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    there.get("/after")
print(len(stored_ids()), len(set(stored_ids())))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_process_writes_its_own_requests(tmp_path: Path) -> None:
    assert run(FORKS, tmp_path) == "23 23\n"


ENDS = """
from flask_lifecycle.history import writer
from tests.helpers.history import make, served
from tests.helpers.servers import wait_for

# On a busy machine it takes longer.
writer._AT_EXIT = 60.0
with served(make()) as there:
    print(there.send("/last"))
    # Its client has the answer before it is finished.
    [trace] = there.app.extensions["lifecycle"]._store.newest()
    wait_for(lambda: trace.stored or len(trace.outbox))
"""


def test_what_is_finished_is_written_at_the_end_of_the_process(tmp_path: Path) -> None:
    assert run(ENDS, tmp_path).split() == stored_ids()


MANY = 10_000
KEEPS_ALL = f"app.config['LIFECYCLE_MAX_TRACES'] = {MANY}\n"
COMPUTES = """
import threading

def compute():
    while True:
        pass

threading.Thread(target=compute, daemon=True).start()
"""


@pytest.mark.parametrize("more", ["", COMPUTES], ids=["serves", "computes"])
def test_a_killed_process_loses_no_more_than_the_last_moment(tmp_path: Path, more: str) -> None:
    app = APP.replace("Lifecycle(app)\n", f"{KEEPS_ALL}Lifecycle(app)\n{more}")
    server = Server(tmp_path, FLASK_RUN, app)
    # By the server's own time: whatever else the machine does meanwhile is nobody's fault.
    finished: dict[int, float] = {}
    try:
        # As fast as it goes.
        begun = killed = computed(server)
        while killed < begun + 0.7:
            server.get(f"/?n={len(finished)}")
            finished[len(finished)] = killed = computed(server)
    finally:
        server.kill()
    [file] = files()
    with closing(sqlite3.connect(file)) as opened:
        assert opened.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    history = SqliteHistory(file, MANY, 10**9, is_private=True)
    found = {each["query"] for each in history.summaries(MANY)}
    expected = {f"n={number}" for number, at in finished.items() if at < killed - 0.3}
    assert expected
    assert expected <= found
    again = Server(tmp_path, FLASK_RUN, app)
    try:
        queries = list(listed(again))
    finally:
        again.stop()
    assert expected <= set(queries)
    assert len(queries) == len(set(queries)) + queries.count("") - 1


def listed(server: Server) -> Iterator[str]:
    """Yield the query of each request, page by page."""
    before = ""
    while before is not None:
        page = server.api(f"traces?before={before}")
        yield from (each["query"] for each in page["traces"])
        before = page["next"]


def test_no_request_waits_for_a_locked_file_and_all_are_written_afterwards(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries_again_soon(monkeypatch)
    with served(make()) as there:
        ids = there.get("/before")
        [file] = files()
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            with calls() as called:
                ids += [there.send(f"/{number}") for number in range(20)]
            wait_for(lambda: there.history.problem)
            assert "locked by another program" in str(there.history.problem)
            assert "flask_lifecycle.trace.writer" in called.modules
            assert called.waits == set()
            assert len(Lifecycle().traces(there.app)) == 21
            other.execute("COMMIT")
        ids.append(there.send("/after"))
        wait_for(lambda: stored_ids() == sorted(ids))
        # It is solved once that is in the file.
        wait_for(lambda: there.history.problem is None)
    assert caplog.text.count("locked by another program") == 1


def test_a_deleted_file_is_made_again() -> None:
    with served(make()) as there:
        there.get("/before")
        for file in files()[0].parent.iterdir():
            file.unlink()
        assert there.get("/after") == stored_ids()


def test_what_was_running_when_all_was_cleared_is_cleared() -> None:
    app = make()
    begun, ends = threading.Event(), threading.Event()

    @app.get("/slow")
    def slow() -> str:
        begun.set()
        ends.wait()
        return "slow"

    with served(app) as there:
        there.get("/a")
        client = threading.Thread(target=there.send, args=("/slow",))
        client.start()
        begun.wait()
        panel = app.test_client()
        cleared = panel.delete("/_lifecycle/api/traces")
        ends.set()
        assert cleared.status_code == 204
        client.join()
        wait_for(lambda: len(stored_ids()) == 2)
        assert panel.get("/_lifecycle/api/traces").get_json()["traces"] == []
        assert panel.post("/_lifecycle/api/traces/restore").status_code == 204
        listed = panel.get("/_lifecycle/api/traces").get_json()["traces"]
        assert [each["path"] for each in listed] == ["/slow", "/a"]
        assert [each["path"] for each in there.history.summaries()] == ["/slow", "/a"]


PATCHED_LATE = """
import flask
from flask_lifecycle import Lifecycle

app = flask.Flask("late")
app.debug = True
Lifecycle(app)
app.add_url_rule("/", view_func=lambda: "hello")

if __name__ == "__main__":
    import sys
    from gevent import monkey
    monkey.patch_all()
    from gevent.pywsgi import WSGIServer
    WSGIServer(("127.0.0.1", int(sys.argv[1])), app, log=None).serve_forever()
"""


def has_more_than(least: int) -> bool:
    return len(stored_ids()) > least


def test_greenlets_go_on_while_the_writer_waits(tmp_path: Path) -> None:
    server = Server(tmp_path, ["app", "{port}"], PATCHED_LATE)
    try:
        # Also the requests that ask whether it is up are written.
        for least in range(1, 4):
            server.get("/")
            wait_for(partial(has_more_than, least))
    finally:
        server.kill()


THREADLESS = """
import threading
from flask_lifecycle import Lifecycle
from tests.helpers.history import make, served, stored_ids
from tests.helpers.servers import wait_for

def start(thread):
    if thread.name == "flask-lifecycle-history" and fails:
        raise RuntimeError("can't start new thread")
    started(thread)

fails = True
started = threading.Thread.start
threading.Thread.start = start
with served(make()) as there:
    ids = [there.send("/a"), there.send("/b")]
    print([each.id for each in Lifecycle().traces(there.app)] == ids[::-1], stored_ids())
    fails = False
    ids.append(there.send("/c"))
    wait_for(lambda: stored_ids() == ids)
"""


def test_requests_are_answered_where_no_thread_can_be_started(tmp_path: Path) -> None:
    assert run(THREADLESS, tmp_path) == "True []\n"


class Told:
    """An outbox that is told to write."""

    def __init__(self) -> None:
        self.due = True
        self.told = threading.Event()

    def __len__(self) -> int:
        return 1

    def write(self, _pause: object) -> bool:
        self.told.set()
        return False


def test_a_request_that_is_finished_while_the_thread_starts_is_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tested = writer.Writer()
    first, second = t.cast("t.Any", Told()), t.cast("t.Any", Told())
    other = threading.Thread(target=tested.ring, args=(second,))
    start = threading.Thread.start

    def slow(thread: threading.Thread) -> None:
        start(thread)
        assert first.told.wait(PATIENCE)
        start(other)
        wait_for(lambda: tested._asleep is False and second in tested._due)

    monkeypatch.setattr(threading.Thread, "start", slow)
    tested.ring(first)
    other.join()
    assert second.told.wait(PATIENCE)
