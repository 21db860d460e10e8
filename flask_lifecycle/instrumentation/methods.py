"""Recording versions of Flask's methods, from the dispatch of a request to its response."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import flask

from .._compat import REQUEST, REQUEST_CONTEXT
from ..core import shortcut
from ..faults import fail_open
from ..recorder.callables import tracepoint_of
from ..recorder.current import current
from ..recorder.errors import hide_frames
from ..recorder.probe import Call, Probe
from ..recorder.probes import failed
from ..trace.notes import Facts
from ..trace.owner import Owner
from ..trace.tracepoint import Tracepoint, number
from ..trace.writer import Writer
from .hooks import Environ, Mount, OnResponse
from .return_values import USUAL, returned

_request_variable = vars(flask.globals)[REQUEST_CONTEXT]
_DISPATCH = number(Tracepoint("dispatch", "dispatch_request"))
_MAKE_RESPONSE = number(Tracepoint("make_response", "make_response"))


def dispatch_request(recording: Call, method: t.Any, parameters: str | None = None) -> t.Any:
    """Return a ``dispatch_request`` that records its call.

    Its step has a source location if it is not Flask's own.
    """
    own = method is flask.Flask.dispatch_request
    tracepoint = _DISPATCH if own else _replaced(method) or _DISPATCH
    return recording(method, tracepoint, name="dispatch_request", parameters=parameters)


@fail_open
def _replaced(method: t.Any) -> int:
    return number(replace(tracepoint_of("dispatch", method), name="dispatch_request"))


@shortcut("made_from", (Facts, USUAL))
def _made_from(first: t.Any) -> Facts:
    """Return what a response is made from."""
    return Facts({"from": returned(first)})


@shortcut("note_response", None)
def _note_response(writer: Writer, step: int, result: t.Any) -> None:
    t.cast("Facts", writer.notes.details[step])["to"] = type(result).__name__


def make_response(recording: Call, base: t.Any) -> t.Any:
    """Return the app's ``make_response``, which records its call."""
    probe = Probe(note=_made_from, after=_note_response)
    return recording(base.make_response, _MAKE_RESPONSE, probe, name="make_response")


def process_response(base: t.Any, owner: Owner, on_response: OnResponse) -> t.Any:
    """Return the app's ``process_response``, which calls ``on_response`` after all hooks."""

    @shortcut("process_response", (base, owner, on_response, _request_variable, REQUEST))
    def process_response(self: flask.Flask, *args: t.Any, **kwargs: t.Any) -> t.Any:
        __tracebackhide__ = True
        try:
            response = base.process_response(self, *args, **kwargs)
        except BaseException as error:
            # Flask logs it if it is handling another exception.
            hide_frames(error)
            raise
        trace = current.get()
        if trace.owner is not owner:
            return response
        try:
            request = getattr(_request_variable.get(), REQUEST)
            return on_response(response, trace, request.environ)
        except Exception as error:
            failed(on_response, error)
            return response

    return process_response


def request_context(recorded: t.Any, made: type, mount: Mount) -> t.Any:
    """Return the app's ``request_context``, except for calls that middleware routed to the panel.

    :param recorded: the recording version.
    """
    mark, reach = mount.mark, mount.reach

    @shortcut("request_context", (mark, recorded))
    def request_context(self: flask.Flask, environ: Environ) -> t.Any:
        __tracebackhide__ = True
        if mark in environ.get("PATH_INFO", "") and type(self) is made:
            reached = reach(environ)
            if reached is not None:
                return reached
        return recorded(self, environ)

    return request_context


__all__ = ["dispatch_request", "make_response", "process_response", "request_context"]
