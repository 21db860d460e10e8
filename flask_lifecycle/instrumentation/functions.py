"""Record each of the user's functions that Flask calls as a step.

Each of the user's functions that Flask calls passes through ``app.ensure_sync`` (except URL value
preprocessors and URL defaults); the Flask method that passes it there determines the stage.
"""

from __future__ import annotations

import functools
import inspect
import sys
import types
import typing as t
from sys import _getframe
from types import MethodType

import flask
import flask.views

from ..collectors import changes
from ..core import shortcut
from ..faults import fail_open
from ..recorder.current import current
from ..recorder.memo import Memo
from ..recorder.probe import Call, Probe
from ..trace.notes import SHORT_CIRCUIT, Facts
from ..trace.owner import Owner
from ..trace.tracepoint import Tracepoint, number
from ..trace.writer import Writer
from .async_functions import observed
from .function_tracepoints import Found, FunctionTracepoints
from .return_values import returned
from .views import Views

# The Flask method that passes a function through ensure_sync determines its stage.
_CALLERS = {
    "preprocess_request": "before_request",
    "dispatch_request": "view",
    "process_response": "after_request",
    "do_teardown_request": "teardown_request",
    "do_teardown_appcontext": "teardown_appcontext",
    "update_template_context": "context_processor",
    "handle_http_exception": "error_handler",
    "handle_user_exception": "error_handler",
    "handle_exception": "error_handler",
}

# By stage: the parameters of its functions, and what is recorded about them.
_PARAMETERS = {
    "url_value_preprocessor": "endpoint, values",
    "before_request": "",
    "view": "**kwargs",
    "context_processor": "",
    "url_defaults": "endpoint, values",
    "error_handler": "error",
    "after_this_request": "response",
    "after_request": "response",
    "teardown_request": "exc",
    "teardown_appcontext": "exc",
}
_TAKE_RESPONSES = ("after_request", "after_this_request")
# The number of functions that are looked up again at each call and share their recorders.
_CACHED = 1024


class Caller(t.NamedTuple):
    """One of the Flask methods that pass the user's functions through ``ensure_sync``."""

    #: Kept alive, so that its id stays unique.
    code: types.CodeType
    stage: str
    #: The recorder of each of the user's functions, to be bound to it.
    functions: Memo[Call]


class Functions:
    """The user's functions that one app calls.

    :param base: the app's original class.
    :param owner: the app's identity.
    :param recording: makes a recorded function for the requests of this app.
    :param view_args: returns what to record of a view's arguments.
    :param changes: whether to record what each function changes.
    """

    def __init__(
        self,
        base: type[flask.Flask],
        owner: Owner,
        recording: Call,
        view_args: t.Callable[[dict[str, t.Any]], Facts | None],
        *,
        changes: bool,
    ) -> None:
        self._base = base
        self._owner = owner
        self._recording = recording
        self._view_args = view_args
        self._changes = changes
        self._callers: dict[int, Caller] = {}
        self._functions: dict[str, Memo[Call]] = {stage: Memo() for stage in _PARAMETERS}
        self._tracepoints = FunctionTracepoints()
        self._recorders: dict[tuple[int, str, bool], Call] = {}
        # A plain function stays plain if Flask's own code decides that.
        self._remembers = base.ensure_sync is flask.Flask.ensure_sync
        #: The views that are called without Flask's own ``dispatch_request``.
        self.views: Views = Views(owner, self.recorded, Caller(_no_code.__code__, "view", Memo()))

    def ensure_sync(self) -> t.Any:
        """Return the app's ``ensure_sync``, which returns recorded functions."""
        owner = self._owner
        callers = self._callers
        # By function: the code of the Flask method that calls it, and its recorder.
        usual: Memo[tuple[types.CodeType, Call]] = Memo()
        find_caller = self._caller
        recorded = self.recorded
        views = self.views
        base_ensure_sync: t.Any = self._base.ensure_sync
        in_views = vars(flask.views)

        @shortcut("ensure_sync", callers)
        def ensure_sync(self: flask.Flask, func: t.Any) -> t.Any:
            frame = _getframe(1)
            code = frame.f_code
            known = usual.get(id(func))
            if known is not None and known[0] is code:
                # Where this app's requests are not recorded, it records nothing.
                return MethodType(known[1], func)
            caller = callers.get(id(code))
            if caller is not None:
                step = caller.functions.get(id(func))
                if step is not None:
                    if known is None:
                        usual.keep(func, (code, step))
                    return MethodType(step, func)
            writer = current.get()
            if writer.owner is not owner:
                return base_ensure_sync(self, func)
            func = views.own(func)
            caller = caller or find_caller(self, code) or views.caller(self, writer, func)
            if caller is None:
                # The methods of a class-based view are part of its step.
                if frame.f_globals is in_views and inspect.iscoroutinefunction(func):
                    func = observed(func, writer) or func
                return base_ensure_sync(self, func)
            is_async = inspect.iscoroutinefunction(func)
            run = base_ensure_sync(self, (observed(func, writer) or func) if is_async else func)
            step = recorded(self, writer, caller.stage, caller.functions, func, run)
            return run if step is None else step

        return ensure_sync

    @fail_open
    def _caller(self, app: flask.Flask, code: types.CodeType) -> Caller | None:
        """Return the stage of the functions that a Flask method passes through ``ensure_sync``."""
        # Others have methods of the same names, such as MethodView.dispatch_request.
        methods = [
            (name, vars(kind)[name])
            for kind in self._base.__mro__
            for name in _CALLERS
            if name in vars(kind)
        ]
        methods += [(name, vars(app)[name]) for name in _CALLERS if name in vars(app)]
        stages = [_CALLERS[name] for name, method in methods if _code_of(method) is code]
        if not stages:
            return None
        stage = stages[0]
        known = self._callers[id(code)] = Caller(code, stage, self._functions[stage])
        return known

    @fail_open
    def recorded(
        self,
        app: flask.Flask,
        writer: Writer,
        stage: str,
        functions: Memo[Call],
        func: t.Any,
        run: t.Any,
    ) -> t.Any:
        """Return ``run``, recorded as a step, or None; ``func`` is the user's original function.

        :param functions: caches the recorder, if it is the same at each call.
        """
        if self.views.is_recorded(func):
            return run
        found = self._tracepoints.of(app, writer, stage, func)
        if found is None:
            return None

        awaits = inspect.iscoroutinefunction(run)
        step = _unrecorded if found.tracepoint is None else self._recorder(found, awaits=awaits)
        if found.lasting and self._remembers and run is func:
            functions.keep(func, step)
        return MethodType(step, run)

    def _recorder(self, found: Found, *, awaits: bool) -> Call:
        """Return a recorder that takes its function as an argument and does not keep it alive."""
        tracepoint = t.cast("Tracepoint", found.tracepoint)
        key = number(tracepoint), found.handles, awaits
        known = self._recorders.get(key)
        if known is None:
            if len(self._recorders) >= _CACHED:
                self._recorders.clear()
            known = self._recorders[key] = self._recording(
                None,
                number(tracepoint),
                *self._probes(tracepoint.stage, found),
                name="step_of_user",
                parameters=_PARAMETERS[tracepoint.stage],
                awaits=awaits,
            )
        return known

    def _probes(self, stage: str, found: Found) -> t.Iterator[Probe]:
        if stage == "view":
            yield Probe(note=self._view_args)
        elif stage == "error_handler":
            yield Probe(note=lambda: Facts({"for": found.handles}))
        elif stage == "before_request":
            yield Probe(after=_answered)
        if self._changes:
            if stage in _TAKE_RESPONSES:
                yield changes.RESPONSES
            yield changes.CHANGES


def _code_of(method: t.Any) -> t.Any:
    while isinstance(method, (functools.partial, types.MethodType)):
        method = method.func if isinstance(method, functools.partial) else method.__func__
    return getattr(inspect.unwrap(method), "__code__", None)


def _no_code() -> None: ...


if sys.version_info >= (3, 11):
    # Calls one of Flask's own functions, without a frame.
    from operator import call as _unrecorded
else:

    def _unrecorded(func: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
        __tracebackhide__ = True
        return func(*args, **kwargs)


def _answered(writer: Writer, step: int, result: t.Any) -> None:
    writer.notes.outcomes[step] = SHORT_CIRCUIT
    writer.notes.details[step] = Facts(returned=returned(result))


__all__ = ["Functions"]
