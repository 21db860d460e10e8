"""What a trace says of its beginning."""

from __future__ import annotations

import threading
import typing as t

from flask import Flask
from werkzeug.routing import Rule

from flask_lifecycle import Lifecycle
from flask_lifecycle.redact import MASK
from flask_lifecycle.trace.process import id_of
from tests.helpers.apps import make_app, steps_of


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


def paths_of(app: Flask, lifecycle: Lifecycle) -> list[str]:
    return [trace.path for trace in reversed(lifecycle.traces(app))]


def test_paths_that_differ_in_numbers_are_shown_as_they_are() -> None:
    app, lifecycle = make_app()
    app.add_url_rule("/a1/<int:number>/edit", "edit", lambda number: str(number))
    client = app.test_client()
    paths = [f"/a1/{number}/edit" for number in (1, 22, 23, 24, 999999999, 1234567890, 7)]
    paths += ["/a2/7/edit", "/a1/-7/edit", "/a1/7x/edit", "/a1/٧/edit"]
    paths.append("/a1/0000000000000000")
    for path in (*paths, "/a1/4111111111111111"):
        client.get(path)
    assert paths_of(app, lifecycle) == [*paths, f"/a1/{MASK}"]


def test_paths_are_ignored_by_their_own_numbers() -> None:
    app, lifecycle = make_app(LIFECYCLE_IGNORE=["/items/13"])
    client = app.test_client()
    for number in (11, 12, 13, 14):
        client.get(f"/items/{number}")
    assert paths_of(app, lifecycle) == ["/items/11", "/items/12", "/items/14"]


def test_a_secret_of_a_late_rule_is_masked_whatever_number_it_is() -> None:
    app, lifecycle = make_app()
    client = app.test_client()
    client.get("/reset/1111")
    client.get("/reset/2222")
    app.view_functions["reset"] = lambda token: token
    app.url_map.add(Rule("/reset/<token>", endpoint="reset"))
    client.get("/reset/3333/nowhere")
    client.get("/reset/4444")
    assert paths_of(app, lifecycle)[2:] == [f"/reset/{MASK}/nowhere", f"/reset/{MASK}"]


def test_the_app_decides_of_each_number() -> None:
    app, lifecycle = make_app(
        LIFECYCLE_REDACT_WITH=lambda _path, value: "no" if value == "/items/13" else value
    )
    client = app.test_client()
    for number in (11, 12, 13):
        client.get(f"/items/{number}")
    assert paths_of(app, lifecycle) == ["/items/11", "/items/12", "no"]


def test_a_method_that_an_instance_gets_late_is_recorded_at_once() -> None:
    app, lifecycle = make_app()
    app.add_url_rule("/items/<int:number>", "item", lambda number: str(number))
    client = app.test_client()
    client.get("/items/1")
    client.get("/items/2")
    held: t.Any = app
    held.make_response = lambda value: Flask.make_response(app, f"mine {value}")
    assert client.get("/items/3").text == "mine 3"
    assert len(steps_of(lifecycle.traces(app)[0], "make_response")) == 1
