"""What is said of a path is what the app's own map does with it."""

from __future__ import annotations

import typing as t

import flask
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import BaseConverter, RequestRedirect

from flask_lifecycle.app_map.rules import Finder


class Loud(BaseConverter):
    """A converter that must not be asked."""

    regex = "z[a-z]{2}"

    def to_python(self, value: str) -> t.NoReturn:
        raise AssertionError("it was asked")


def app_of_rules(**options: t.Any) -> flask.Flask:
    app = flask.Flask(__name__, static_folder=None, **options)
    app.url_map.converters["loud"] = Loud
    for rule, methods in {
        "/": ["GET"],
        "/books/": ["GET", "POST"],
        "/books/<int(min=1, max=99):id>": ["GET"],
        "/books/<int:id>/ship": ["POST"],
        "/books/new": ["GET"],
        "/code/<loud:code>": ["GET"],
        "/files/<path:name>": ["GET"],
        "/files/<path:name>/edit": ["GET"],
        '/<any("a", "b"):kind>-<float:size>.<string(length=2):lang>': ["GET"],
    }.items():
        app.add_url_rule(rule, rule, str, methods=methods)
    return app


def said(
    app: flask.Flask, path: str, method: str = "GET", host: str = "localhost"
) -> dict[str, t.Any]:
    return Finder().find(app, path, method, host)


def rules(app: flask.Flask) -> list[t.Any]:
    return list(app.url_map.iter_rules())


APP = app_of_rules()
PIECES = ["books", "new", "0", "7", "99", "100", "ship", "files", "edit", "code", "a-1.5.en", "x"]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from(PIECES), max_size=4),
    st.sampled_from(["", "/", "//"]),
    st.sampled_from(["GET", "HEAD", "POST", "OPTIONS", "PUT"]),
)
def test_it_says_what_the_apps_own_map_says(parts: list[str], end: str, method: str) -> None:
    path = f"/{'/'.join(parts)}{end}"
    found = said(APP, path, method)
    adapter = APP.url_map.bind("localhost")
    expected: dict[str, t.Any]
    try:
        rule, arguments = adapter.match(path, method, return_rule=True)
        expected = {
            "outcome": "match",
            "rule": rules(APP).index(rule),
            "arguments": {name: str(value) for name, value in arguments.items()},
        }
    except RequestRedirect as redirect:
        expected = {"outcome": "redirect", "redirect": redirect.new_url}
    except MethodNotAllowed as refused:
        allowed = sorted(refused.valid_methods or ())
        expected = {"outcome": "method_not_allowed", "allowed": allowed}
    except HTTPException:
        expected = {"outcome": "not_found"}
    assert {key: found[key] for key in expected} == expected


def test_a_converter_of_the_apps_is_not_asked() -> None:
    found = said(APP, "/code/zbc")
    assert rules(APP)[found["rule"]].rule == "/code/<loud:code>"
    assert found["arguments"] == {"code": "zbc"}
    assert found["unsure"] == ["code"]


@pytest.mark.parametrize(
    ("path", "method", "rule", "why"),
    [
        (
            "/books/x",
            "GET",
            "/books/<int(min=1, max=99):id>",
            r"“x” does not match <int:id>, which accepts \d+",
        ),
        ("/books/100", "GET", "/books/<int(min=1, max=99):id>", "rejects “100”"),
        ("/books/7/ship", "GET", "/books/<int:id>/ship", "it accepts OPTIONS, POST, not GET"),
        ("/books/7", "DELETE", "/books/<int(min=1, max=99):id>", "not DELETE"),
        ("/boks/7", "GET", "/books/<int(min=1, max=99):id>", "it has “books”, not “boks”"),
        ("/books/new/", "GET", "/books/new", "it ends without a slash"),
        ("/books", "GET", "/books/", "it ends with a slash"),
        ("/books/7/sip", "POST", "/books/<int:id>/ship", "it has “ship”, not “sip”"),
        ("/code/ABC", "GET", "/code/<loud:code>", "“ABC” does not match <loud:code>"),
    ],
)
def test_why_a_rule_does_not_match(path: str, method: str, rule: str, why: str) -> None:
    found = said(APP, path, method)
    reasons = {rules(APP)[each["rule"]].rule: each["why"] for each in found["near"]}
    assert why in reasons[rule]


def test_where_one_matches_only_those_that_all_but_do_are_named() -> None:
    app = app_of_rules()
    app.add_url_rule("/books/new", "again", str, methods=["GET"])
    app.add_url_rule("/books/new", "post", str, methods=["POST"])
    near = said(app, "/books/new")["near"]
    assert [each["why"] for each in near] == [
        "it matches as well, but another rule comes first",
        "it accepts OPTIONS, POST, not GET",
    ]


def test_hosts_and_subdomains() -> None:
    app = app_of_rules(host_matching=True)
    app.add_url_rule("/here", "here", str, host="api.example")
    assert said(app, "/here", host="api.example")["outcome"] == "match"
    found = said(app, "/here", host="www.example")
    assert found["outcome"] == "not_found"
    assert found["near"][0]["why"] == "it only matches the host “api.example”"

    app = flask.Flask(__name__, subdomain_matching=True)
    app.config["SERVER_NAME"] = "example.com"
    app.add_url_rule("/here", "here", str, subdomain="<tenant>")
    assert said(app, "/here", host="a.example.com")["arguments"] == {"tenant": "a"}
    assert said(app, "/here", host="example.com")["outcome"] == "not_found"


@pytest.mark.parametrize(
    ("path", "method", "host"),
    [
        ("books", "GET", "localhost"),
        ("", "GET", "localhost"),
        ("/" * 5000, "GET", "localhost"),
        ("/", "G T", "localhost"),
        ("/", "", "localhost"),
        ("/", "GET", "a b\x00:x"),
    ],
)
def test_what_is_no_request_is_named(path: str, method: str, host: str) -> None:
    with pytest.raises(ValueError, match="it takes"):
        said(APP, path, method, host)


def test_a_thousand_rules_are_found_in() -> None:
    app = flask.Flask(__name__)
    for number in range(1000):
        app.add_url_rule(f"/part{number}/<int:id>", f"e{number}", str)
    found = said(app, "/part500/x")
    assert found["outcome"] == "not_found"
    assert "“x” does not match <int:id>" in found["near"][0]["why"]
    assert rules(app)[found["near"][0]["rule"]].rule == "/part500/<int:id>"


def test_rules_that_are_added_later_are_found() -> None:
    app = app_of_rules()
    finder = Finder()
    assert finder.find(app, "/later", "GET", "localhost")["outcome"] == "not_found"
    app.add_url_rule("/later", "later", str)
    assert finder.find(app, "/later", "GET", "localhost")["outcome"] == "match"
    assert finder.find(app, "/later", "GET", "localhost")["outcome"] == "match"
