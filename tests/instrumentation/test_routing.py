from __future__ import annotations

import typing as t
from uuid import UUID

from flask import Flask, request

from flask_lifecycle import Lifecycle
from flask_lifecycle.redact import MASK


def test_arguments_are_what_the_view_was_given() -> None:
    app = Flask(__name__)
    app.debug = True
    lifecycle = Lifecycle(app)
    seen: list[t.Any] = []

    @app.get("/books/<int:number>/<float:price>/<title>/<uuid:id>/<int:token>")
    def book(**kwargs: t.Any) -> str:
        seen.extend((request.view_args, kwargs))
        return ""

    uuid = UUID(int=1)
    app.test_client().get(f"/books/7/1.5/emma/{uuid}/918273645546372819")

    (trace,) = lifecycle.traces(app)
    steps = {step.stage: step.detail for step in trace.steps}
    told = [steps["url_match"]["view_args"], steps["view"]["args"]]
    for given, shown in zip(seen, told, strict=True):
        assert shown == {**given, "id": str(uuid), "token": MASK}
        assert type(shown["number"]) is int
    assert "918273645546372819" not in str(trace.to_dict())
