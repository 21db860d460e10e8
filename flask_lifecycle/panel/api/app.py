"""``api/app``: the app, which of its rules a path matches, and which ones almost match."""

from __future__ import annotations

from collections.abc import Callable

import flask

from ...trace.model import JsonObject
from .lookup import refuse

FindRule = Callable[[str, str, str], JsonObject]


def create_app_map(app_map: Callable[[], JsonObject], find_rule: FindRule) -> flask.Blueprint:
    """Return the blueprint.

    :param app_map: returns the map of the app.
    :param find_rule: takes path, method and host, and returns the response; its ``ValueError``
        names the invalid argument.
    """
    api = flask.Blueprint("app", __name__)

    @api.get("/api/app")
    def whole() -> JsonObject:
        return app_map()

    @api.get("/api/app/match")
    def match() -> JsonObject:
        given = flask.request.args
        try:
            return find_rule(
                given.get("path", ""),
                given.get("method", "GET"),
                given.get("host") or flask.request.host,
            )
        except ValueError as error:
            refuse(str(error), 400)

    return api


__all__ = ["FindRule", "create_app_map"]
