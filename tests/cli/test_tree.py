from __future__ import annotations

import sqlite3
import typing as t

from flask import Flask, redirect

from flask_lifecycle import Lifecycle, Trace
from flask_lifecycle.app_map.skipped import skipped
from flask_lifecycle.cli.recordings import map_of
from flask_lifecycle.cli.tree import Node, tree, walk
from flask_lifecycle.trace.explain import explain


def make(**config: t.Any) -> Flask:
    app = Flask("shop")
    app.config.update({"LIFECYCLE_ENABLED": True, **config})
    Lifecycle(app)

    @app.before_request
    def load_user() -> None:
        pass

    return app


def asked(app: Flask) -> Trace:
    app.test_client().get("/").close()
    return Lifecycle().traces(app)[0]


def tree_of(app: Flask, *, whole: bool = False) -> list[Node]:
    trace = asked(app)
    return tree(trace, explain(trace), skipped(trace, map_of(app)), whole=whole)


def flat(roots: list[Node]) -> list[Node]:
    return [node for node, _ in walk(roots)]


def test_every_step_stands_once_inside_of_its_parent() -> None:
    app = make()
    app.add_url_rule("/", view_func=lambda: "hello")
    trace = asked(app)
    nodes = flat(tree(trace, explain(trace), whole=True))
    assert sorted(node.step.id for node in nodes if node.step) == [*range(len(trace.steps))]
    for node in nodes:
        assert [each.step.parent for each in node.children if each.step] == [
            node.step.id if node.step else None for _ in node.children
        ]


def test_signals_that_nobody_receives_are_left_out_unless_all_is_wanted() -> None:
    app = make()
    app.add_url_rule("/", view_func=lambda: "hello")
    assert not any(node.stage == "signal" for node in flat(tree_of(app)))
    assert any(node.stage == "signal" for node in flat(tree_of(app, whole=True)))


def test_like_statements_in_a_row_are_one_node_with_their_time() -> None:
    app = make()

    @app.get("/")
    def index() -> str:
        opened = sqlite3.connect(":memory:")
        for _ in range(5):
            opened.execute("SELECT 1")
        opened.execute("SELECT 2")
        opened.close()
        return "hello"

    nodes = [node for node in flat(tree_of(app)) if node.stage == "sql"]
    counts = [(node.times, node.step.name) for node in nodes if node.step]
    assert (5, "SELECT 1") in counts
    assert (1, "SELECT 2") in counts
    each = [node.took or 0 for node in flat(tree_of(app, whole=True)) if node.stage == "sql"]
    assert len(each) == len(nodes) + 4


def test_functions_that_did_not_run_stand_where_they_would_have() -> None:
    app = make()

    @app.before_request
    def require_admin() -> t.Any:
        return redirect("/sign-in")

    @app.before_request
    def load_cart() -> None:
        pass

    @app.get("/")
    def index() -> str:
        return "hello"

    nodes = flat(tree_of(app))
    names = [getattr(node.skipped or node.step, "name", "") for node in nodes]
    at = names.index("require_admin")
    assert names[at : at + 4] == ["require_admin", "load_cart", "index", "make_response"]
    assert [node.skipped is None for node in nodes[at : at + 4]] == [True, False, False, True]
    depths = [len(lasts) for _, lasts in walk(tree_of(app))]
    assert len({*depths[at : at + 4]}) == 1


def test_a_thousand_levels_are_walked() -> None:
    app = make()
    app.add_url_rule("/", view_func=lambda: "hello")
    trace = asked(app)
    root = node = Node(trace.steps[0])
    for _ in range(5000):
        node.children = [Node(trace.steps[0])]
        (node,) = node.children
    assert max(len(lasts) for _, lasts in walk([root])) == 5001
