"""The functions that the app's map lists for a request and that did not run, and why."""

from __future__ import annotations

import typing as t
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from ..trace.details import mapping
from ..trace.model import JsonObject, Source, Step, Trace
from ..trace.sentences.words import short

#: In Flask's order; context processors run only with a template.
_STAGES = (
    "url_value_preprocessor",
    "before_request",
    "view",
    "after_request",
    "teardown_request",
    "teardown_appcontext",
)
# Those of the first kind are called before the others, in one method.
_AFTER = {"after_request": ("after_this_request", "after_request")}
_BEFORE = frozenset(("before_request", "url_value_preprocessor"))


@dataclass(frozen=True, slots=True)
class Skipped:
    """A function that did not run; ``why`` is empty where the steps do not show it."""

    stage: str
    name: str
    callable: str | None
    source: Source | None
    scope: str | None
    package: str | None
    why: str


def skipped(trace: Trace, app_map: JsonObject | None) -> tuple[Skipped, ...]:
    """Return the functions that did not run, in Flask's order.

    :param trace: of a request that is done; while it runs, nothing is skipped.
    :param app_map: the map of the app, as it is now; an app without the request's rule says
        nothing.
    """
    if trace.state != "done" or app_map is None:
        return ()
    rule = _rule(trace, app_map)
    if rule is None and trace.url_rule is not None:
        return ()
    plan = mapping(app_map["unmatched"] if rule is None else rule["plan"])
    view = None if rule is None else rule["view"]
    ran = Counter((step.stage, step.callable, step.scope or "app") for step in trace.steps)
    return tuple(
        Skipped(
            stage=stage,
            name=hook["name"],
            callable=hook["callable"],
            source=None if hook["source"] is None else Source(**hook["source"]),
            scope=hook["scope"],
            package=hook["package"],
            why=why,
        )
        for stage in _STAGES
        for hook in _left(stage, plan, app_map["hooks"], view, trace, ran)
        for why in [_why(trace, stage)]
    )


def _rule(trace: Trace, app_map: JsonObject) -> JsonObject | None:
    same = (
        rule
        for rule in app_map["rules"]
        if rule["endpoint"] == trace.endpoint and rule["rule"] == trace.url_rule
    )
    return next(same, None)


def _left(
    stage: str,
    plan: t.Mapping[str, list[int]],
    hooks: list[JsonObject],
    view: JsonObject | None,
    trace: Trace,
    ran: Counter[tuple[str, str | None, str]],
) -> Iterator[JsonObject]:
    """Yield the functions of a stage that have no step."""
    if stage == "view":
        if view is not None and not trace.find(stage="view"):
            yield view
        return
    for index in plan.get(stage, ()):
        hook = hooks[index]
        key = (stage, hook["callable"], hook["scope"] or "app")
        if ran[key]:
            ran[key] -= 1
        else:
            yield hook


def _why(trace: Trace, stage: str) -> str:
    if stage == "view" and trace.method == "OPTIONS" and trace.error is None:
        dispatch = trace.find(stage="dispatch")
        if dispatch and dispatch[0].outcome == "ok":
            return "Flask answers OPTIONS by itself"
    if stage == "teardown_appcontext" and trace.parent and not trace.find(stage="app_context_pop"):
        return "the app context is that of the outer request"
    stages = _BEFORE if stage in _BEFORE or stage == "view" else _AFTER.get(stage, (stage,))
    ends = (
        step for step in trace.steps if step.stage in stages and step.outcome not in (None, "ok")
    )
    left = "" if stage != "after_request" else _left_app(trace)
    return next(map(_cause, ends), left)


def _left_app(trace: Trace) -> str:
    """Say which exception left the app before it had a response, if one did."""
    has_left = bool(trace.steps) and trace.steps[0].outcome == "raised"
    return f"{short(trace.error.type)} left the app" if has_left and trace.error else ""


def _cause(step: Step) -> str:
    name = short(step.name)
    if step.outcome == "short_circuit":
        return f"{name} responds first"
    return f"{name} raises {short(step.error.type)}" if step.error else f"{name} raises"


__all__ = ["Skipped", "skipped"]
