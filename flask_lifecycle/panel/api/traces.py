"""``api/traces``: the list of stored traces, and each trace."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

import flask

from ...summary.filter import FilterError, parse
from ...trace.model import JsonObject
from ..live.hub import Hub
from ..traces import Traces
from .lookup import get_or_404

_LIMIT = 500


def create_traces(traces: Traces, hub: Hub) -> flask.Blueprint:
    """Return the blueprint.

    :param hub: has the stored traces, with their initiators.
    """
    api = flask.Blueprint("traces", __name__)
    openable = traces.openable

    @api.get("/api/traces")
    def page() -> JsonObject:
        limit = _limit(flask.request.args.get("limit"))
        before = flask.request.args.get("before") or None
        matches = _filter(flask.request.args.get("q") or "")
        older = traces.summaries(hub.kept(), before)
        # One more than the limit shows whether there are more.
        found = [*islice(filter(matches, older), limit + 1)]
        openable.look()
        return {
            "traces": found[:limit],
            "next": found[limit - 1]["id"] if len(found) > limit else None,
            **(traces.others.counts() or openable.counts()),
            "history": openable.state(),
        }

    @api.delete("/api/traces")
    def clear() -> tuple[str, int]:
        _check_epoch(traces)
        traces.clear()
        return "", 204

    @api.post("/api/traces/restore")
    def restore() -> tuple[str, int]:
        _check_epoch(traces)
        traces.restore()
        return "", 204

    @api.get("/api/traces/<trace_id>")
    def one(trace_id: str) -> JsonObject:
        return get_or_404(traces, trace_id).to_dict()

    return api


def _check_epoch(traces: Traces) -> None:
    # With several processes that share nothing, only the one that the page shows is meant.
    epochs = (None, "", traces.store.epoch, traces.others.run)
    if flask.request.args.get("epoch") not in epochs:
        flask.abort(409, "This is another process of the server.")


def _limit(text: str | None) -> int:
    if text is None:
        return _LIMIT
    is_short = text.isascii() and text.isdigit() and len(text) <= len(str(_LIMIT))
    if not is_short or not 0 < int(text) <= _LIMIT:
        flask.abort(400, f"limit got {text[:40]!r}; it takes a whole number from 1 to {_LIMIT}.")
    return int(text)


def _filter(text: str) -> Callable[[JsonObject], bool]:
    try:
        return parse(text)
    except FilterError as error:
        flask.abort(400, f"q got {error}.")


__all__ = ["create_traces"]
