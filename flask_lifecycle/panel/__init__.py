"""The panel: a small Flask app of its own, behind a gate, mounted in front of the user's."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from pathlib import Path

import flask

from ..store import Store
from .access.gate import Gate
from .api.match import FindRule, create_match
from .api.profile import Profiles, create_profile
from .api.traces import create_api
from .live.hub import Hub
from .live.websocket import MESSAGE_BYTES
from .written import Provider

DIST = Path(__file__).parent / "dist"


def create_panel(
    store: Store,
    gate: Gate,
    app_map: Callable[[], dict[str, t.Any]],
    find_rule: FindRule,
    profiles: Profiles,
) -> Callable[[dict[str, t.Any], t.Any], t.Any]:
    """Make the panel as a WSGI callable that stands behind the gate.

    :param store: the traces to show.
    :param gate: who may look.
    :param app_map: gives the answer of ``GET api/app``.
    :param find_rule: gives that of ``GET api/app/match``.
    :param profiles: makes and keeps them.
    """
    panel = flask.Flask(
        "flask_lifecycle.panel",
        static_folder=None,
        template_folder=None,
        root_path=str(DIST.parent),
    )
    panel.json = Provider(panel)
    # A fault of the panel's is not the app's: no debugger shows it.
    panel.config.update(DEBUG=False, PROPAGATE_EXCEPTIONS=False, MAX_CONTENT_LENGTH=MESSAGE_BYTES)
    hub = Hub(store)
    panel.register_blueprint(create_api(store, hub, gate, app_map, DIST))
    panel.register_blueprint(create_match(find_rule))
    panel.register_blueprint(create_profile(store, profiles))
    hub.init_app(panel)
    return gate.guard(panel.wsgi_app)


__all__ = ["create_panel"]
