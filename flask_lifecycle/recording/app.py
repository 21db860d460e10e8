"""The map of an app as a recording has it: records against which it is checked when it is read."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, fields

from ..trace.model import JsonObject, Source
from .records import FieldError, read


@dataclass(frozen=True, slots=True)
class Hook:
    """A function that the app registered, as it will appear in a step.

    ``is_async``: only its step has the thread in which it ran.
    """

    stage: str
    name: str
    callable: str | None
    source: Source | None
    scope: str | None
    package: str | None = None
    is_async: bool = False


@dataclass(frozen=True, slots=True)
class Handler:
    """An error handler; ``for`` is the code or the name of the exception class."""

    stage: str
    name: str
    callable: str | None
    source: Source | None
    scope: str | None
    for_: str
    package: str | None = None
    is_async: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """Indexes of the app's hooks, in the order in which Flask calls them."""

    url_value_preprocessor: tuple[int, ...]
    before_request: tuple[int, ...]
    context_processor: tuple[int, ...]
    after_request: tuple[int, ...]
    teardown_request: tuple[int, ...]
    teardown_appcontext: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """A URL rule, and the functions that a request for it calls.

    ``blueprints`` are outermost first; ``title`` is the first sentence of the view's docstring.
    """

    rule: str
    endpoint: str
    methods: tuple[str, ...]
    subdomain: str | None
    host: str | None
    blueprints: tuple[str, ...]
    view: Hook | None
    plan: Plan
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Blueprint:
    """A registered blueprint."""

    name: str
    import_name: str
    url_prefix: str | None


@dataclass(frozen=True, slots=True)
class AppProcess:
    """The process of the app."""

    pid: int
    host: str


@dataclass(frozen=True, slots=True)
class AppMap:
    """The response of ``GET api/app``: the app's registries, configuration and environment.

    ``separate_contexts`` is false on Flask 3.2 and later, where the request and app contexts are
    one. ``middleware`` is outermost first. ``packages`` are all that are installed. ``called`` are
    the endpoints that were asked for since the app's start, ``unmatched`` is what a request
    that matches no rule calls.
    """

    name: str
    import_name: str
    debug: bool
    separate_contexts: bool
    versions: dict[str, str]
    packages: dict[str, str]
    environment: JsonObject
    process: AppProcess
    middleware: tuple[Hook, ...]
    blueprints: tuple[Blueprint, ...]
    extensions: tuple[str, ...]
    config: JsonObject
    hooks: tuple[Hook, ...]
    rules: tuple[Rule, ...]
    called: tuple[str, ...]
    unmatched: Plan
    error_handlers: tuple[Handler, ...]


def check_app(value: JsonObject) -> None:
    """Check the map of an app, whose plans refer to its hooks.

    :raises FieldError: it is of another shape.
    """
    app: AppMap = read(AppMap, value)
    for index, rule in enumerate(app.rules):
        try:
            _check_plan(rule.plan, len(app.hooks))
        except FieldError as error:
            raise error.inside("plan").inside(index).inside("rules") from None
    try:
        _check_plan(app.unmatched, len(app.hooks))
    except FieldError as error:
        raise error.inside("unmatched") from None


def _check_plan(plan: Plan, hooks: int) -> None:
    for field in fields(plan):
        for at in t.cast("tuple[int, ...]", getattr(plan, field.name)):
            if at >= hooks:
                raise FieldError(at, "the index of a hook").inside(field.name)


__all__ = ["AppMap", "AppProcess", "Blueprint", "Handler", "Hook", "Plan", "Rule", "check_app"]
