"""Record views that are called without Flask's own ``dispatch_request``.

Flask-DebugToolbar, and apps that override the dispatch, look the view up and call it themselves. So
if Flask's dispatch is overridden, the app gets a view dict that returns recorded functions for the
lookup that precedes the call of the request's view; all other lookups get the original.
"""

from __future__ import annotations

import functools
import inspect
import typing as t
from operator import attrgetter, is_
from types import FrameType, FunctionType, MethodType
from weakref import WeakSet

import flask

from ..faults import fail_open
from ..recorder.current import current
from ..recorder.probe import Call
from ..recorder.user_code import caller
from ..trace.owner import Owner
from ..trace.writer import Writer

# The methods in which a view may be called.
_DISPATCHING = ("wsgi_app", "full_dispatch_request", "preprocess_request", "dispatch_request")
_get_dispatching = attrgetter(*_DISPATCHING)
_FLASKS = _get_dispatching(flask.Flask)


class Views:
    """The views of one app that are called without Flask's own ``dispatch_request``.

    :param owner: the app's identity.
    :param record: returns a recorded function, or None.
    :param caller: the stand-in for the method that calls them.
    """

    def __init__(self, owner: Owner, record: Call, caller: t.Any) -> None:
        self._owner = owner
        self._record = record
        self._caller = caller
        self._steps: WeakSet[t.Any] = WeakSet()

    def look(self, app: flask.Flask) -> None:
        """Install our view dict, if Flask's dispatch is overridden."""
        held = vars(app)
        views = held.get("view_functions")
        if type(views) is not dict:
            return
        # Checked for each new path.
        classes = _get_dispatching(type(app).__bases__[0])
        if not held.keys().isdisjoint(_DISPATCHING) or not all(map(is_, classes, _FLASKS)):
            held["view_functions"] = _Registry(views, self)

    def give_back(self, app: flask.Flask) -> None:
        """Restore an app's own dict, with what was registered since."""
        views = vars(app).get("view_functions")
        if isinstance(views, _Registry):
            vars(app)["view_functions"] = views.given_back()

    def is_recorded(self, func: t.Any) -> bool:
        """Return whether a function is a recorded view made here."""
        return type(func) is FunctionType and func in self._steps

    def own(self, func: t.Any) -> t.Any:
        """Return the original async view of a recorded one, which ``ensure_sync`` needs."""
        is_recorded = self.is_recorded(func) and inspect.iscoroutinefunction(func)
        return func.__wrapped__ if is_recorded else func

    @fail_open
    def caller(self, app: flask.Flask, writer: Writer, func: t.Any) -> t.Any:
        """Return the caller of a function, if it is the request's view and about to be called."""
        endpoint = writer.trace.endpoint
        is_view = endpoint is not None and dict.get(app.view_functions, endpoint) is func
        return self._caller if is_view and writer.function() < 0 else None

    @fail_open
    def found(self, endpoint: t.Any, view: t.Any) -> t.Any:
        """Return the recorded view for a lookup; None if the original is to be returned."""
        writer = current.get()
        if (
            writer.owner is not self._owner
            or writer.trace.endpoint != endpoint
            or writer.function() >= 0
            or _is_flasks(caller())
        ):
            return None
        known = self._caller.functions.get(id(view))
        if known is not None:
            return self._calling(MethodType(known, view), view)
        app = flask.current_app._get_current_object()  # type: ignore[attr-defined]
        step = self._record(app, writer, "view", self._caller.functions, view, view)
        return None if step is None else self._calling(step, view)

    def _calling(self, step: t.Any, view: t.Any) -> t.Any:
        """Return a function with the view's name and signature; nothing keeps it alive."""

        def recorded(*args: t.Any, **kwargs: t.Any) -> t.Any:
            __tracebackhide__ = True
            return step(*args, **kwargs)

        async def async_recorded(*args: t.Any, **kwargs: t.Any) -> t.Any:
            __tracebackhide__ = True
            return await step(*args, **kwargs)

        is_async = inspect.iscoroutinefunction(view)
        made = functools.wraps(view)(async_recorded if is_async else recorded)
        self._steps.add(made)
        return made


_codes = frozenset(inspect.unwrap(method).__code__ for method in _FLASKS)


def _is_flasks(frame: FrameType | None) -> bool:
    """Return whether Flask's own code looks a view up, to pass it to ensure_sync."""
    return frame is not None and frame.f_code in _codes


class _Registry(dict[str, t.Any]):
    """The views of an app, by their endpoints.

    The app's own dict always has the same items: others may refer to it, and neither dict keeps
    alive what the app removes.
    """

    def __init__(self, own: dict[str, t.Any], views: Views) -> None:
        super().__init__(own)
        self._own = own
        self._views = views

    def given_back(self) -> dict[str, t.Any]:
        """Return the app's own dict."""
        return self._own

    def __getitem__(self, endpoint: t.Any) -> t.Any:
        view = super().__getitem__(endpoint)
        found = self._views.found(endpoint, view)
        return view if found is None else found

    def __reduce__(self) -> tuple[t.Any, ...]:
        return dict, (dict(self),)


def _mirrored(name: str) -> t.Any:
    """Return a method that changes the app's own dict, too."""
    method = getattr(dict, name)

    @functools.wraps(method)
    def changed(self: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
        try:
            return method(self, *args, **kwargs)
        finally:
            self._own.clear()
            self._own.update(self)

    return changed


for _name in (
    *("__setitem__", "__delitem__", "__ior__", "clear", "pop", "popitem", "setdefault", "update"),
):
    setattr(_Registry, _name, _mirrored(_name))


__all__ = ["Views"]
