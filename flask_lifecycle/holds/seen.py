"""What there is while a request is held, masked as all else that is recorded.

It is read on the held thread, whose contexts are pushed, and without code of the app: the session
not by its own methods, and objects as ``redact.objects`` describes them.
"""

from __future__ import annotations

import inspect
import typing as t
from sys import _getframe
from types import FrameType, FunctionType, MethodType

import flask.globals

from .._compat import APP_CONTEXT, HEADER_LIST, REQUEST, REQUEST_CONTEXT, SESSION, STATUS
from ..faults import fault
from ..recorder.holding import Call
from ..recorder.user_code import is_entry, is_library, is_ours, line_of
from ..redact import Redactor, weight
from ..trace.model import FUNCTION_STAGES, Error, JsonObject
from ..trace.snapshot import freeze
from ..trace.tracepoint import Tracepoint
from ..trace.writer import LiveTrace, Writer

_app_context = vars(flask.globals)[APP_CONTEXT].get
_request_context = vars(flask.globals)[REQUEST_CONTEXT].get

_NAMES = 100
_FRAMES = 60
_CUT = "…"
# By stage: the names of what Flask passes to a function by position.
_POSITIONAL = {
    "url_value_preprocessor": ("endpoint", "values"),
    "url_defaults": ("endpoint", "values"),
    "error_handler": ("error",),
    "after_this_request": ("response",),
    "after_request": ("response",),
    "teardown_request": ("exc",),
    "teardown_appcontext": ("exc",),
}


def seen(writer: Writer, step: int, tracepoint: Tracepoint, call: Call | None) -> JsonObject:
    """Return what there is at a step, JSON-ready; what cannot be read is None.

    :param call: the call that is about to begin; None after it.
    """
    trace = writer.trace
    parts: dict[str, t.Callable[[], t.Any]] = {
        "g": lambda: _g(trace),
        "session": lambda: _session(trace),
        "request": lambda: _request(trace),
        "arguments": lambda: _arguments(trace, tracepoint, call),
        "response": lambda: _response(trace, call),
        "error": lambda: _error(writer, step),
        "stack": lambda: _stack(tracepoint, call),
    }
    found: JsonObject = {}
    for name, read in parts.items():
        try:
            found[name] = read()
        except Exception as error:
            fault(f"the {name} of a held request", error)
            found[name] = None
    return found


def _named(redactor: Redactor, held: t.Any, where: str) -> JsonObject:
    """Return a dict with its values masked by their names, within the limit of one detail."""
    room = redactor.max_bytes
    shown: JsonObject = {}
    # Copied first: other threads may change it.
    for name, value in [*dict.items(held)][:_NAMES]:
        if type(name) is not str:
            continue
        masked = redactor.named(name, value, (where,)) if room > 0 else _CUT
        shown[redactor.text(name)] = masked
        room -= len(name) + weight(masked)
    return shown


def _is_own(trace: LiveTrace) -> bool:
    """Return whether the contexts that are pushed are of the request's app, not of an outer one."""
    context = _app_context(None)
    return context is not None and trace.owner is not None and trace.owner.app() is context.app


def _g(trace: LiveTrace) -> JsonObject | None:
    return _named(trace.redactor, vars(_app_context(None).g), "g") if _is_own(trace) else None


def _session(trace: LiveTrace) -> JsonObject | None:
    context = _request_context(None) if _is_own(trace) else None
    held = None if context is None else vars(context).get(SESSION)
    return _named(trace.redactor, held, "session") if isinstance(held, dict) else None


def _request(trace: LiveTrace) -> JsonObject:
    redactor = trace.redactor
    shown: JsonObject = trace.notes.shown(trace, 0).get("request", {})
    shown["endpoint"] = trace.endpoint
    shown["url_rule"] = None if trace.route is None else trace.route.rule
    context = _request_context(None) if _is_own(trace) else None
    held = {} if context is None else vars(vars(context).get(REQUEST) or object)
    args = held.get("view_args")
    shown["view_args"] = _named(redactor, args, "view_args") if isinstance(args, dict) else None
    form = held.get("form")
    if isinstance(form, dict):
        given = [*dict.items(form)][:_NAMES]
        lists = [(name, values) for name, values in given if type(values) is list]
        pairs = [(name, each) for name, values in lists for each in values][:_NAMES]
        shown["form"] = [
            [redactor.text(str(name)), redactor.named(str(name), each, ("request", "form"))]
            for name, each in pairs
        ]
    return shown


def _arguments(trace: LiveTrace, tracepoint: Tracepoint, call: Call | None) -> JsonObject | None:
    if call is None:
        return None
    args = call.args
    if tracepoint.stage in FUNCTION_STAGES:
        names = _POSITIONAL.get(tracepoint.stage, ())
    else:
        # Methods of Flask's, whose first argument is the object.
        names, args = _names(call.func)[1:], args[1:]
    given = dict(zip(names, args, strict=False))
    given |= {f"args[{at}]": each for at, each in enumerate(args) if at >= len(names)}
    return _named(trace.redactor, {**given, **call.kwargs}, "arguments")


def _names(func: t.Any) -> tuple[str, ...]:
    plain = func.__func__ if type(func) is MethodType else func
    if type(plain) is not FunctionType:
        return ()
    code = t.cast("FunctionType", inspect.unwrap(plain)).__code__
    return code.co_varnames[: code.co_argcount]


def _response(trace: LiveTrace, call: Call | None) -> JsonObject | None:
    """Return the status and headers of the response so far, if there is one."""
    last = call.args[-1] if call is not None and call.args else None
    own = vars(last) if hasattr(type(last), "__dict__") and hasattr(last, "__dict__") else {}
    if type(own.get(STATUS)) is str:
        headers = vars(own["headers"])[HEADER_LIST]
        redactor = trace.redactor
        shown = redactor.headers(headers[:_NAMES], ("response", "headers"))
        return {"status": redactor.text(own[STATUS]), "headers": [list(each) for each in shown]}
    columns = trace.columns()
    for index in range(len(columns.tracepoints) - 1, -1, -1):
        if columns.tracepoints[index].stage == "start_response":
            found: JsonObject | None = freeze(trace, columns, index).detail.get("response")
            return found
    return None


def _error(writer: Writer, step: int) -> JsonObject | None:
    raised = writer.notes.outcomes.get(step)
    if not isinstance(raised, Error):
        return None
    return {"type": raised.type, "message": raised.message}


def _stack(tracepoint: Tracepoint, call: Call | None) -> list[JsonObject]:
    """Return the frames that led here, newest first; the function that is about to run is first."""
    found: list[JsonObject] = []
    source = tracepoint.source
    if call is not None and source is not None:
        found.append(_frame(tracepoint.name, source.file, source.line))
    frame: FrameType | None = _getframe(1)
    while frame is not None and len(found) < _FRAMES:
        code = frame.f_code
        if not is_ours(code.co_filename):
            found.append(_frame(code.co_name, code.co_filename, line_of(frame, frame.f_lineno)))
        elif is_entry(frame):
            # Outside is the server.
            break
        frame = frame.f_back
    return found


def _frame(function: str, file: str, line: int) -> JsonObject:
    return {"function": function, "file": file, "line": line, "own": not is_library(file)}


__all__ = ["seen"]
