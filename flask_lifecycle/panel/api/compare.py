"""``api/compare``: two requests, or several runs of each, aligned step by step."""

from __future__ import annotations

import flask

from ...store import Store
from ...trace.compare import compare
from ...trace.model import JsonObject, Trace
from ...trace.snapshot import snapshot
from .lookup import get_or_404, refuse

_MOST = 20


def create_compare(store: Store) -> flask.Blueprint:
    """Return the blueprint."""
    api = flask.Blueprint("compare", __name__)

    def runs(side: str) -> list[Trace]:
        ids = flask.request.args.getlist(side)
        if not 0 < len(ids) <= _MOST:
            refuse(f"{side} takes the id of a request; of several runs, up to {_MOST} ids.", 400)
        return [snapshot(get_or_404(store, each)) for each in ids]

    @api.get("/api/compare")
    def compared() -> JsonObject:
        return compare(runs("a"), runs("b")).to_dict()

    return api


__all__ = ["create_compare"]
