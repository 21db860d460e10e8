"""Which rules have secrets in their paths is known, whenever they come, and asked for seldom."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

from flask import Flask
from werkzeug.routing import Map, Rule

from flask_lifecycle import Lifecycle
from flask_lifecycle.redact import MASK


class Counting(Map):
    listed = 0

    def iter_rules(self, endpoint: str | None = None) -> Iterator[Rule]:
        self.listed += 1
        return super().iter_rules(endpoint)


class App(Flask):
    url_map_class = Counting


def make_app() -> tuple[Flask, Lifecycle, t.Any]:
    app = App(__name__)
    app.debug = True
    lifecycle = Lifecycle(app)
    app.add_url_rule("/pages/<name>", "page", lambda **_: "")
    return app, lifecycle, app.url_map


def test_rules_are_not_listed_for_each_request() -> None:
    app, _, rules = make_app()
    client = app.test_client()
    client.get("/pages/0")
    listed = rules.listed
    for number in range(1, 30):
        client.get(f"/pages/{number}")
        client.get(f"/nowhere/{number}")
    assert rules.listed == listed


def test_rules_that_come_late_are_known() -> None:
    app, lifecycle, rules = make_app()
    client = app.test_client()
    # What was shown before it was known for a secret is not taken for plain after that.
    client.get("/pages/x", headers={"Referer": "http://localhost/reset/wednesday"})
    client.get("/pages/x", headers={"Referer": "http://localhost/reset/wednesday"})
    rules.add(Rule("/reset/<token>", endpoint="page"))
    # Another one has had the map put in order before.
    rules.update()
    client.get("/reset/wednesday")
    client.get("/pages/x", headers={"Referer": "http://localhost/reset/wednesday"})
    client.get("/reset/wednesday/nowhere")
    nowhere, after, reset, *_before = lifecycle.traces(app)
    assert reset.path == f"/reset/{MASK}"
    assert nowhere.path == f"/reset/{MASK}/nowhere"
    for trace in (nowhere, after, reset):
        assert "wednesday" not in str(trace.to_dict())


def test_a_view_that_comes_late_has_its_rule_known_before_it_is_asked_for() -> None:
    app, lifecycle, rules = make_app()
    client = app.test_client()
    client.get("/pages/x")
    app.view_functions["reset"] = lambda token: token
    rules.add(Rule("/reset/<token>", endpoint="reset"))
    client.get("/reset/wednesday/nowhere")
    assert lifecycle.traces(app)[0].path == f"/reset/{MASK}/nowhere"
