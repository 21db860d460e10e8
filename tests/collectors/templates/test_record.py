"""Templates are those that Jinja's loader was asked for, inside each other as they are."""

from __future__ import annotations

import logging
import typing as t
from collections import Counter
from collections.abc import Iterator

import pytest
from flask import Flask, Response, render_template, render_template_string, stream_template
from jinja2 import DictLoader

from flask_lifecycle import Lifecycle
from flask_lifecycle.summary.summarize import summarize
from flask_lifecycle.trace.model import Step
from tests.helpers.apps import make_app, steps_of

FILES = {
    "base.html": "<title>{% block title %}{% endblock %}</title>{% include 'menu.html' %}"
    "{% block main %}{% endblock %}",
    "menu.html": "{% for each in (1, 2) %}{% include ['none.html', 'item.html'] %}{% endfor %}",
    "item.html": "({{ each }})",
    "macros.html": "{% macro bold(text) %}<b>{{ text }}</b>{% endmacro %}",
    "page.html": "{% extends 'base.html' %}{% import 'macros.html' as macros %}"
    "{% block title %}{{ title }}{% endblock %}"
    "{% block main %}{{ macros.bold(title) }}{{ super() }}{% endblock %}",
    "self.html": "{% if depth < 3 %}{% with depth = depth + 1 %}{% include 'self.html' %}"
    "{% endwith %}{% endif %}.",
    "fails.html": "{% include 'raises.html' %}",
    "raises.html": "{{ 1 / 0 }}",
}


class Loader(DictLoader):
    """Notes what it is asked for."""

    def __init__(self) -> None:
        super().__init__(FILES)
        self.asked: list[str] = []

    def get_source(self, environment: t.Any, name: str) -> t.Any:
        found = super().get_source(environment, name)
        self.asked.append(name)
        return found


_made: list[tuple[Flask, Lifecycle]] = []


@pytest.fixture(autouse=True)
def nothing_stays_wrapped() -> Iterator[None]:
    yield
    while _made:
        app, lifecycle = _made.pop()
        lifecycle.undo(app)


def app_of_files(**config: t.Any) -> tuple[Flask, Lifecycle, Loader]:
    app, lifecycle = make_app(**config)
    loader = app.jinja_loader = Loader()
    _made.append((app, lifecycle))
    return app, lifecycle, loader


def rendered(app: Flask, lifecycle: Lifecycle, view: t.Callable[[], t.Any]) -> list[Step]:
    app.add_url_rule("/", "index", view)
    with app.test_client().get("/") as answer:
        assert answer.data
    return steps_of(lifecycle.traces(app)[0], "template")


def tree(steps: list[Step]) -> list[tuple[str, str | None]]:
    names = {step.id: step.name for step in steps}
    return [(step.name, None if step.parent is None else names.get(step.parent)) for step in steps]


def test_includes_and_parents_are_children() -> None:
    app, lifecycle, loader = app_of_files()
    steps = rendered(app, lifecycle, lambda: render_template("page.html", title="Title"))
    assert sorted(tree(steps), key=str) == [
        ("base.html", "page.html"),
        # What a block calls by super().
        ("base.html", "page.html"),
        ("item.html", "menu.html"),
        ("item.html", "menu.html"),
        # Imported, and what is called of it.
        ("macros.html", "page.html"),
        ("macros.html", "page.html"),
        ("menu.html", "base.html"),
        # Its two blocks.
        ("page.html", "base.html"),
        ("page.html", "base.html"),
        ("page.html", None),
    ]
    assert set(loader.asked) == {step.name for step in steps}
    for step in steps:
        inside = [each for each in steps if each.parent == step.id]
        assert step.end is not None
        assert all(each.end is not None and each.end <= step.end for each in inside)
        assert all(each.begin >= step.begin for each in inside)


def test_a_string_is_of_no_loader() -> None:
    app, lifecycle, _ = app_of_files()
    steps = rendered(
        app, lifecycle, lambda: render_template_string("{% include 'item.html' %}") + page()
    )
    assert [step.detail["rendering"]["loader"] for step in steps if "rendering" in step.detail] == [
        None,
        "DispatchingJinjaLoader",
    ]


def page() -> str:
    return render_template("page.html", title="Title")


def test_the_page_is_as_without() -> None:
    app, lifecycle, _ = app_of_files()
    bare = Flask(__name__)
    bare.jinja_loader = DictLoader(FILES)
    pages = []
    for each in (app, bare):
        each.add_url_rule("/", "index", lambda: render_template("page.html", title="Title"))
        each.add_url_rule("/deep", "deep", lambda: render_template("self.html", depth=0))
        pages += [each.test_client().get(path).text for path in ("/", "/deep", "/")]
    assert pages[:3] == pages[3:]
    deep = lifecycle.traces(app)[1]
    assert [step.stage for step in deep.steps].count("template") == 4


def test_a_template_that_includes_itself_is_told_each_time() -> None:
    app, lifecycle, _ = app_of_files()
    steps = rendered(app, lifecycle, lambda: render_template("self.html", depth=0))
    assert tree(steps) == [("self.html", None), *[("self.html", "self.html")] * 3]
    assert [step.parent for step in steps][1:] == [step.id for step in steps][:-1]


def test_a_streamed_template_is_told_as_well() -> None:
    app, lifecycle, _ = app_of_files()

    def view() -> Response:
        return Response(stream_template("page.html", title="Title"))

    steps = rendered(app, lifecycle, view)
    assert [step.name for step in steps].count("item.html") == 2
    assert all(step.end is not None for step in steps)
    # The server, here the test's client, iterates it: that is not where it was asked for.
    line = view.__code__.co_firstlineno + 1
    assert steps[0].detail["rendering"]["place"] == {"file": __file__, "line": line}


def test_an_error_is_each_steps_that_it_left() -> None:
    app, lifecycle, _ = app_of_files()
    steps = rendered(app, lifecycle, lambda: render_template("fails.html"))
    assert [(step.name, step.outcome) for step in steps] == [
        ("fails.html", "raised"),
        ("raises.html", "raised"),
    ]


def test_the_context_is_told_by_names_and_safe_values() -> None:
    app, lifecycle, _ = app_of_files()

    class Hostile:
        def __repr__(self) -> str:
            raise LookupError("asked")

        __str__ = __len__ = __iter__ = __repr__

    context = {
        "title": "x" * 5000,
        "password": "hunter2",
        "rows": list(range(1000)),
        "few": [1, "two"],
        "nested": [[1]],
        "hostile": Hostile(),
        "token": Hostile(),
    }
    line = 0

    def view() -> str:
        nonlocal line
        line = 1 + view.__code__.co_firstlineno + 2
        return render_template_string("text", **context)

    (step,) = rendered(app, lifecycle, view)
    told = step.detail["rendering"]
    assert told["place"] == {"file": __file__, "line": line}
    assert told["context"]["title"] == "x" * 1000
    assert told["context"]["password"] == "••••••"
    assert told["context"]["rows"] == "<list of 1000>"
    assert told["context"]["few"] == [1, "two"]
    assert told["context"]["nested"] == "<list of 1>"
    assert told["context"]["hostile"].endswith("Hostile>")
    assert told["context"]["request"] == "<flask.wrappers.Request>"
    assert told["loader"] is None


@pytest.mark.parametrize("collectors", [(), None])
def test_undone_or_off_everything_is_as_it_was(collectors: tuple[str, ...] | None) -> None:
    more = {} if collectors is None else {"LIFECYCLE_COLLECTORS": collectors}
    app, lifecycle, _ = app_of_files(**more)
    environment = app.jinja_env
    kind = type(environment)
    steps = rendered(app, lifecycle, lambda: render_template("page.html", title="Title"))
    assert bool(steps) == (collectors is None)
    lifecycle.undo(app)
    assert type(environment) is kind
    for name in ("page.html", "base.html", "menu.html"):
        template = environment.get_template(name)
        assert type(template) is environment.template_class
        assert template.root_render_func.__name__ == "root"
        assert template.root_render_func.__code__.co_filename == "<template>"


BLOCKS = {
    "root": "{% block title %}{{ runs('root') }}{% endblock %}{% block main %}-{% endblock %}"
    "{% block foot %}{{ runs('root') }}{% endblock %}",
    "middle": "{% extends 'root' %}{% block main %}{{ runs('middle') }}"
    "{% block inner %}{{ runs('middle') }}{% endblock %}{% endblock %}",
    "leaf": "{% extends parent %}{% block title %}{{ super() }}{{ runs('leaf') }}{% endblock %}"
    "{% block inner %}{{ runs('leaf') }}{% include 'part' %}{{ self.foot() }}{% endblock %}",
    "part": "{{ runs('part') }}",
    "loop": "{% extends 'looped' %}{% block each scoped %}{{ runs('loop') }}{{ item }}"
    "{% endblock %}",
    "looped": "{% for item in 'ab' %}{% block each scoped %}{% endblock %}{% endfor %}",
}
# What runs() is called with, by the template in which the call stands.
PAGES = {
    "leaf": {"root": 3, "middle": 1, "leaf": 2, "part": 1},
    "loop": {"loop": 2},
}


@pytest.mark.parametrize("how", ["rendered", "streamed", "async", "string"])
@pytest.mark.parametrize("name", PAGES)
def test_what_a_block_does_lies_in_the_template_that_defines_it(name: str, how: str) -> None:
    app, lifecycle, _ = app_of_files()
    app.jinja_options = {"enable_async": how == "async"}
    app.jinja_loader = DictLoader(BLOCKS)
    logger = logging.Logger("blocks")
    logger.addHandler(logging.NullHandler())

    @app.template_global()
    def runs(where: str) -> str:
        logger.warning(where)
        return where

    def view() -> t.Any:
        if how == "streamed":
            return Response(stream_template(name, parent="middle"))
        if how == "string":
            return render_template_string(BLOCKS[name], parent="middle")
        return render_template(name, parent="middle")

    app.add_url_rule("/", "index", view)
    pages = [app.test_client().get("/").text for _ in range(2)]
    bare = Flask(__name__)
    bare.jinja_loader = DictLoader(BLOCKS)
    bare.add_template_global(lambda where: where, "runs")
    with bare.app_context():
        assert pages == [render_template(name, parent="middle")] * 2
    trace = lifecycle.traces(app)[0]
    steps = steps_of(trace, "template")
    assert all(step.end for step in steps)
    names = {step.id: name if step.name == "<string>" else step.name for step in steps}
    logs = steps_of(trace, "log")
    found = Counter(names[each.parent] for each in logs if each.parent is not None)
    assert found == PAGES[name]
    assert all(each.detail["message"] == names[each.parent or 0] for each in logs)
    blocks = [step for step in steps if "block" in step.detail]
    counts = app.extensions["lifecycle"]._store.newest()[0]
    assert summarize(counts)["counts"]["template"] == len(steps) - len(blocks)
    lifecycle.undo(app)
    if how != "string":
        blocks_now = app.jinja_env.get_template(name).blocks.values()
        assert all(type(block).__name__ == "function" for block in blocks_now)


def test_a_block_that_raises_ends() -> None:
    app, lifecycle, _ = app_of_files()
    app.jinja_loader = DictLoader(
        {
            "base": "{% block a %}{% endblock %}",
            "page": "{% extends 'base' %}{% block a %}{{ 1/0 }}{% endblock %}",
        }
    )
    steps = rendered(app, lifecycle, lambda: render_template("page"))
    assert [(step.name, step.outcome) for step in steps] == [
        ("page", "raised"),
        ("base", "raised"),
        ("page", "raised"),
    ]
