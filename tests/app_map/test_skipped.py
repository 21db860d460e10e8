from __future__ import annotations

import typing as t
from contextlib import suppress

import pytest
from flask import Blueprint, Flask, abort, redirect, request

from flask_lifecycle import Lifecycle
from flask_lifecycle.app_map.skipped import Skipped, skipped
from flask_lifecycle.cli.recordings import map_of


def make() -> Flask:
    app = Flask("shop")
    app.config["LIFECYCLE_ENABLED"] = True
    Lifecycle(app)
    admin = Blueprint("admin", "admin", url_prefix="/admin")

    @app.before_request
    def load_user() -> t.Any:
        return redirect("/sign-in") if "anonymous" in request.args else None

    @app.before_request
    def count_visit() -> None:
        pass

    @admin.before_request
    def require_admin() -> None:
        if "guest" in request.args:
            raise LookupError("no admin")

    @admin.get("/orders")
    def orders() -> str:
        if "missing" in request.args:
            abort(404)
        return "orders"

    @admin.after_request
    def no_store(response: t.Any) -> t.Any:
        if "late" in request.args:
            raise LookupError("no header")
        return response

    @app.after_request
    def log_access(response: t.Any) -> t.Any:
        return response

    @app.teardown_request
    def first_registered(_error: object) -> None:
        pass

    @app.teardown_request
    def release(_error: object) -> None:
        if "break" in request.args:
            raise LookupError("not released")

    @app.teardown_appcontext
    def close_db(_error: object) -> None:
        pass

    app.register_blueprint(admin)
    return app


def asked(path: str, method: str = "GET", *, testing: bool = False) -> tuple[Skipped, ...]:
    app = make()
    app.testing = testing
    # From Flask 3.2 on, those of teardown functions come as a group.
    with suppress(Exception):
        app.test_client().open(path, method=method).close()
    (trace,) = Lifecycle().traces(app)
    return skipped(trace, map_of(app))


def names(found: tuple[Skipped, ...]) -> list[tuple[str, str]]:
    return [(each.name, each.why) for each in found]


def test_all_run_where_nothing_ends_the_request() -> None:
    assert asked("/admin/orders") == ()


def test_a_hook_that_responds_skips_the_others_and_the_view() -> None:
    found = asked("/admin/orders?anonymous")
    why = "load_user responds first"
    assert names(found) == [("count_visit", why), ("require_admin", why), ("orders", why)]
    assert [each.stage for each in found] == ["before_request", "before_request", "view"]
    assert [each.scope for each in found] == ["app", "admin", "admin"]
    assert found[2].source is not None
    assert found[2].source.file == __file__


def test_a_hook_that_raises_skips_the_view_and_the_way_back() -> None:
    app_answers = names(asked("/admin/orders?guest"))
    assert app_answers == [("orders", "require_admin raises LookupError")]
    assert names(asked("/admin/orders?guest", testing=True)) == [
        ("orders", "require_admin raises LookupError"),
        ("no_store", "LookupError left the app"),
        ("log_access", "LookupError left the app"),
    ]


@pytest.mark.parametrize("propagates", [False, True])
def test_a_hook_on_the_way_back_that_raises_skips_the_others(propagates: bool) -> None:
    """Whether Flask answers with 500 by itself, after another round of the same, or re-raises."""
    assert names(asked("/admin/orders?late", testing=propagates)) == [
        ("log_access", "no_store raises LookupError")
    ]


def test_hooks_of_a_blueprint_are_no_part_of_what_no_rule_matches() -> None:
    assert asked("/admin/nothing") == ()
    assert asked("/admin/orders", "POST") == ()


def test_what_the_view_raises_skips_nothing() -> None:
    assert asked("/admin/orders?missing") == ()


def test_options_needs_no_view() -> None:
    assert names(asked("/admin/orders", "OPTIONS")) == [
        ("orders", "Flask answers OPTIONS by itself")
    ]


def test_a_request_inside_another_one_may_have_its_app_context() -> None:
    app = make()
    app.add_url_rule("/outer", "outer", lambda: app.test_client().get("/admin/orders").text)
    app.test_client().get("/outer").close()
    inner = next(trace for trace in Lifecycle().traces(app) if trace.parent)
    found = names(skipped(inner, map_of(app)))
    # From Flask 3.2 on, it has one of its own.
    reason = ("close_db", "the app context is that of the outer request")
    assert found == ([] if inner.find(stage="app_context_pop") else [reason])


def test_a_teardown_that_raises_is_the_reason_where_it_skips_others() -> None:
    for each in asked("/admin/orders?break", testing=True):
        assert (each.stage, each.why) in (
            ("teardown_request", "release raises LookupError"),
            ("teardown_appcontext", ""),
        )


@pytest.mark.parametrize("rule", ["/admin/orders/<int:number>", None])
def test_an_app_that_has_changed_is_not_asked(rule: str | None) -> None:
    app = make()
    app.test_client().get("/admin/orders?anonymous").close()
    (trace,) = Lifecycle().traces(app)
    app_map = map_of(app)
    for each in app_map["rules"]:
        if each["rule"] == trace.url_rule:
            each["rule"] = rule
    assert skipped(trace, app_map) == ()
    assert skipped(trace, None) == ()
