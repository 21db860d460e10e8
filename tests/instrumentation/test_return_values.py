"""What a view returned is said without a look into it."""

from __future__ import annotations

import typing as t

import pytest
from flask import Response, abort
from werkzeug.exceptions import NotFound

from tests.helpers.apps import make_app, steps_of


class Text(str):
    """A string of the user's own kind."""

    __slots__ = ()


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ("secret", "str"),
        (Text("secret"), "Text"),
        ({"token": "secret"}, "dict"),
        (["secret"], "list"),
        (("secret", 201), "(str, 201)"),
        (("secret", {"X-Key": "secret"}), "(str, dict)"),
        (("secret", 201, {"X-Key": "secret"}), "(str, 201, dict)"),
        (Response("secret", 202), "Response 202"),
        (NotFound("secret"), "NotFound"),
        (iter(["secret"]), "list_iterator"),
    ],
)
def test_what_a_view_returned_is_named_by_type_and_status(made: t.Any, said: str) -> None:
    app, lifecycle = make_app()
    app.add_url_rule("/", "view", lambda: made)
    app.test_client().get("/").close()
    (step,) = steps_of(lifecycle.traces(app)[0], "make_response")
    assert step.detail == {"from": said, "to": "Response"}


def test_what_a_hook_returned_answers() -> None:
    app, lifecycle = make_app()
    app.before_request(lambda: ("secret", 401))
    app.add_url_rule("/", "view", lambda: abort(500))
    assert app.test_client().get("/").status_code == 401
    (step,) = steps_of(lifecycle.traces(app)[0], "before_request")
    assert step.detail["returned"] == "(str, 401)"
