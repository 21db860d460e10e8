"""Instrument one app: its class is swapped for a subclass of the same name whose methods record.

No code is copied from Flask: each method passes its arguments through to the app's own class and
records its begin and end.
"""

from __future__ import annotations

import typing as t
from functools import partial

import flask

from ..collectors import cpu, memory
from ..collectors.http import Messages
from ..recorder.probe import Call, recording_for
from ..recorder.subclass import give_class, give_class_back, override, subclass_of
from ..redact import Redactor
from ..settings import Settings
from ..trace.owner import Owner
from . import methods, url_functions
from .contexts import Contexts
from .error_handling import Errors
from .functions import Functions
from .hooks import Hooks, Measure, Mount
from .ignored import Ignored
from .instance_overrides import Recorded, in_place, record_held
from .known_rules import KnownRules
from .routing import Routes
from .sessions import Sessions
from .start_response import StartResponse
from .trace_start import TraceStart
from .wsgi import Calls

# Outermost first: the first measurement takes time that the second must not include.
_MEASURES: dict[str, Measure] = {"memory": memory, "cpu": cpu}


class Instrument:
    """The instrumentation of one app.

    :param owner: the app's identity in its traces.
    :param hooks: callbacks during a request.
    :param mount: handles the calls that are not for the app.
    :raises Exception: the app's class refuses to be replaced; the app is unchanged.
    """

    def __init__(
        self,
        app: flask.Flask,
        owner: Owner,
        settings: Settings,
        redactor: Redactor,
        hooks: Hooks,
        mount: Mount,
    ) -> None:
        self._base = base = type(app)
        measures = [each for name, each in _MEASURES.items() if name in settings.collectors]
        recording = recording_for(owner, [each.PROBE for each in measures])
        ignored = Ignored(settings.ignore)
        messages = Messages(redactor, settings.max_detail_bytes, preview=settings.body_preview)
        rules = KnownRules(redactor)
        routes = Routes(redactor, ignored, rules.matched)
        errors = Errors(owner, hooks)
        changes = "changes" in settings.collectors
        functions = Functions(base, owner, recording, routes.view_args, changes=changes)
        sessions = Sessions()
        contexts = Contexts(
            owner, recording, sessions, matched=routes.matched, parsed=messages.parsed
        )
        replaceable = _replaceable(owner, recording, errors, hooks)
        dispatch = partial(methods.dispatch_request, recording)
        held = {name: in_place(name, method) for name, method in replaceable.items()}
        held["dispatch_request"] = partial(dispatch, parameters="*args, **kwargs")
        looks = record_held(held), functions.views.look
        start = TraceStart(
            owner, hooks, redactor, messages, ignored, rules, looks, max_steps=settings.max_steps
        )
        start_response = StartResponse(settings.header, hooks.on_start, messages.answered)
        calls = Calls(owner, start, start_response, errors, messages.sent, measures)

        made = subclass_of(base)
        call, wsgi_app, reached = calls.methods(made, mount)
        request_context = contexts.request_context(base, reached)
        recorded = {
            "__call__": call,
            "wsgi_app": wsgi_app,
            "app_context": contexts.app_context(base),
            "request_context": methods.request_context(request_context, made, mount),
            "dispatch_request": dispatch(base.dispatch_request),
            "ensure_sync": functions.ensure_sync(),
            **{name: method(base) for name, method in replaceable.items()},
        }
        for name, method in recorded.items():
            override(made, name, method)
        self._sessions = sessions
        #: Records requests and responses.
        self.messages: Messages = messages
        self._views = functions.views
        #: Returns the endpoints whose rules have been matched so far.
        self.called: t.Callable[[], list[str]] = routes.called
        give_class(app, made)
        try:
            url_functions.install(app, owner, functions.recorded)
        except BaseException:
            self.undo(app)
            raise

    def undo(self, app: flask.Flask) -> None:
        """Restore all of the app's original objects."""
        give_class_back(app, self._base)
        url_functions.give_back(app)
        self._views.give_back(app)
        self._sessions.give_back()


def _replaceable(
    owner: Owner, recording: Call, errors: Errors, hooks: Hooks
) -> dict[str, Recorded]:
    """Return the recording wrappers of the methods that an app may override on the instance."""
    recorded: dict[str, Recorded] = {
        "handle_user_exception": errors.handle_user_exception,
        "handle_exception": errors.handle_exception,
        "log_exception": errors.log_exception,
        "make_response": partial(methods.make_response, recording),
    }
    if hooks.on_response is not None:
        recorded["process_response"] = partial(
            methods.process_response, owner=owner, on_response=hooks.on_response
        )
    return recorded


__all__ = ["Instrument"]
