"""Every function of the user's is told from another, and from Flask's own."""

from __future__ import annotations

import functools
import importlib
import typing as t
import warnings
from itertools import count
from pathlib import Path
from unittest.mock import Mock

import pytest
from flask import Flask

from flask_lifecycle import Lifecycle
from flask_lifecycle.instrumentation import function_tracepoints, functions
from flask_lifecycle.instrumentation.function_tracepoints import Found
from flask_lifecycle.instrumentation.functions import Functions
from flask_lifecycle.recorder import registries
from flask_lifecycle.trace.model import Source
from flask_lifecycle.trace.owner import Owner
from flask_lifecycle.trace.tracepoint import Tracepoint
from tests.helpers.apps import make_app, steps_of
from tests.helpers.meanwhile import meanwhile


def test_hooks_of_every_kind_have_a_name() -> None:
    class Hook:
        def __call__(self) -> None: ...

        def method(self) -> None: ...

    app, lifecycle = make_app()
    app.before_request(Hook())
    app.before_request(Hook().method)
    app.before_request(functools.partial(lambda _value: None, 1))
    app.before_request(lambda: None)
    app.before_request({}.clear)
    app.add_url_rule("/", view_func=functools.partial(str, "x"), endpoint="index")
    assert app.test_client().get("/").text == "x"
    (trace,) = lifecycle.traces(app)
    named = [step.name for step in trace.steps if step.stage in ("before_request", "view")]
    assert named == ["Hook", "method", "<lambda>", "<lambda>", "clear", "str"]
    hooks = steps_of(trace, "before_request")
    assert [step.source is not None for step in hooks] == [True, True, True, True, False]


def test_a_hook_that_a_view_calls_itself_is_no_hook_of_flasks() -> None:
    app, lifecycle = make_app()
    called: list[str] = []

    def load() -> None:
        called.append("load")

    app.before_request(load)

    @app.get("/")
    def view() -> str:
        app.ensure_sync(load)()
        return "x"

    for _ in range(2):
        called.clear()
        app.test_client().get("/").close()
        assert called == ["load", "load"]
        steps = lifecycle.traces(app)[0].steps
        assert [step.name for step in steps if step.stage == "before_request"] == ["load"]


def test_a_class_is_found_in_a_file_that_python_warns_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "views_python_warns_of.py"
    file.write_text(
        "from flask.views import MethodView\n"
        'PATTERN = "\\("\n'
        "def other():\n"
        "    class Page(MethodView):\n"
        "        ...\n"
        "class Page(MethodView):\n"
        "    def get(self):\n"
        '        return "x"\n'
    )
    monkeypatch.syspath_prepend(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        page = importlib.import_module(file.stem).Page
    app = Flask(__name__)
    app.debug = True
    lifecycle = Lifecycle(app)
    app.add_url_rule("/", view_func=page.as_view("page"))
    client = app.test_client()
    client.get("/").close()
    (trace,) = lifecycle.traces(app)
    (view,) = steps_of(trace, "view")
    assert (view.name, view.source) == ("Page.get", Source(str(file), 7))
    told = t.cast("t.Any", client.get("/_lifecycle/api/app").json)
    (rule,) = [each for each in told["rules"] if each["rule"] == "/"]
    assert rule["view"]["source"] == {"file": str(file), "line": 6}


def test_flask_looks_for_handlers_of_others_while_one_is_described() -> None:
    app, lifecycle = make_app()
    app.register_error_handler(404, lambda _: ("none", 404))
    numbers = count(1000)

    def look() -> None:
        number = next(numbers)
        app.error_handler_spec[None].pop(number - 1, None)
        assert not app.error_handler_spec[None][number]
        app.view_functions.pop(f"other{number - 1}", None)
        app.view_functions[f"other{number}"] = str

    app.add_url_rule("/", "index", lambda: "")
    with meanwhile(look, function_tracepoints, registries):
        assert app.test_client().get("/missing").text == "none"
        app.test_client().get("/")
    answered, missing = lifecycle.traces(app)
    (step,) = steps_of(missing, "error_handler")
    assert (step.scope, step.detail["for"]) == ("app", "404")
    assert steps_of(answered, "view")


def test_recorders_are_forgotten_while_one_is_made() -> None:
    recording = Mock()
    made = Functions(Flask, Owner(Flask(__name__)), recording, Mock(), changes=False)
    found = Found(Tracepoint("view", "index"), lasting=True)
    with meanwhile(made._recorders.clear, functions):
        assert made._recorder(found, awaits=False) is recording.return_value
