"""Registries: where an app stores its own and its blueprints' functions."""

from __future__ import annotations

import typing as t
import weakref
from collections import defaultdict
from sys import _getframe
from types import MethodType

import flask

from ..recorder.current import current
from ..recorder.memo import Memo
from ..recorder.probe import Call
from ..trace.owner import Owner
from ..trace.writer import Writer

# Functions that do not pass through ensure_sync: stage, and the method that calls them.
_UNSYNCED = {
    "url_value_preprocessors": ("url_value_preprocessor", "preprocess_request"),
    "url_default_functions": ("url_defaults", "inject_url_defaults"),
}


class _Registry(defaultdict[t.Any, list[t.Any]]):
    """A registry whose functions are recorded while Flask calls them."""

    def __init__(
        self,
        app: flask.Flask,
        owner: Owner,
        function: Call,
        name: str,
        stage: str,
        caller: str,
    ) -> None:
        own = vars(app)[name]
        super().__init__(list, own)
        self._app = weakref.ref(app)
        self._owner = owner
        self._function = function
        self._name = name
        self._own = own
        self._stage = stage
        self._caller = caller
        self._recorded: Memo[Call] = Memo()

    def give_back(self, app: flask.Flask) -> None:
        """Restore the app's own registry, with what was registered since."""
        self._own.update(self)
        vars(app)[self._name] = self._own

    def __getitem__(self, scope: t.Any) -> list[t.Any]:
        functions = super().__getitem__(scope)
        writer = current.get()
        if writer.owner is not self._owner or _getframe(1).f_code.co_name != self._caller:
            return functions
        return [self._record(writer, each) for each in functions]

    # A copy is plain: a defaultdict would return its own class, unlike a dict.

    def copy(self) -> t.Any:
        return defaultdict(self.default_factory, self)

    __copy__ = copy

    def __or__(self, other: t.Any) -> t.Any:
        return self.copy() | other

    def __ror__(self, other: t.Any) -> t.Any:
        return other | self.copy()

    def __reduce__(self) -> t.Any:
        return self.copy().__reduce__()

    def __repr__(self) -> str:
        return repr(self.copy())

    def _record(self, writer: Writer, func: t.Any) -> t.Any:
        step = self._recorded.get(id(func))
        if step is not None:
            return MethodType(step, func)
        step = self._function(self._app(), writer, self._stage, self._recorded, func, func)
        return func if step is None else step


def install(app: flask.Flask, owner: Owner, function: Call) -> None:
    """Record the functions that do not pass through ``ensure_sync``.

    :param owner: the app's identity.
    :param function: takes the app, the writer, the stage, the cache of recorded functions, the
        function and its runner; returns the recorded function, or None.
    """
    for name, (stage, caller) in _UNSYNCED.items():
        setattr(app, name, _Registry(app, owner, function, name, stage, caller))


def give_back(app: flask.Flask) -> None:
    """Restore an app's own registries."""
    for name in _UNSYNCED:
        registry = vars(app).get(name)
        if isinstance(registry, _Registry):
            registry.give_back(app)


def scopes_of(app: flask.Flask, stage: str, func: t.Any) -> list[str | None]:
    """Return who registered a function for a stage: names of blueprints, None for the app."""
    registry = _registry(app, stage)
    return [name for name in registry if any(func is each for each in registry[name])]


def _registry(app: flask.Flask, stage: str) -> dict[str | None, list[t.Any]]:
    if stage == "teardown_appcontext":
        return {None: app.teardown_appcontext_funcs}
    name = {
        "url_value_preprocessor": "url_value_preprocessors",
        "url_defaults": "url_default_functions",
        "context_processor": "template_context_processors",
    }.get(stage, f"{stage}_funcs")
    return t.cast("dict[str | None, list[t.Any]]", app.__dict__.get(name, {}))


__all__ = ["give_back", "install", "scopes_of"]
