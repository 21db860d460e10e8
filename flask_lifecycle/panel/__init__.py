"""The panel: a small Flask app of its own, behind a gate, mounted in front of the user's app."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from pathlib import Path

import flask
from werkzeug.exceptions import HTTPException

from ..trace.model import JsonObject
from .access.gate import Gate
from .api.app import FindRule, create_app_map
from .api.bodies import Bodies, create_bodies
from .api.compare import create_compare
from .api.har import create_har
from .api.holds import create_holds
from .api.live import create_live
from .api.page import create_page
from .api.profile import Profiles, create_profile
from .api.recordings import create_recordings
from .api.steps import create_steps
from .api.toolbar import create_toolbar
from .api.traces import create_traces
from .live.hub import Hub
from .live.metered_socket import MESSAGE_BYTES
from .others import Others
from .shared_holds import SharedHolds
from .traces import Traces
from .written import Provider

DIST = Path(__file__).parent / "dist"


def create_panel(
    traces: Traces,
    gate: Gate,
    app_map: Callable[[], JsonObject],
    find_rule: FindRule,
    profiles: Profiles,
    bodies: Bodies,
    holds: SharedHolds | None,
    hold_seconds: float,
    others: Others,
) -> Callable[[dict[str, t.Any], t.Any], t.Any]:
    """Return the panel as a WSGI callable, protected by the gate.

    :param traces: the requests to show.
    :param gate: decides who may open the panel.
    :param app_map: returns the response of ``GET api/app``.
    :param find_rule: returns the response of ``GET api/app/match``.
    :param profiles: records profiles and stores them.
    :param bodies: records the bodies of requests and responses.
    :param holds: holds requests; None if that is turned off.
    :param hold_seconds: how long at most.
    :param others: the other processes that share the history.
    """
    panel = flask.Flask(
        "flask_lifecycle.panel",
        static_folder=None,
        template_folder=None,
        root_path=str(DIST.parent),
    )
    panel.json = Provider(panel)
    # The panel's own faults must not open the app's debugger.
    panel.config.update(DEBUG=False, PROPAGATE_EXCEPTIONS=False, MAX_CONTENT_LENGTH=MESSAGE_BYTES)
    hub = Hub(traces.store, traces.history, holds, others, traces.openable)
    if others.member is not None:
        others.member.wanted = hub.wanted
    for api in (
        create_page(gate, DIST),
        create_toolbar(hub, gate, holds),
        create_traces(traces, hub),
        create_har(traces),
        create_recordings(traces, app_map),
        create_compare(traces),
        create_steps(traces),
        create_profile(traces, profiles),
        create_bodies(bodies),
        create_holds(holds, gate, hold_seconds),
        create_app_map(app_map, find_rule),
        create_live(hub, gate),
    ):
        panel.register_blueprint(api)
    panel.before_request(lambda: others.came(flask.request.environ))
    panel.register_error_handler(HTTPException, _failed)
    hub.init_app(panel)
    return gate.guard(panel.wsgi_app)


def _failed(error: HTTPException) -> tuple[JsonObject, int]:
    return {"error": f"{error.name}: {error.description}"}, error.code or 500


__all__ = ["create_panel"]
