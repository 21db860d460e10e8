"""Functions that Flask reads from a dict are recorded there, and the dict stays the app's."""

from __future__ import annotations

import copy
import pickle
import re
import typing as t

from flask import Blueprint, Flask, url_for

from flask_lifecycle import Lifecycle
from tests.helpers.apps import make_app, steps_of


def test_what_is_registered_late_is_recorded_and_stays() -> None:
    app, lifecycle = make_app()
    called: list[str] = []

    @app.url_value_preprocessor
    def taken(_endpoint: str | None, _values: t.Any) -> None:
        called.append("taken")

    @app.url_defaults
    def given(_endpoint: str, _values: t.Any) -> None:
        called.append("given")

    app.add_url_rule("/", "view", lambda: url_for("view"))
    for _ in range(2):
        app.test_client().get("/").close()
        stages = ("url_value_preprocessor", "url_defaults")
        steps = [step for step in lifecycle.traces(app)[0].steps if step.stage in stages]
        assert [(step.name, step.scope) for step in steps] == [("taken", "app"), ("given", "app")]
    lifecycle.undo(app)
    assert app.url_value_preprocessors == {None: [taken]}
    assert app.url_default_functions == {None: [given]}
    app.test_client().get("/").close()
    assert called == ["taken", "given"] * 3


def test_one_function_of_two_scopes_is_named_by_each() -> None:
    app, lifecycle = make_app()
    shop = Blueprint("shop", __name__)

    def both() -> None: ...

    app.before_request(both)
    shop.before_request(both)
    shop.add_url_rule("/", "view", lambda: "x")
    app.register_blueprint(shop)
    app.test_client().get("/").close()
    steps = steps_of(lifecycle.traces(app)[0], "before_request")
    assert [step.scope for step in steps] == ["app", "shop"]


def _hook(*args: t.Any) -> t.Any:
    return args[0] if args else {}


def _made_of(value: t.Any) -> list[t.Any]:
    """Return what comes of a value where it is copied, pickled, merged and shown."""
    ways: list[t.Callable[[], t.Any]] = [
        lambda: copy.copy(value),
        lambda: copy.deepcopy(value),
        lambda: pickle.loads(pickle.dumps(value)),
        lambda: value.copy(),
        lambda: value | {"more": []},
        lambda: {"more": []} | value,
        lambda: re.sub("0x[0-9a-f]+", "", repr(value)),
    ]
    found: list[t.Any] = []
    for way in ways:
        try:
            made = way()
        except Exception as error:
            found.append(type(error))
        else:
            found.append((type(made), made))
    return found


def test_registries_are_copied_and_shown_as_without() -> None:
    seen = []
    for enabled in (False, True):
        app = Flask("app", static_folder=None)
        app.config["LIFECYCLE_ENABLED"] = enabled
        Lifecycle(app)
        app.dispatch_request = lambda *_args: "x"  # type: ignore[method-assign]
        app.add_url_rule("/", "view", _hook)
        blueprint = Blueprint("blueprint", __name__)
        for each in (app, blueprint):
            each.url_value_preprocessor(_hook)
            each.url_defaults(_hook)
            each.context_processor(_hook)
            each.after_request(_hook)
        app.register_blueprint(blueprint)
        assert app.test_client().get("/").text == "x"
        registries = {
            name: value
            for name, value in vars(app).items()
            if isinstance(value, dict) and name not in ("config", "extensions", "blueprints")
        }
        assert {"view_functions", "url_default_functions"} < set(registries)
        seen.append({name: _made_of(value) for name, value in registries.items()})
    assert seen[0] == seen[1]
