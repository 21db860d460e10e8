"""Wrap one app: its class is swapped for a subclass of the same name whose methods record.

Nothing is copied from Flask: each method passes its arguments through to the app's own class
and notes when it begins and ends.
"""

from __future__ import annotations

import typing as t
from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import flask

from ..collectors import cpu, memory
from ..faults import fail_open
from ..recorder.callables import site_of
from ..recorder.current import current
from ..recorder.errors import hide_frames
from ..recorder.probe import Probe, recording_for
from ..recorder.subclass import give_class, give_class_back, override, subclass_of
from ..redact import Redactor
from ..trace.tracepoint import Site, number
from ..trace.writer import LiveTrace, Writer
from . import url_functions
from .contexts import Contexts
from .error_handling import Errors
from .functions import Functions
from .instance_overrides import record_held
from .return_values import USUAL, returned
from .routing import Routes
from .sessions import Sessions
from .start_response import OnStart, StartResponse
from .wsgi import Calls

_DISPATCH = number(Site("dispatch", "dispatch_request"))
_MAKE_RESPONSE = number(Site("make_response", "make_response"))

# Outermost first: asking the first takes time, which is not to be in the second.
_MEASURES: dict[str, t.Any] = {"memory": memory, "cpu": cpu}


class Instrument:
    """The wrapping of one app.

    :param header: the name of the header that says where the trace is; none, if not given.
    :param ignored: whether the requests for an endpoint or a path are not to be recorded.
    :param on_ignored: is told of each such request.
    :param on_trace: is given each trace when it begins.
    :param mount: answers the calls that are not the app's.
    :param messages: keeps what requests say and how they are answered.
    :param on_response: is given each response when all hooks have had it; returns what is sent.
    :param on_start: returns headers to add to ours where a response begins.
    :param on_exception: is given the app, if it looks for a handler, the trace, each exception and
        the place of the step in which it was raised.
    :param changes: whether to look at what each function changes.
    :param measures: what to measure of each step: ``"cpu"``, ``"memory"``.
    :raises Exception: the app refuses to be wrapped, and is as it was.
    """

    def __init__(
        self,
        app: flask.Flask,
        *,
        redactor: Redactor,
        header: str | None,
        max_steps: int,
        ignored: t.Callable[[str | None, str], bool],
        on_ignored: t.Callable[[], None],
        on_trace: t.Callable[[LiveTrace], None],
        mount: t.Any,
        messages: t.Any,
        on_response: t.Callable[[t.Any, LiveTrace], t.Any] | None = None,
        on_start: OnStart | None = None,
        on_exception: t.Callable[..., None] | None = None,
        changes: bool = True,
        measures: t.Sequence[str] = (),
    ) -> None:
        # One and the same object everywhere: it is compared by identity.
        owner = id(app)
        base: t.Any = type(app)
        measured = [each for name, each in _MEASURES.items() if name in measures]
        recording = recording_for(owner, [each.PROBE for each in measured])
        routes = Routes(redactor, ignored)
        sessions = Sessions()
        errors = Errors(owner, on_exception)
        contexts = Contexts(
            owner, recording, sessions, matched=routes.matched, parsed=messages.parsed
        )
        functions = Functions(base, owner, recording, routes.view_args, changes=changes)

        def make_response(replaced: t.Any) -> t.Any:
            return recording(
                replaced.make_response,
                _MAKE_RESPONSE,
                Probe(note=_Made, after=_made),
                name="make_response",
            )

        held: dict[str, t.Callable[[t.Any], t.Any]] = {
            "dispatch_request": lambda replaced: recording(
                replaced, _dispatch(replaced), parameters="*args, **kwargs", name="dispatch"
            ),
            "handle_user_exception": _in_place(
                "handle_user_exception", errors.handle_user_exception
            ),
            "handle_exception": _in_place("handle_exception", errors.handle_exception),
            "make_response": _in_place("make_response", make_response),
        }
        if on_response is not None:
            held["process_response"] = _in_place(
                "process_response",
                lambda replaced: _process_response(replaced, owner, on_response),
            )
        calls = Calls(
            owner,
            errors=errors,
            start_response=StartResponse(header, on_start, messages.answered),
            redactor=redactor,
            max_steps=max_steps,
            ignored=ignored,
            on_ignored=on_ignored,
            on_unknown=_each(record_held(held), functions.views.look),
            on_trace=on_trace,
            messages=messages,
            measures=measured,
        )
        made = subclass_of(base)
        call, wsgi_app, reached = calls.methods(made, mount)
        methods = {
            "__call__": call,
            "wsgi_app": wsgi_app,
            "app_context": contexts.app_context(base),
            "request_context": _request_context(
                contexts.request_context(base, reached), made, mount
            ),
            "dispatch_request": recording(
                base.dispatch_request, _dispatch(base.dispatch_request), name="dispatch_request"
            ),
            "ensure_sync": functions.ensure_sync(),
            "handle_user_exception": errors.handle_user_exception(base),
            "handle_exception": errors.handle_exception(base),
            "make_response": make_response(base),
        }
        if on_response is not None:
            methods["process_response"] = _process_response(base, owner, on_response)
        for name, method in methods.items():
            override(made, name, method)
        self._base = base
        self._sessions = sessions
        self._views = functions.views
        #: Names the endpoints whose rules were matched so far.
        self.called: t.Callable[[], list[str]] = routes.called
        give_class(app, made)
        try:
            url_functions.install(app, owner, functions.recorded)
        except BaseException:
            self.undo(app)
            raise

    def undo(self, app: flask.Flask) -> None:
        """Give the app all that is its own back."""
        give_class_back(app, self._base)
        url_functions.give_back(app)
        self._views.give_back(app)
        self._sessions.give_back()


class _Made:
    """What a response was made of, and what it is."""

    __slots__ = ("given", "response")

    def __init__(self, first: t.Any) -> None:
        self.given = USUAL.get(type(first)) or returned(first)
        self.response: str | None = None

    def detail(self, _trace: LiveTrace) -> dict[str, t.Any]:
        """Return it as JSON's types."""
        made = {} if self.response is None else {"to": self.response}
        return {"from": self.given, **made}


def _made(writer: Writer, step: int, result: t.Any) -> None:
    t.cast("_Made", writer.notes.details[step]).response = type(result).__name__


def _dispatch(method: t.Any) -> int:
    """Return the site of a dispatch, which says where it is written if it is not Flask's own."""
    if method is flask.Flask.dispatch_request:
        return _DISPATCH
    return _replaced(method) or _DISPATCH


@fail_open
def _replaced(method: t.Any) -> int:
    return number(replace(site_of("dispatch", method), name="dispatch_request"))


def _each(*looks: t.Callable[[t.Any], None]) -> t.Callable[[t.Any], None]:
    def look(app: t.Any) -> None:
        for each in looks:
            each(app)

    return look


def _in_place(name: str, method: t.Callable[[t.Any], t.Any]) -> t.Callable[[t.Any], t.Any]:
    """Let what records a method of a class record what an app holds in its place."""

    def recorded(held: t.Any) -> t.Any:
        def call(_app: None, *args: t.Any, **kwargs: t.Any) -> t.Any:
            return held(*args, **kwargs)

        return partial(method(SimpleNamespace(**{name: call})), None)

    return recorded


def _request_context(recorded: t.Any, made: t.Any, mount: t.Any) -> t.Any:
    """Return the app's ``request_context``, but for calls that middleware made the panel's."""
    mark, reach = mount.mark, mount.reach

    def request_context(self: t.Any, environ: dict[str, t.Any]) -> t.Any:
        __tracebackhide__ = True
        if mark in environ.get("PATH_INFO", "") and type(self) is made:
            reached = reach(environ)
            if reached is not None:
                return reached
        return recorded(self, environ)

    return request_context


def _process_response(
    base: t.Any, owner: int, on_response: t.Callable[[t.Any, LiveTrace], t.Any]
) -> t.Any:
    """Return the app's ``process_response``, with ``on_response`` after all hooks."""

    def process_response(self: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
        __tracebackhide__ = True
        try:
            response = base.process_response(self, *args, **kwargs)
        except BaseException as error:
            # Flask logs it, where it is handling another one.
            hide_frames(error)
            raise
        trace = current.get()
        if trace.owner is owner:
            sent = on_response(response, trace)
            return response if sent is None else sent
        return response

    return process_response


__all__ = ["Instrument"]
