"""``GET api/app/match``: which rule a path would match, and which nearly."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

import flask

FindRule = Callable[[str, str, str], dict[str, t.Any]]


def create_match(find_rule: FindRule) -> flask.Blueprint:
    """Make the route.

    :param find_rule: is given path, method and host, and answers; ``ValueError`` says what it
        does not take.
    """
    match = flask.Blueprint("match", __name__)

    @match.get("/api/app/match")
    def find() -> dict[str, t.Any] | tuple[dict[str, str], int]:
        given = flask.request.args
        try:
            return find_rule(
                given.get("path", ""),
                given.get("method", "GET"),
                given.get("host") or flask.request.host,
            )
        except ValueError as error:
            return {"error": str(error)}, 400

    return match


__all__ = ["create_match"]
