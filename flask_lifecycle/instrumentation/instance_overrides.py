"""Record Flask methods that an app object overrides with instance attributes.

Flask-DebugToolbar, Flask-RESTful and Flask-RESTX set such attributes.
"""

from __future__ import annotations

import typing as t
from functools import partial
from types import SimpleNamespace

Recorded = t.Callable[[t.Any], t.Any]


class _Override:
    """A data descriptor, as ``property`` is, that records an instance override.

    :param method: the method that records Flask's.
    :param recorded: returns a recording wrapper of another function.
    """

    def __init__(self, name: str, method: t.Any, recorded: Recorded) -> None:
        self._name = name
        self._method = method
        self._recorded = recorded
        self._known: tuple[t.Any, t.Any] = (None, None)

    def __get__(self, app: t.Any, kind: type | None = None) -> t.Any:
        held = None if app is None else vars(app).get(self._name)
        if held is None:
            return self._method.__get__(app, kind)
        known, recorded = self._known
        if known is not held:
            recorded = self._recorded(held)
            self._known = (held, recorded)
        return recorded

    def __set__(self, app: t.Any, held: t.Any) -> None:
        vars(app)[self._name] = held
        self._known = (None, None)

    def __delete__(self, app: t.Any) -> None:
        del vars(app)[self._name]
        self._known = (None, None)


def in_place(name: str, method: Recorded) -> Recorded:
    """Make the recorder of a class's method also fit an instance override."""

    def recorded(held: t.Any) -> t.Any:
        def call(_app: None, *args: t.Any, **kwargs: t.Any) -> t.Any:
            return held(*args, **kwargs)

        return partial(method(SimpleNamespace(**{name: call})), None)

    return recorded


def record_held(methods: dict[str, Recorded]) -> t.Callable[[t.Any], None]:
    """Return a function that finds an app's instance overrides and makes them recorded.

    :param methods: by method name, a function that returns a recording wrapper.
    """

    def look(app: t.Any) -> None:
        held = vars(app)
        if held.keys().isdisjoint(methods):
            return
        kind = type(app)
        for name in methods.keys() & held.keys():
            method = vars(kind)[name]
            if not isinstance(method, _Override):
                setattr(kind, name, _Override(name, method, methods[name]))

    return look


__all__ = ["Recorded", "in_place", "record_held"]
