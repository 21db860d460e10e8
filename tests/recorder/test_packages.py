"""A function's package is told where it is neither the app's own nor Flask's."""

from __future__ import annotations

import importlib
import sys
import typing as t
from pathlib import Path

import flask_caching
import flask_login
import opentelemetry.sdk.trace
import pytest
from flask import Flask
from flask.views import MethodView
from flask_cors import CORS
from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy
from werkzeug.middleware.proxy_fix import ProxyFix

from flask_lifecycle import Lifecycle
from flask_lifecycle.app_map.overview import AppMap
from flask_lifecycle.recorder.packages import package_of
from flask_lifecycle.redact import Redactor
from tests.helpers.apps import make_app


def packages(app: Flask, lifecycle: Lifecycle) -> dict[str, str | None]:
    app.test_client().get("/").close()
    steps = lifecycle.traces(app)[0].steps
    return {step.name: step.package for step in steps if step.callable is not None}


def test_hooks_of_extensions_have_their_package() -> None:
    app, lifecycle = make_app(SQLALCHEMY_DATABASE_URI="sqlite://")
    SQLAlchemy(app)
    CORS(app)
    LoginManager(app)
    app.after_request(lambda response: response)
    app.teardown_request(lambda _error: None)
    app.add_url_rule("/", "index", lambda: "index")
    vars(app)["wsgi_app"] = ProxyFix(app.wsgi_app)
    found = packages(app, lifecycle)
    assert found == {
        "ProxyFix": "werkzeug",
        "<lambda>": None,
        "cors_after_request": "flask_cors",
        "_update_remember_cookie": "flask_login",
        "_teardown_session": "flask_sqlalchemy",
    }


def test_views_and_handlers_have_it() -> None:
    app, lifecycle = make_app()
    CORS(app)

    class Own(MethodView):
        def get(self) -> str:
            return "own"

    app.add_url_rule("/", view_func=Own.as_view("own"))
    app.register_error_handler(404, flask_login.login_url)
    assert packages(app, lifecycle)["Own.get"] is None
    app.test_client().get("/missing").close()
    (handler,) = [s for s in lifecycle.traces(app)[0].steps if s.stage == "error_handler"]
    assert (handler.name, handler.package) == ("login_url", "flask_login")
    hooks = {
        each["name"]: each["package"] for each in AppMap(app, Redactor(), []).to_dict()["hooks"]
    }
    assert hooks == {"cors_after_request": "flask_cors"}


def test_an_app_that_is_installed_is_no_package_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "site-packages" / "shop_installed"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("def hook(*_):\n    pass\n")
    monkeypatch.syspath_prepend(str(folder.parent))
    shop_installed = importlib.import_module("shop_installed")

    for name, expected in (("shop_installed.web", None), ("other", "shop_installed")):
        app = Flask(name, root_path=str(tmp_path))
        app.config["LIFECYCLE_ENABLED"] = True
        lifecycle = Lifecycle(app)
        app.before_request(shop_installed.hook)
        app.add_url_rule("/", "index", lambda: "index")
        assert packages(app, lifecycle)["hook"] == expected


@pytest.mark.parametrize(
    ("module", "package"),
    [
        ("flask.app", None),
        ("builtins", None),
        ("__main__", None),
        (None, None),
        ("nowhere.at.all", None),
        ("json.encoder", "json"),
        ("flask_caching.utils", "flask_caching"),
        ("opentelemetry.sdk.trace", "opentelemetry.sdk.trace"),
    ],
)
def test_packages_of_modules(module: t.Any, package: str | None) -> None:
    assert opentelemetry.sdk.trace.__name__ in sys.modules
    assert flask_caching.__name__ in sys.modules
    assert package_of(module, None, "shop") == package
