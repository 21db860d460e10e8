"""The app's functions that Flask is going to call for a running request, by the app's map."""

from __future__ import annotations

import typing as t
from collections import Counter

from ..trace.log import WIDTH
from ..trace.model import JsonObject
from ..trace.notes import SHORT_CIRCUIT
from ..trace.writer import LiveTrace

_ORDER = (
    *("url_value_preprocessor", "before_request", "view", "after_request"),
    *("teardown_request", "teardown_appcontext"),
)
_AFTER = _ORDER.index("after_request")
# What lies between the functions of two stages.
_REACHED = {
    "error_handler": _AFTER,
    "make_response": _AFTER,
    "after_this_request": _AFTER,
    "session_save": _AFTER + 1,
    "start_response": _AFTER + 1,
    "body": len(_ORDER),
    "body_close": len(_ORDER),
}
_MOST = 50


def next_functions(app_map: JsonObject, trace: LiveTrace) -> list[JsonObject]:
    """Return the functions, in order; an exception or a short-circuit may change them.

    :param app_map: the response of ``GET api/app``.
    """
    columns = trace.columns()
    ran = Counter((each.stage, each.callable, each.scope) for each in columns.tracepoints)
    reached = max(
        (
            _ORDER.index(each.stage) if each.stage in _ORDER else _REACHED.get(each.stage, 0)
            for each in columns.tracepoints
        ),
        default=0,
    )
    if any(
        columns.notes.outcomes.get(at * WIDTH) is SHORT_CIRCUIT and each.stage == "before_request"
        for at, each in enumerate(columns.tracepoints)
    ):
        reached = max(reached, _AFTER)
    found = []
    for hook in _planned(app_map, trace):
        key = hook["stage"], hook["callable"], hook["scope"]
        if ran[key] > 0:
            ran[key] -= 1
        elif _ORDER.index(hook["stage"]) >= reached:
            found.append({name: hook[name] for name in ("stage", "name", "callable", "scope")})
    return found[:_MOST]


def _planned(app_map: JsonObject, trace: LiveTrace) -> t.Iterator[JsonObject]:
    route = trace.route
    named = None if route is None else (route.rule, route.endpoint)
    rules = app_map.get("rules", ())
    rule = next((each for each in rules if (each["rule"], each["endpoint"]) == named), None)
    plan = app_map.get("unmatched", {}) if rule is None else rule["plan"]
    hooks = app_map.get("hooks", ())
    for stage in _ORDER:
        if stage == "view" and rule is not None and rule["view"] is not None:
            yield rule["view"]
        for number in plan.get(stage, ()):
            yield hooks[number]


__all__ = ["next_functions"]
