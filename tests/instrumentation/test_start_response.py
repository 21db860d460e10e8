"""What the app hands to ``start_response`` reaches the server."""

from __future__ import annotations

import typing as t

import pytest

from flask_lifecycle import faults
from tests.helpers.apps import make_app


@pytest.mark.parametrize("status", [None, 200, "odd", ["200 OK"], ""])
def test_an_odd_status_is_for_the_server_to_say(
    status: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faults, "_faults", {})
    app, _ = make_app()

    def odd(_environ: t.Any, start_response: t.Any) -> list[bytes]:
        start_response(status, None)
        return [b"odd"]

    monkeypatch.setattr(app, "wsgi_app", odd)
    given: list[t.Any] = []

    def take(*args: t.Any) -> t.Any:
        given.append(args)

    body = app({}, take)
    assert list(body) == [b"odd"]
    assert given == [(status, None)]


def test_its_name_is_the_status_as_people_write_it() -> None:
    app, lifecycle = make_app()
    app.add_url_rule("/<int:code>", "answer", lambda code: ("", code))
    names = []
    for code in (200, 404, 418):
        app.test_client().get(f"/{code}").close()
        steps = lifecycle.traces(app)[0].steps
        names += [step.name for step in steps if step.stage == "start_response"]
    assert names == ["200 OK", "404 Not Found", "418 I'm A Teapot"]
