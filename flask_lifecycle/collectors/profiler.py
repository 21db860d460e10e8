"""Profile one request on demand with pyinstrument (https://pyinstrument.readthedocs.io).

Nothing is wrapped until a viewer asks. Then ``full_dispatch_request``, from the first hook to the
response, runs once under the profiler, for the next request with the requested method and endpoint.
Other threads, such as those of async views, and a streamed body are not sampled.
"""

from __future__ import annotations

import typing as t
import weakref
from importlib.util import find_spec

import flask

from .. import locks
from ..faults import fault
from ..recorder.current import current
from ..recorder.user_code import is_library, is_ours
from ..trace.model import JsonObject
from ..trace.writer import LiveTrace

_INTERVAL = 0.0005
_METHOD = "full_dispatch_request"
# A fraction of the whole time: smaller calls are not shown separately.
_LEAST = 0.002
_DEEPEST = 100


class Profiles:
    """The profiles of one app's requests.

    :param app: returns the app, or None once it is gone.
    """

    def __init__(self, app: t.Callable[[], flask.Flask | None]) -> None:
        self._app = app
        self._lock = locks.lock()
        self._found: weakref.WeakKeyDictionary[LiveTrace, JsonObject]
        self._found = weakref.WeakKeyDictionary()
        #: The method and endpoint of the next request to profile.
        self.wanted: tuple[str, str | None] | None = None

    @property
    def available(self) -> bool:
        """Return whether pyinstrument is installed."""
        return find_spec("pyinstrument") is not None

    def ask(self, method: str, endpoint: str | None) -> None:
        """Profile the next request for this endpoint with this method."""
        app = self._app()
        with self._lock:
            if app is not None and self.available:
                # An instance override of the app stays, and nothing is profiled.
                vars(app).setdefault(_METHOD, self._dispatch)
                self.wanted = method, endpoint

    def cancel(self) -> None:
        """Cancel the pending profile."""
        with self._lock:
            self._done()

    def _done(self) -> None:
        app = self._app()
        if app is not None and vars(app).get(_METHOD) == self._dispatch:
            del vars(app)[_METHOD]
        self.wanted = None

    def of(self, trace: LiveTrace) -> JsonObject | None:
        """Return a request's profile, or None.

        :returns: a tree: ``{"name", "file", "line", "time", "self", "own", "children"}``; times
            in ns, ``own`` for the app's code.
        """
        return self._found.get(trace)

    def _dispatch(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        """Replace the app's method for one request."""
        __tracebackhide__ = True
        app: t.Any = self._app()
        run = getattr(type(app), _METHOD)
        if not self._is_wanted():
            return run(app, *args, **kwargs)
        profiler = _begin()
        if profiler is None:
            return run(app, *args, **kwargs)
        try:
            return run(app, *args, **kwargs)
        finally:
            self._keep(profiler)

    def _is_wanted(self) -> bool:
        with self._lock:
            request = flask.request
            if current.get().owner is None or self.wanted != (request.method, request.endpoint):
                return False
            self._done()
            return True

    def _keep(self, profiler: t.Any) -> None:
        try:
            trace = current.get()
            tree = _tree(profiler.stop())
            if trace.owner is not None and tree is not None:
                self._found[trace] = tree
        except Exception as error:
            fault("the end of a profile", error)


def _begin() -> t.Any:
    try:
        from pyinstrument import Profiler

        # Other threads may profile at the same time; async code runs in asgiref's thread anyway.
        profiler = Profiler(interval=_INTERVAL, async_mode="disabled")
        profiler.start()
    except Exception as error:
        fault("the beginning of a profile", error)
        return None
    return profiler


def _tree(session: t.Any) -> JsonObject | None:
    from pyinstrument.processors import aggregate_repeated_calls

    root = _dispatched(session.root_frame())
    if root is None:
        return None
    root = t.cast("t.Any", aggregate_repeated_calls(root, {}))
    return _node(root, root.time * _LEAST, 0)


def _dispatched(root: t.Any) -> t.Any:
    """Return the frame of Flask's method, without its callers and without unrelated samples."""
    frames = [root] if root is not None else []
    while frames:
        found = next((frame for frame in frames if frame.function == _METHOD), None)
        if found is not None:
            return found
        frames = [child for frame in frames for child in frame.children]
    return None


def _node(frame: t.Any, least: float, depth: int) -> JsonObject:
    called = list(_called(frame))
    children = [
        _node(each, least, depth + 1)
        for each in sorted(called, key=lambda each: each.time, reverse=True)
        if each.time >= least and depth < _DEEPEST
    ]
    return {
        "name": frame.function,
        "file": frame.file_path or "",
        "line": frame.line_no or 0,
        "time": round(frame.time * 1e9),
        "self": round((frame.time - sum(each.time for each in called)) * 1e9),
        "own": bool(frame.file_path) and not is_library(frame.file_path),
        "children": children,
    }


def _called(frame: t.Any) -> t.Iterator[t.Any]:
    """Yield the callees of a frame, skipping this package's functions."""
    for each in frame.children:
        if each.is_synthetic:
            continue
        if is_ours(each.file_path or ""):
            yield from _called(each)
        else:
            yield each


__all__ = ["Profiles"]
