"""``api/breakpoints``, ``api/held``: where requests are held, and how they go on.

Of all processes that share a history, whichever answers. Calls that change anything need the page's
key or the token, also from this machine: the gate sees to it.
"""

from __future__ import annotations

import typing as t

import flask

from ...holds.breakpoints import parse
from ...holds.instead import CannotError
from ...trace.model import JsonObject
from ..access.gate import Gate
from ..live.threads import server_of
from ..running import parse_running
from ..shared_holds import DO, SharedHolds
from .lookup import json_object, refuse

_OFF = "Requests are not held: LIFECYCLE_HOLD is False."


def create_holds(shared: SharedHolds | None, gate: Gate, seconds: float) -> flask.Blueprint:
    """Return the blueprint.

    :param shared: holds the requests; None if that is turned off.
    :param gate: knows the clients with the token, and how many websockets are open.
    :param seconds: how long a client with the token counts as a viewer after a call.
    """
    if shared is not None:
        shared.kept.catch_up()
    api = flask.Blueprint("holds", __name__)

    def called() -> SharedHolds | None:
        """Return what holds requests, which now knows the server, and that somebody watches."""
        if shared is not None:
            holder = shared.holder
            environ = flask.request.environ
            holder.server = server_of(environ, environ["lifecycle.served"], lambda: gate.opened)
            if gate.has_token(environ):
                holder.viewers.called_by_tool(seconds)
            else:
                holder.viewers.called()
            shared.catch_up()
        return shared

    def changing() -> SharedHolds:
        found = called()
        if found is None:
            refuse(_OFF, 403)
        return found

    @api.get("/api/breakpoints")
    def breakpoints() -> JsonObject:
        found = called()
        if found is None:
            return {"on": False, "breakpoints": [], "revision": 0, "cannot": _OFF}
        return found.holder.to_dict()

    @api.put("/api/breakpoints")
    def replace() -> JsonObject:
        found = changing()
        holder = found.holder
        given = json_object()
        on = given.get("on", True)
        try:
            made = parse(given.get("breakpoints"), parse_running)
        except ValueError as error:
            refuse(str(error), 400)
        if type(on) is not bool:
            refuse("on: true or false is expected.", 400)
        never = holder.why_never()
        if made and never:
            refuse(never, 409)
        holder.set(made, on=on)
        found.share()
        found.kept.changed()
        return holder.to_dict()

    @api.get("/api/held")
    def held() -> JsonObject:
        found = called()
        if found is None:
            return {"held": [], "passed": 0, "threads": None, "room": 0, "cannot": _OFF}
        return {
            "held": found.own() + found.others(),
            "passed": found.passed(),
            "threads": found.holder.server.threads,
            "room": found.holder.server.room(),
            "cannot": found.holder.why_none(),
        }

    @api.post("/api/held")
    def tell_all() -> JsonObject:
        found = changing()
        do = json_object().get("do")
        if do not in ("go", "all"):
            refuse("do: go or all is expected.", 400)
        others = found.others()
        for each in others:
            found.tell(each, do)
        return {"did": do, "released": found.holder.let_all_go(do) + len(others)}

    @api.post("/api/held/<trace_id>")
    def tell(trace_id: str) -> JsonObject:
        found = changing()
        given = json_object()
        do = given.get("do")
        if type(do) is not str or do not in DO:
            refuse(f"do: one of {', '.join(DO)} is expected.", 400)
        try:
            is_told = _tell(found, trace_id, do, given.get("status"), given.get("text"))
        except CannotError as error:
            refuse(str(error), 409)
        except ValueError as error:
            refuse(str(error), 400)
        if is_told is None:
            refuse("This request is not held.")
        if not is_told:
            refuse("This request goes on already.", 409)
        return {"did": do}

    return api


def _tell(found: SharedHolds, trace_id: str, do: str, status: t.Any, text: t.Any) -> bool | None:
    """Let a request go on; return False if it does already, and None if it is not held."""
    for one in found.holder.held():
        if one.writer.trace.id == trace_id:
            return found.holder.tell(one, do, status, text)
    other = found.find(trace_id)
    if other is None:
        return None
    found.tell(other, do, status, text)
    return True


__all__ = ["create_holds"]
