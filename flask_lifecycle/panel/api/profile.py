"""``api/traces/<id>/profile``: a profile of the next request of the same kind."""

from __future__ import annotations

import typing as t

import flask

from ...trace.model import JsonObject
from ..traces import Traces
from .lookup import get_or_404, refuse

Answer = tuple[JsonObject, int]


class Profiles(t.Protocol):
    """Records profiles, which are details of their requests."""

    #: The method and endpoint of the next request to profile.
    wanted: tuple[str, str | None] | None

    @property
    def available(self) -> bool:
        """Return whether the profiler is installed."""
        ...

    def ask(self, method: str, endpoint: str | None) -> None:
        """Profile the next request for this endpoint with this method."""
        ...

    def cancel(self) -> None:
        """Cancel the pending profile."""
        ...


def create_profile(traces: Traces, profiles: Profiles) -> flask.Blueprint:
    """Return the blueprint; it is behind the gate as the others are."""
    api = flask.Blueprint("profile", __name__)

    @api.get("/api/traces/<trace_id>/profile")
    def profile(trace_id: str) -> Answer:
        trace = get_or_404(traces, trace_id)
        wanted = profiles.wanted
        return {
            "available": profiles.available,
            "waiting": wanted is not None and wanted == (trace.method, trace.endpoint),
            "profile": trace.steps[0].detail.get("profile") if trace.steps else None,
        }, 200

    @api.post("/api/traces/<trace_id>/profile")
    def ask(trace_id: str) -> Answer:
        """Profile the next request of the same kind."""
        trace = get_or_404(traces, trace_id)
        if not profiles.available:
            refuse("pyinstrument is not installed.", 409)
        profiles.ask(trace.method, trace.endpoint)
        return {}, 202

    @api.delete("/api/profile")
    def cancel() -> Answer:
        profiles.cancel()
        return {}, 200

    return api


__all__ = ["Profiles", "create_profile"]
