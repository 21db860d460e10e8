"""What the app hands to ``start_response`` reaches the server."""

from __future__ import annotations

import typing as t

import pytest
from flask import Flask

from flask_lifecycle import Lifecycle, recorder


@pytest.mark.parametrize("status", [None, 200, "odd", ["200 OK"], ""])
def test_an_odd_status_is_for_the_server_to_say(
    status: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "_faults", {})
    app = Flask(__name__)
    app.config["LIFECYCLE_ENABLED"] = True
    Lifecycle(app)

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
