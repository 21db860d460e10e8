"""``toolbar/requests``: the data that a page's toolbar shows of the requests behind the page."""

from __future__ import annotations

import hmac
import time
from weakref import WeakSet

import flask

from ...toolbar.inject import CARRIED, SHOWN
from ...trace.model import JsonObject
from ...trace.writer import LiveTrace
from ..access.gate import Gate
from ..live.hub import Hub
from ..shared_holds import SharedHolds
from ..toolbar_view import caused, redirects, toolbar_view

# Limit of requests per page and call.
_MOST = 20
# Reports of input arrive within this many seconds.
_REPORTED = 2.0
_MS_DIGITS = 15
Kept = dict[str, LiveTrace]


def create_toolbar(hub: Hub, gate: Gate, holds: SharedHolds | None) -> flask.Blueprint:
    """Return the blueprint.

    :param hub: has the stored traces, with their initiators.
    :param gate: makes the keys of the requests.
    :param holds: holds requests, of any page; None if that is turned off.
    """
    api = flask.Blueprint("toolbar", __name__)
    views = _Views(gate)

    def named() -> tuple[Kept, list[LiveTrace]]:
        """Return the stored traces by id, and those that the page names with its keys."""
        kept = {trace.id: trace for trace in hub.kept()}
        names = (name.partition(".") for name in flask.request.args.getlist("of")[:_MOST])
        asked = [
            kept[each]
            for each, _, key in names
            if each in kept and hmac.compare_digest(key.encode(), gate.request_key(each).encode())
        ]
        if not asked:
            flask.abort(404, "None of these is stored, or their keys are from an older run.")
        return kept, asked

    @api.get("/toolbar/requests")
    def requests() -> JsonObject:
        kept, asked = named()
        for trace in asked:
            if trace.toolbar == CARRIED:
                trace.toolbar = SHOWN
        held = None if holds is None else holds.count()
        return {"requests": views.of(asked, kept), "held": held}

    @api.post("/toolbar/requests")
    def report() -> tuple[str, int]:
        given = flask.request.args
        for trace in named()[1]:
            if "acted" in given:
                hub.acted(trace, _age(given["acted"]))
            else:
                hub.shown(trace, given.get("shown") == "1")
        return "", 204

    return api


def _age(given: str) -> float:
    """Return how long ago a moment was, in seconds; 0 if the browser has another clock.

    :param given: Unix time in ms.
    """
    is_short = given.isascii() and given.isdigit() and len(given) <= _MS_DIGITS
    age = time.time() - int(given) / 1000 if is_short else 0.0
    return age if 0 <= age <= _REPORTED else 0.0


class _Views:
    """The responses for each page, each with the requests that it caused and has not sent whole."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        # Those that were sent complete.
        self._sent: WeakSet[LiveTrace] = WeakSet()

    def of(self, asked: list[LiveTrace], kept: Kept) -> list[JsonObject]:
        """Return the toolbar's data of the requests that it asks for."""
        # Requests that the toolbar names come first.
        views = [self._whole(trace, kept) for trace in asked]
        return [
            {**view, "caused": self._new(trace, kept)}
            for trace, view in zip(asked, views, strict=True)
        ]

    def _whole(self, trace: LiveTrace, kept: Kept) -> JsonObject:
        led = redirects(trace, kept)
        self._sent.update(each for each in (trace, *led) if not each.running)
        return {**toolbar_view(trace), "redirects": [toolbar_view(each) for each in led]}

    def _new(self, page: LiveTrace, kept: Kept) -> list[JsonObject]:
        """Return the ids and keys of requests that a page caused and has not been sent complete."""
        new = [each for each in caused(page, kept) if each not in self._sent]
        return [
            {
                **self._whole(trace, kept),
                "name": f"{trace.id}.{self._gate.request_key(trace.id)}",
            }
            for trace in new[:_MOST]
        ]


__all__ = ["create_toolbar"]
