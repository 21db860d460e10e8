"""What is told of the app beside its rules: its settings, packages and environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from itertools import count
from pathlib import Path

import pytest
from flask import Blueprint, Flask

from flask_lifecycle import Lifecycle
from flask_lifecycle.app_map import overview
from flask_lifecycle.app_map.overview import AppMap
from flask_lifecycle.recorder import registries
from flask_lifecycle.redact import Redactor
from tests.helpers.meanwhile import meanwhile


def asked(config: dict[t.Any, t.Any] | None = None, /, **more: t.Any) -> dict[str, t.Any]:
    app = Flask(__name__)
    app.debug = True
    app.config.update(config or {}, **more)
    Lifecycle(app)
    with app.test_client().get("/_lifecycle/api/app") as answer:
        return t.cast("dict[str, t.Any]", answer.get_json())


def test_packages_are_those_that_pip_lists() -> None:
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "list", "--format=json", "--disable-pip-version-check"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    told = asked()
    pip = {each["name"].lower(): each["version"] for each in json.loads(listed)}
    assert pip.items() <= {name.lower(): each for name, each in told["packages"].items()}.items()
    assert told["versions"]["flask"] == pip["flask"]


def test_the_environment_is_told_as_far_as_it_concerns_the_app(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FLASK_DEBUG", "1")
    monkeypatch.setenv("FLASK_API_TOKEN", "canary")
    monkeypatch.setenv("DATABASE_OF_ANOTHER", "canary")
    told = asked()["environment"]
    assert told["executable"] == sys.executable
    assert told["folder"] == str(Path.cwd())
    assert told["FLASK_DEBUG"] == "1"
    assert told["FLASK_API_TOKEN"] == "••••••"
    assert "canary" not in json.dumps(told)


def test_what_is_on_or_off_is_no_secret() -> None:
    told = asked(WTF_CSRF_ENABLED=False, WTF_CSRF_SECRET_KEY="canary", OAUTH=None)["config"]
    assert told["WTF_CSRF_ENABLED"] is False
    assert told["WTF_CSRF_SECRET_KEY"] == "••••••"
    assert told["OAUTH"] is None


def test_keys_of_the_config_that_are_no_text_are_left_out() -> None:
    told = asked({1: "one", ("a", 2): "two", "NAME": "three"})["config"]
    assert told["NAME"] == "three"
    assert {"one", "two"}.isdisjoint(each for each in told.values() if isinstance(each, str))


def computed(_self: t.Any) -> t.NoReturn:
    raise AssertionError


#: A view whose docstring is the app's code.
Computed: t.Any = type(
    "Computed",
    (),
    {"__name__": "computed", "__doc__": property(computed), "__call__": lambda _self: ""},
)


def test_a_function_that_cannot_be_described_hides_no_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = Flask(__name__)
    app.debug = True
    processors = app.template_context_processors[None]
    processors.append(type("Odd", (), {"__wrapped__": property(computed), "__call__": dict})())
    app.context_processor(lambda: {"a": 1})
    Lifecycle(app)
    with app.test_client().get("/_lifecycle/api/app") as answer:
        hooks = t.cast("dict[str, t.Any]", answer.get_json())["hooks"]
    assert [each["name"] for each in hooks] == ["Odd", "<lambda>"]
    assert "the description of a function failed" in caplog.text


def test_the_title_of_a_rule_is_the_first_sentence_of_its_view() -> None:
    app = Flask(__name__)
    app.debug = True
    Lifecycle(app)

    @app.get("/told")
    def told() -> str:
        """Show one order
        with its lines. Nobody reads on.

        :param id: not in a title.
        """
        return ""

    app.add_url_rule("/untold", "untold", lambda: "")
    app.add_url_rule("/computed", "computed", Computed())
    with app.test_client().get("/_lifecycle/api/app") as answer:
        titles = {rule["rule"]: rule["title"] for rule in answer.get_json()["rules"]}
    assert titles["/told"] == "Show one order with its lines"
    assert titles["/untold"] is None
    assert titles["/computed"] is None


def test_other_threads_add_to_the_app_while_its_map_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app, numbers = Flask(__name__), count(1000)
    app.register_error_handler(404, lambda _: "none")
    monkeypatch.setenv("FLASK_SOON_GONE", "1")

    def change() -> None:
        """Add to all, and remove it again."""
        number = next(numbers)
        name, is_new = f"other{number % 50}", number // 50 % 2 == 0
        registry: t.Any
        for registry in (app.config, app.extensions, app.blueprints, app.error_handler_spec):
            registry.pop(name, None)
            if is_new:
                registry[name] = Blueprint(name, __name__) if registry is app.blueprints else {}
        # As Flask does, when it looks for a handler of a code.
        app.error_handler_spec[None].pop(number - 1, None)
        assert not app.error_handler_spec[None][number]
        os.environ.pop("FLASK_SOON_GONE", None)

    with meanwhile(change, overview, registries):
        made = AppMap(app, Redactor(), []).to_dict()
    assert [each["for"] for each in made["error_handlers"]] == ["404"]
