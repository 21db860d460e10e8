"""Profile one request on demand with pyinstrument (https://pyinstrument.readthedocs.io).

Nothing is wrapped until a viewer asks. Then ``full_dispatch_request``, from the first hook to the
response, runs once under the profiler, for the next request with the requested method and endpoint.
Other threads, such as those of async views, and a streamed body are not sampled.

The profile is a detail of the request's outermost step, so that histories and files have it: its
``files``, and its ``nodes``, each of which follows its caller: the caller's index, the name, the
index of the file, the line, the time with what it called and without, in ns, and whether it is the
app's own code.
"""

from __future__ import annotations

import typing as t
from heapq import heappop, heappush
from importlib.util import find_spec

import flask

from .. import locks
from ..faults import fault
from ..recorder.current import current
from ..recorder.user_code import is_library, is_ours
from ..redact import Redactor
from ..trace.notes import Facts

_INTERVAL = 0.0005
_METHOD = "full_dispatch_request"
# A fraction of the whole time: smaller calls are not shown separately.
_LEAST = 0.002
_DEEPEST = 100
# The characters that a node takes beside its texts, about.
_FIELDS = 60


class Profiles:
    """The profiles of one app's requests.

    :param app: returns the app, or None once it is gone.
    """

    def __init__(self, app: t.Callable[[], flask.Flask | None]) -> None:
        self._app = app
        self._lock = locks.lock()
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
            root = _root(profiler.stop())
            if trace.owner is not None and root is not None:
                trace.notes.add(0, "profile", _listed(root, trace.redactor))
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


def _root(session: t.Any) -> t.Any:
    from pyinstrument.processors import aggregate_repeated_calls

    root = _dispatched(session.root_frame())
    return None if root is None else aggregate_repeated_calls(root, {})


def _dispatched(root: t.Any) -> t.Any:
    """Return the frame of Flask's method, without its callers and without unrelated samples."""
    frames = [root] if root is not None else []
    while frames:
        found = next((frame for frame in frames if frame.function == _METHOD), None)
        if found is not None:
            return found
        frames = [child for frame in frames for child in frame.children]
    return None


def _listed(root: t.Any, redactor: Redactor) -> Facts:
    """Return a frame and what it called; the longest, if they are more than one detail may have."""
    files: dict[str, int] = {}
    nodes: list[t.Any] = []
    least, room = root.time * _LEAST, redactor.max_bytes
    # A frame takes no longer than its caller: the longest of those left is never before that.
    left: list[tuple[float, int, t.Any, int | None, int]] = [(-root.time, 0, root, None, 0)]
    number = 0
    while left:
        _, _, frame, caller, depth = heappop(left)
        called = [*_called(frame)]
        name, file = redactor.text(frame.function), redactor.text(frame.file_path or "")
        room -= len(name) + (0 if file in files else len(file)) + _FIELDS
        if nodes and room < 0:
            break
        own = bool(frame.file_path) and not is_library(frame.file_path)
        took = round(frame.time * 1e9)
        inner = round((frame.time - sum(each.time for each in called)) * 1e9)
        place = files.setdefault(file, len(files)), frame.line_no or 0
        nodes.append([caller, name, *place, took, max(0, inner), own])
        for each in called if depth < _DEEPEST else ():
            if each.time >= least:
                number += 1
                heappush(left, (-each.time, number, each, len(nodes) - 1, depth + 1))
    return Facts(files=[*files], nodes=nodes)


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
