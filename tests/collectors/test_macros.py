"""Macros: their time belongs to the template that defines them, in few steps."""

from __future__ import annotations

import gc
import sys
import time
import typing as t
import weakref

import pytest
from flask import (
    Flask,
    Response,
    get_template_attribute,
    render_template,
    render_template_string,
    stream_template,
)
from jinja2 import DictLoader
from jinja2.runtime import Macro
from werkzeug.local import LocalProxy

from flask_lifecycle import Lifecycle
from flask_lifecycle.summary.summarize import summarize
from flask_lifecycle.trace.model import Step
from tests.helpers.apps import make_app, steps_of

SLOW = 0.004
FILES = {
    "page": "{% extends 'base' %}{% import 'forms' as forms %}{% from 'more' import wrap, tree %}"
    "{% macro own() %}{{ slow('page') }}{% endmacro %}"
    "{% block main %}{% for each in 'ab' %}{{ forms.field(each) }}{% endfor %}{{ own() }}"
    "{% call wrap() %}{{ slow('page') }}{{ forms.field('in') }}{% endcall %}"
    "{{ tree(2) }}{% endblock %}",
    "base": "{% from 'more' import wrap with context %}{{ slow('base') }}{{ forms_of() }}"
    "{% block main %}{% endblock %}{% call wrap() %}{{ slow('base') }}{% endcall %}",
    "forms": "{% from 'more' import wrap %}{% macro field(name) %}{{ slow('forms') }}"
    "{% include 'label' %}{{ slow('forms') }}{% endmacro %}"
    "{% macro both() %}{% call wrap() %}{{ slow('forms') }}{% endcall %}{% endmacro %}",
    "more": "{% macro wrap() %}{{ slow('more') }}{{ caller() }}{% endmacro %}"
    "{% macro tree(left) %}{{ slow('more') }}{% if left %}{{ tree(left - 1) }}{% endif %}"
    "{% endmacro %}",
    "label": "{% from 'more' import tree %}{{ slow('label') }}{{ tree(0) }}",
}
#: How many calls of slow() each makes in one page.
TIMES = {"page": 2, "base": 2, "forms": 7, "more": 9, "label": 3}


def app_of_files(files: dict[str, str], *, is_async: bool = False) -> tuple[Flask, Lifecycle]:
    app, lifecycle = make_app()
    app.jinja_options = {"enable_async": is_async}
    app.jinja_loader = DictLoader(files)
    return app, lifecycle


def own_times(steps: t.Sequence[Step]) -> dict[str, float]:
    """Add up the own time of templates by name, in seconds."""
    found: dict[str, float] = {}
    for step in steps:
        took = (step.end or 0) - step.begin
        inside = [each for each in steps if each.parent == step.id]
        own = took - sum((each.end or 0) - each.begin for each in inside)
        found[step.name] = found.get(step.name, 0) + own / 1e9
    return found


def defines(frame: t.Any) -> t.Any:
    """Name the template whose compiled code makes a call."""
    while "__jinja_template__" not in frame.f_globals:
        frame = frame.f_back
    return frame.f_globals["name"]


def template_steps(app: Flask, lifecycle: Lifecycle) -> list[Step]:
    steps = steps_of(lifecycle.traces(app)[0], "template")
    by_id = {each.id: each for each in lifecycle.traces(app)[0].steps}
    for step in steps:
        outer = by_id[t.cast("int", step.parent)]
        assert step.end is not None
        assert outer.end is not None
        assert outer.begin <= step.begin <= step.end <= outer.end
    return steps


@pytest.mark.parametrize("how", ["rendered", "streamed", "async", "string"])
def test_the_time_of_a_macro_is_its_own_templates(how: str) -> None:
    app, lifecycle = app_of_files(FILES, is_async=how == "async")
    spent: dict[str, list[float]] = {}

    @app.template_global()
    def slow(where: str) -> str:
        assert defines(sys._getframe()) in (where, None)
        begun = time.perf_counter()
        time.sleep(SLOW)
        spent.setdefault(where, []).append(time.perf_counter() - begun)
        return where

    @app.template_global()
    def forms_of() -> t.Any:
        if how == "async":
            return ""
        return get_template_attribute("forms", "both")()

    def view() -> t.Any:
        if how == "streamed":
            return Response(stream_template("page"))
        if how == "string":
            return render_template_string(FILES["page"])
        return render_template("page")

    app.add_url_rule("/", "index", view)
    pages = {app.test_client().get("/").text for _ in range(3)}
    assert len(pages) == 1
    spent.clear()
    assert app.test_client().get("/").text in pages
    assert sum(map(len, spent.values())) == sum(TIMES.values()) - 2 * (how == "async")
    found = own_times(template_steps(app, lifecycle))
    if how == "string":
        found["page"] = found.pop("<string>")
    for name, seconds in spent.items():
        # Whatever else it did meanwhile: what is lost here went to another one.
        assert found[name] >= sum(seconds)


MANY = """{% import 'forms' as forms %}{% for each in range(3000) %}{{ forms.field(each) }}
{% endfor %}"""


def test_thousands_of_calls_are_one_step() -> None:
    app, lifecycle = app_of_files(
        {
            "page": MANY,
            "forms": "{% from 'more' import tag %}{% macro field(n) %}{{ tag(n) }}{% endmacro %}",
            "more": "{% macro tag(n) %}<{{ n }}>{% endmacro %}",
        }
    )
    app.add_url_rule("/", "index", lambda: render_template("page"))
    for _ in range(2):
        assert app.test_client().get("/").text.count("<") == 3000
    steps = template_steps(app, lifecycle)
    assert [(step.name, step.detail.get("macros")) for step in steps if step.detail] == [
        ("page", None),
        ("forms", 3000),
        ("more", 3000),
    ]
    trace = lifecycle.traces(app)[0]
    assert trace.dropped_steps == 0
    counted = app.extensions["lifecycle"]._store.newest()[0]
    assert summarize(counted)["counts"]["template"] == len(steps) - 2


def test_a_macro_that_raises_is_shown_as_it_is() -> None:
    app, lifecycle = app_of_files(
        {
            "page": "{% import 'bad' as bad %}{{ bad.one() }}",
            "bad": "{% macro one() %}{{ 1 / 0 }}{% endmacro %}",
        }
    )
    app.add_url_rule("/", "index", lambda: render_template("page"))
    assert app.test_client().get("/").status_code == 500
    steps = template_steps(app, lifecycle)
    assert [(step.name, step.outcome) for step in steps] == [
        ("page", "raised"),
        ("bad", "ok"),
        ("bad", "raised"),
    ]


def test_a_view_that_calls_a_macro_has_its_step() -> None:
    app, lifecycle = app_of_files({"forms": "{% macro field(name) %}{{ name }}{% endmacro %}"})
    app.add_url_rule("/page", "page", lambda: render_template_string(""))
    app.add_url_rule("/", "index", lambda: get_template_attribute("forms", "field")("a"))
    app.test_client().get("/page")
    assert app.test_client().get("/").text == "a"
    steps = template_steps(app, lifecycle)
    assert [(step.name, step.detail) for step in steps] == [
        ("forms", {}),
        ("forms", {"macros": 1}),
    ]


def test_what_was_made_before_is_recorded_and_given_back() -> None:
    app, lifecycle = app_of_files(
        {
            "page": "{{ shared('a') }}{{ library.field('b') }}",
            "forms": "{% macro field(name) %}{{ name }}{% endmacro %}",
        }
    )
    module = app.jinja_env.get_template("forms").module
    macro = t.cast("t.Any", module).field
    own = macro._func
    proxy = LocalProxy(lambda: pytest.fail("a proxy was asked"))
    app.jinja_env.globals.update(shared=macro, library=module, proxy=proxy)
    app.add_url_rule("/", "index", lambda: render_template("page"))
    assert app.test_client().get("/").text == "ab"
    steps = template_steps(app, lifecycle)
    assert [(step.name, step.detail.get("macros")) for step in steps] == [
        ("page", None),
        ("forms", 2),
    ]
    lifecycle.undo(app)
    assert macro._func is own
    for name in ("page", "forms"):
        namespace = app.jinja_env.get_template(name).root_render_func.__globals__
        assert namespace.get("Macro", Macro) is Macro


def test_what_runs_now_is_the_template_that_called_them() -> None:
    app, _lifecycle = app_of_files(
        {
            "page": "{% import 'forms' as forms %}{{ forms.field() }}{{ now() }}",
            "forms": "{% macro field() %}{% endmacro %}",
        }
    )
    store = app.extensions["lifecycle"]._store
    app.add_template_global(lambda: summarize(store.newest()[0])["now"]["name"], "now")
    app.add_url_rule("/", "index", lambda: render_template("page"))
    assert app.test_client().get("/").text == "page"


def test_nothing_is_kept_of_an_app_whose_templates_have_macros() -> None:
    alive = []
    for _ in range(3):
        app, _lifecycle = app_of_files(FILES)
        app.add_template_global(str, "slow")
        app.add_template_global(str, "forms_of")
        app.add_url_rule("/", "index", lambda: render_template("page"))
        app.test_client().get("/")
        macro = t.cast("t.Any", app.jinja_env.get_template("forms").module).field
        alive.append(weakref.ref(macro))
        del app, _lifecycle, macro
    gc.collect()
    assert [each() for each in alive] == [None] * 3
