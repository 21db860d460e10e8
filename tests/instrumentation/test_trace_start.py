"""What a trace says of its beginning."""

from __future__ import annotations

import threading

from flask_lifecycle.trace.process import id_of
from tests.helpers.apps import make_app


class Named(threading.Thread):
    """A thread whose name is that of its class."""

    name = "named by its class"


def test_the_thread_has_the_name_that_it_has_now() -> None:
    app, _ = make_app()
    app.add_url_rule("/", "index", lambda: "")

    def ask() -> None:
        app.test_client().get("/")

    def ask_again() -> None:
        ask()
        threading.current_thread().name = "renamed"
        ask()

    for thread in (threading.Thread(target=ask_again, name="first"), Named(target=ask)):
        thread.start()
        thread.join()
    names = [trace.thread for trace in app.extensions["lifecycle"]._store.newest()]
    assert names == ["named by its class", "renamed", "first"]


def test_its_id_is_made_of_when_it_began_and_its_number() -> None:
    app, lifecycle = make_app()
    app.add_url_rule("/", "index", lambda: "")
    for _ in range(3):
        app.test_client().get("/")
    traces = app.extensions["lifecycle"]._store.newest()
    assert [trace.id for trace in traces] == [id_of(each.origin, each.serial) for each in traces]
    assert len({trace.id for trace in traces}) == 3
    assert [trace.id for trace in lifecycle.traces(app)] == [trace.id for trace in traces]
