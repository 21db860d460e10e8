"""``api/ticket``, ``api/batch``: how a page gets new data, with or without a websocket."""

from __future__ import annotations

import flask

from ...trace.model import JsonObject
from ..access.gate import Gate
from ..live.hub import Hub
from .lookup import json_object


def create_live(hub: Hub, gate: Gate) -> flask.Blueprint:
    """Return the blueprint.

    :param hub: makes the messages.
    :param gate: issues the tickets.
    """
    api = flask.Blueprint("live", __name__)

    @api.post("/api/ticket")
    def ticket() -> dict[str, str | None]:
        # None: this server has no websocket for the page, which polls instead.
        return {"ticket": gate.ticket() if flask.request.environ["lifecycle.room"] else None}

    @api.post("/api/batch")
    def batch() -> JsonObject:
        # Other processes have their own requests (PEP 3333).
        several = bool(flask.request.environ.get("wsgi.multiprocess"))
        return hub.poll(json_object(), several=several)

    return api


__all__ = ["create_live"]
