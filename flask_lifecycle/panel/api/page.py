"""The panel's page and its files."""

from __future__ import annotations

import html
from pathlib import Path

import flask

from ..access.gate import Gate

_NOT_BUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>flask-lifecycle</title>
<h1>The panel has not been built</h1>
<p>This copy of flask-lifecycle was installed without its browser side. In a checkout, run
<code>make demo</code> or <code>pip install .</code>; both build it. The recorded requests are at
<a href="api/traces">api/traces</a>.</p></html>
"""


def create_page(gate: Gate, dist: Path) -> flask.Blueprint:
    """Return the blueprint.

    :param gate: has the key that the page sends with its requests.
    :param dist: the directory of the built front end.
    """
    api = flask.Blueprint("page", __name__)

    @api.get("/")
    def page() -> flask.Response:
        try:
            text = (dist / "index.html").read_text("utf-8")
        except FileNotFoundError:
            return flask.Response(_NOT_BUILT, mimetype="text/html")
        return flask.Response(
            text.replace("__LIFECYCLE_KEY__", html.escape(gate.key)), mimetype="text/html"
        )

    @api.get("/assets/<path:name>")
    def asset(name: str) -> flask.Response:
        return flask.send_from_directory(dist / "assets", name)

    @api.get("/toolbar.js")
    def toolbar() -> flask.Response:
        return flask.send_from_directory(dist, "toolbar.js", mimetype="text/javascript")

    return api


__all__ = ["create_page"]
