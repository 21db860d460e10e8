"""``api/bodies``: whether the text of bodies is recorded; the panel may change it for a run."""

from __future__ import annotations

import typing as t

import flask


class Bodies(t.Protocol):
    """Records the bodies of requests and responses."""

    #: Whether to record their text, as ``LIFECYCLE_BODY_PREVIEW`` says at the start.
    preview: bool


def create_bodies(bodies: Bodies) -> flask.Blueprint:
    """Return the blueprint; it is behind the gate as the others are."""
    api = flask.Blueprint("bodies", __name__)

    def state() -> dict[str, bool]:
        return {"on": bodies.preview}

    @api.get("/api/bodies")
    def get() -> dict[str, bool]:
        return state()

    @api.post("/api/bodies")
    def record() -> dict[str, bool]:
        """Record the text of bodies from now on, until the app is restarted."""
        bodies.preview = True
        return state()

    @api.delete("/api/bodies")
    def stop() -> dict[str, bool]:
        bodies.preview = False
        return state()

    return api


__all__ = ["Bodies", "create_bodies"]
