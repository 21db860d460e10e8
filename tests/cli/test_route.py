from __future__ import annotations

import json
import re
import typing as t

import pytest
from flask import Blueprint, Flask
from werkzeug.routing import BaseConverter

from tests.helpers.cli import columns_of, run


class Isbn(BaseConverter):
    regex = r"\d{13}"

    def to_python(self, value: str) -> t.Any:
        raise AssertionError("nothing of the app is run")


def make(**config: t.Any) -> Flask:
    app = Flask("shop", subdomain_matching=True)
    app.config.update(config)
    app.url_map.converters["isbn"] = Isbn
    admin = Blueprint("admin", "admin", url_prefix="/admin")

    @app.before_request
    def load_user() -> None:
        raise AssertionError("nothing of the app is run")

    @admin.before_request
    def require_admin() -> None:
        pass

    @admin.get("/orders/<int:number>")
    def show(number: int) -> str:
        return str(number)

    @app.get("/books/<isbn:isbn>")
    def book(isbn: str) -> str:
        return isbn

    @app.get("/shelf/")
    def shelf() -> str:
        return ""

    @app.get("/help", subdomain="docs")
    def docs() -> str:
        return ""

    @app.errorhandler(404)
    def not_found(_error: Exception) -> str:
        return ""

    @app.teardown_request
    def close_db(_error: object) -> None:
        pass

    app.register_blueprint(admin)
    return app


def runs(*args: str) -> list[str]:
    return [each["name"] for each in json.loads(run(make(), "route", *args, "--json").out)["runs"]]


def test_a_match_shows_what_would_run_in_order() -> None:
    done = run(make(), "route", "GET", "/admin/orders/42")
    assert done.code == 0
    assert "It matches /admin/orders/<int:number>, endpoint admin.show, with number = 42." in (
        done.out
    )
    assert runs("GET", "/admin/orders/42") == ["load_user", "require_admin", "show", "close_db"]
    assert re.search(r"before_request +require_admin  of admin +\S+test_route\.py:\d+", done.out)


def test_where_nothing_matches_the_nearest_rules_say_why() -> None:
    done = run(make(), "route", "get", "/admin/ordrs/42")
    assert done.code == 1
    assert "404: no rule matches." in done.out
    assert "it has “orders”, not “ordrs”" in done.out
    assert runs("GET", "/admin/ordrs/42") == ["load_user", "not_found", "close_db"]


def test_another_method_another_slash_and_a_converter_of_the_apps() -> None:
    other = run(make(), "route", "DELETE", "/shelf/")
    assert other.code == 1
    assert "405: the path exists only for GET, HEAD and OPTIONS." in other.out
    slash = run(make(), "route", "GET", "/shelf")
    assert slash.code == 0
    assert "Flask redirects to http://localhost/shelf/." in slash.out
    unsure = run(make(), "route", "GET", "/books/9780441172719").out
    assert "The app's own converter may still refuse isbn." in " ".join(unsure.split())
    options = run(make(), "route", "OPTIONS", "/shelf/")
    assert "Flask answers OPTIONS by itself" in options.out
    assert "shelf" not in runs("OPTIONS", "/shelf/")


def test_a_whole_url_has_a_host() -> None:
    app = make(SERVER_NAME="shop.test")
    assert run(app, "route", "GET", "http://docs.shop.test/help?x=1#y").code == 0
    assert run(app, "route", "GET", "/help").code == 1


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("GET", "shelf"), "takes one that begins with a slash"),
        (("G T", "/shelf"), "takes a name such as GET"),
        (("GET", "http://[/"), "Invalid IPv6 URL"),
        (("GET", "/" + "x" * 9999), "at most 2048 characters"),
    ],
)
def test_what_is_no_request_is_said(args: tuple[str, str], says: str) -> None:
    done = run(make(), "route", *args)
    assert done.code == 2
    assert says in done.err


@pytest.mark.parametrize("form", [(), ("--md",)])
def test_a_path_is_no_command_to_the_terminal(form: tuple[str, ...]) -> None:
    done = run(make(), "route", "GET", "/shelf\x1b[2J\u202e/`<x>", *form)
    assert not re.search("[\x1b\u202e]", done.out)


@pytest.mark.parametrize("width", [32, 40, 80, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    for path in ("/admin/orders/42", "/admin/ordrs/" + "4" * 300):
        for line in run(make(), "route", "GET", path, width=width).out.splitlines():
            assert columns_of(line) <= width
