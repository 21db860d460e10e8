"""``api/breakpoints``, ``api/held``: where requests are held, and how they go on.

Calls that change anything need the page's key or the token, also from this machine: the gate sees
to it.
"""

from __future__ import annotations

from collections.abc import Callable

import flask

from ...holds.breakpoints import parse
from ...holds.held import Held
from ...holds.holder import Holder
from ...holds.instead import CannotError
from ...trace.model import INTERVENTIONS, JsonObject
from ..access.gate import Gate
from ..kept_breakpoints import KeptBreakpoints
from ..live.threads import server_of
from ..next_functions import next_functions
from ..running import parse_running
from .lookup import json_object, refuse

_OFF = "Requests are not held: LIFECYCLE_HOLD is False."
_DO = ("go", "step", "end", "all", *INTERVENTIONS)
_CACHED = 64


def create_holds(
    holder: Holder | None,
    gate: Gate,
    app_map: Callable[[], JsonObject],
    seconds: float,
    kept: KeptBreakpoints,
) -> flask.Blueprint:
    """Return the blueprint.

    :param holder: holds the requests; None if that is turned off.
    :param gate: knows the clients with the token, and how many websockets are open.
    :param app_map: returns the map of the app.
    :param seconds: how long a client with the token counts as a viewer after a call.
    :param kept: has the breakpoints of earlier processes.
    """
    if holder is not None:
        kept.load(holder)
    api = flask.Blueprint("holds", __name__)
    known: dict[tuple[str, int, str], list[JsonObject]] = {}

    def called() -> Holder | None:
        """Return the holder, which now knows the server, and that somebody watches."""
        if holder is not None:
            environ = flask.request.environ
            holder.server = server_of(environ, environ["lifecycle.served"], lambda: gate.opened)
            if gate.has_token(environ):
                holder.viewers.called_by_tool(seconds)
            else:
                holder.viewers.called()
        return holder

    def changing() -> Holder:
        found = called()
        if found is None:
            refuse(_OFF, 403)
        return found

    def shown(held: Held) -> JsonObject:
        made = held.to_dict()
        key = made["trace"], made["step"], made["when"]
        if key not in known:
            if len(known) >= _CACHED:
                known.clear()
            known[key] = next_functions(app_map(), held.writer.trace)
        return {**made, "seen": {**made["seen"], "next": known[key]}}

    @api.get("/api/breakpoints")
    def breakpoints() -> JsonObject:
        found = called()
        if found is None:
            return {"on": False, "breakpoints": [], "revision": 0, "cannot": _OFF}
        return found.to_dict()

    @api.put("/api/breakpoints")
    def replace() -> JsonObject:
        found = changing()
        given = json_object()
        on = given.get("on", True)
        try:
            made = parse(given.get("breakpoints"), parse_running)
        except ValueError as error:
            refuse(str(error), 400)
        if type(on) is not bool:
            refuse("on: true or false is expected.", 400)
        never = found.why_never()
        if made and never:
            refuse(never, 409)
        found.set(made, on=on)
        kept.save(found)
        return found.to_dict()

    @api.get("/api/held")
    def held() -> JsonObject:
        found = called()
        if found is None:
            return {"held": [], "passed": 0, "threads": None, "room": 0, "cannot": _OFF}
        return {
            "held": [shown(each) for each in found.held()],
            "passed": found.passed,
            "threads": found.server.threads,
            "room": found.server.room(),
            "cannot": found.why_none(),
        }

    @api.post("/api/held")
    def tell_all() -> JsonObject:
        found = changing()
        do = json_object().get("do")
        if do not in ("go", "all"):
            refuse("do: go or all is expected.", 400)
        return {"did": do, "released": found.let_all_go(do)}

    @api.post("/api/held/<trace_id>")
    def tell(trace_id: str) -> JsonObject:
        found = changing()
        given = json_object()
        do = given.get("do")
        if type(do) is not str or do not in _DO:
            refuse(f"do: one of {', '.join(_DO)} is expected.", 400)
        one = next((each for each in found.held() if each.writer.trace.id == trace_id), None)
        if one is None:
            refuse("This request is not held.")
        try:
            is_told = found.tell(one, do, given.get("status"), given.get("text"))
        except CannotError as error:
            refuse(str(error), 409)
        except ValueError as error:
            refuse(str(error), 400)
        if not is_told:
            refuse("This request goes on already.", 409)
        return {"did": do}

    return api


__all__ = ["create_holds"]
