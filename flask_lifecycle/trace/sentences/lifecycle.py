"""The steps of the lifecycle itself that ended well, in Flask's order."""

from __future__ import annotations

import typing as t

from ..story import AFTER
from .exceptions import redirected
from .subjects import Say, by, function, request, spent, view
from .words import count, listed, readable_time, short, some, value

if t.TYPE_CHECKING:
    from ..model import Step
    from ..story import Story

_CLOSED = {
    "app": "closed by the app",
    "client": "closed by the client",
    "error": "ended by an error in the app",
    "network": "lost, as the network or the client went away",
}
_STATIC = frozenset(("<lambda>", "send_static_file"))
# Types that are no response, but can be called as a WSGI app.
_CALLED = frozenset(("Flask", "builtin_function_or_method", "function", "method", "partial"))


def _wsgi(step: Step, story: Story) -> str:
    caller = "The WSGI server calls the app"
    if story.header.get("parent") is not None:
        caller = "While another request is handled, the app is called"
    if story.websocket:
        became = f"the connection becomes a WebSocket, {_websocket(story.websocket)}"
        return f"{caller} for {request(story)}, and {became}"
    return f"{caller} for {request(story)}, which returns its response{spent(step, 'after')}"


def _websocket(found: dict[str, t.Any]) -> str:
    opened, closed, code = found["opened"], found["closed"], found["code"]
    if closed is None:
        return "which is open"
    ended = _CLOSED.get(str(found["by"]), "closed")
    number = "" if code is None else f" (code {code})"
    return f"open for {readable_time(closed - opened)} and {ended}{number}"


def _middleware(step: Step, story: Story) -> str:
    if step.name == "unknown middleware":
        return "WSGI middleware that cannot be identified wraps the app here"
    if story.holds(step, "middleware", "request_context"):
        passes = f"Middleware {short(step.name)} passes the call on to the app"
        took = "" if step.detail.get("untimed") is True else spent(step, "after")
        if story.rescued is not None:
            does = "answers" if story.times("middleware", len(story)) == 1 else "middleware answers"
            return f"{passes}, which {short(story.rescued)} leaves, and {does} in its place{took}"
        return f"{passes} and returns its response{took}"
    return f"Middleware {short(step.name)} answers by itself; the app inside it is not called"


def _request_context(_step: Step, _story: Story) -> str:
    return "Flask creates the request object and the URL adapter from the WSGI environ"


def _context(step: Step, story: Story) -> tuple[str, str]:
    """Return what a step's context is called, and what is there while it is."""
    if step.stage.startswith("request_context"):
        return "the request context", "request and session"
    with_request = "current_app, g, request and session"
    return "the app context", with_request if story.has_request(step) else "current_app and g"


def _push(step: Step, story: Story) -> str:
    what, names = _context(step, story)
    is_request = step.stage == "request_context_push"
    if story.times(step.stage, step.id) > 1:
        if story.is_empty(step):
            return f"Flask pushes {what} once more, so it stays until it is popped as many times"
        within = ", for the generator of the body" if story.is_in(step, "body") else ""
        return f"Flask pushes {what} once more{within}, so {names} are available"
    if is_request and not story.has("app_context_push"):
        return (
            f"Flask pushes {what} onto the app context that is active already: "
            "g is shared, and no teardown_appcontext function will run"
        )
    return f"Flask pushes {what}, so {names} are available"


def _pop(step: Step, story: Story) -> str:
    what, names = _context(step, story)
    if story.is_empty(step):
        return f"Flask pops {what} once, but it was pushed more often, so it stays"
    return f"Flask runs the teardown functions and pops {what}, so {names} are gone"


def _session_open(step: Step, story: Story) -> str:
    opened = "The session interface opens the session of the request"
    started = story.after(step, "start_response")
    if started is None or story.has("session_save") or not story.has("make_response"):
        return opened
    last = story.before(started, *AFTER)
    if last is not None and last.error is not None:
        return opened
    return f"{opened}: a null session, in which nothing can be set, so nothing is saved"


def _url_match(step: Step, story: Story) -> str:
    if "redirect" in step.detail:
        return redirected(step, story)
    rule = short(step.name)
    if story.times("url_match", step.id) > 1:
        return f"The URL is matched again, with the rule {rule}, for the context that is pushed"
    names = story.header["blueprints"]
    hooks = ""
    if names:
        blueprints = "blueprint" if len(names) == 1 else "blueprints"
        hooks = f", and the hooks of {blueprints} {some(names)} run as well"
    return f"The URL matches the rule {rule}, so the endpoint is {_endpoint(story)}{hooks}"


def _endpoint(story: Story) -> str:
    return short(story.header["endpoint"])


def _signal(step: Step, _story: Story) -> str:
    receivers = step.detail.get("receivers") or ()
    sent = f"Flask sends the signal {short(step.name)}"
    if not receivers:
        return f"{sent}, to which no receiver is connected"
    if len(receivers) > 1:
        return f"{sent} to {len(receivers):,} receivers"
    return f"{sent} to {short(str(receivers[0]).replace(':', '.').rpartition('.')[2])}"


def _does(step: Step, story: Story) -> list[str]:
    """Say what a function did, as far as that was recorded."""
    done: list[str] = []
    statements = story.statements.get(step.id, 0)
    if statements:
        # Those beyond what a trace keeps are not seen.
        most = "at least " if story.header["dropped_steps"] else ""
        done.append(f"runs {most}{count(statements, 'SQL statement')}")
    changes = step.detail.get("changes") or {}
    names = [
        f"g.{name}" if where == "g" else f"session[{name!r}]"
        for where in ("g", "session")
        for kind in ("added", "changed")
        for name in changes.get(where, {}).get(kind, ())
    ]
    if names:
        done.append(f"sets {some(names)}")
    headers = changes.get("response", {}).get("headers", {}).get("added")
    if headers:
        done.append(f"adds the {'header' if len(headers) == 1 else 'headers'} {some(headers)}")
    return done


def _acts(step: Step, story: Story, last: str) -> str:
    """Say what a function did, what it did last, and how long it took."""
    return f"{listed([*_does(step, story), last])}{spent(step, 'after')}"


def _url_value_preprocessor(step: Step, story: Story) -> str:
    if story.header["endpoint"] is None:
        return f"{function(step)} gets None for the endpoint and the URL's values: none matched"
    did = listed(["gets the endpoint and the URL's values", *_does(step, story)])
    return f"{function(step)} {did} before any before_request function runs"


def _before_request(step: Step, story: Story) -> str:
    if step.outcome == "short_circuit":
        did = _acts(step, story, f"returns {value(str(step.detail.get('returned')))}")
        missed = story.match_error
        masked = "" if missed is None else f" (not even {short(missed)} is raised)"
        return (
            f"{function(step)} {did}, so Flask skips the other before_request functions and "
            f"the view{masked}; the after_request functions still run"
        )
    following = story.next(step)
    so = "Flask goes on"
    if following is not None:
        is_hook = following.stage == "before_request"
        so = f"Flask goes on to {'the next hook' if is_hook else 'dispatch'}"
    return f"{function(step)} {_acts(step, story, 'returns None')}, so {so}"


def _dispatch(step: Step, story: Story) -> str:
    if "redirect" in step.detail:
        return (
            "Dispatch raises the redirect that the URL match left; "
            "no error handler is asked, and the redirect is itself the response"
        )
    if story.header["method"] == "OPTIONS" and not story.holds(step, "view"):
        return "Flask answers OPTIONS itself, with the methods that the rule allows; no view runs"
    return f"Flask dispatches the request to the view of endpoint {short(step.name)}"


def _view(step: Step, story: Story) -> str:
    subject = view(step, story)
    if story.websocket:
        return f"{subject} serves the WebSocket, {_websocket(story.websocket)}"
    if story.header["method"] == "HEAD" and not step.name.lower().endswith("head"):
        subject += ", called as for GET,"
    did = _acts(step, story, "returns")
    if _endpoint(story).rpartition(".")[2] == "static" and step.name in _STATIC:
        did = f"serves a static file like any other view{spent(step, 'in')}"
    return f"{subject} {did}, so Flask makes a response from what it returned"


def _error_handler(step: Step, story: Story) -> str:
    cause = story.raised_before(step.id)
    error = "the exception" if cause is None else f"the {short(cause.error)}"
    registered = short(step.detail.get("for"))
    return (
        f"The error handler {short(step.name)}{by(step)}, registered for {registered}, handles "
        f"{error}{spent(step, 'in')}, so Flask makes a response from what it returned"
    )


def _make_response(step: Step, story: Story) -> str:
    source = value(str(step.detail.get("from")))
    second = story.second_response(step)
    if second is not None and step.id >= second:
        is_again = story.before(step, *AFTER) is not None
        again = "; the after_request functions run again on it" if is_again else ""
        return f"Flask makes a response again, for the error, from {source}{again}"
    dispatch = story.before(step, "dispatch")
    made = f"Flask makes a response from what was returned, {source}"
    if dispatch is not None and dispatch.error == step.detail.get("from"):
        made = f"Flask makes a response from the exception itself, {source}"
    elif step.detail.get("from") in _CALLED:
        made = f"Flask calls what was returned, {source}, as a WSGI app to get a response"
    following = story.next(step)
    if following is not None and following.stage in AFTER:
        return f"{made}; the after_request functions get it, in reverse order of registration"
    return made


def _after_hook(step: Step, story: Story) -> str:
    subject = function(step)
    if step.stage == "after_this_request":
        subject += ", for this request alone,"
    second = story.second_response(step)
    if second is not None and step.id > second:
        again = " a second time, now" if story.ran_before(step, second) else ""
        subject += f" runs{again} for the response of the error: it"
    following = story.next(step)
    so = ""
    if following is not None and following.stage in AFTER:
        so = ", so the next hook gets it"
    elif following is not None and following.stage == "session_save":
        so = ", so the session is saved next"
    return f"{subject} {_acts(step, story, 'returns the response')}{so}"


def _session_save(step: Step, story: Story) -> str:
    cookies = (step.detail.get("changes") or {}).get("response", {}).get("cookies", {})
    if cookies.get("set"):
        return f"The session is saved: the response sets the cookie {some(cookies['set'])}"
    if cookies.get("deleted"):
        return f"The session is empty: the response deletes the cookie {some(cookies['deleted'])}"
    if story.has_changes:
        return "The session interface looks at the session and needs to set no cookie"
    return "The session interface saves the session, if that has changed"


def _start_response(step: Step, story: Story) -> str:
    started = f"The server gets the status {short(step.name)} and the headers"
    if story.streams:
        return f"{started}; the body is generated while it is sent"
    return f"{started}; the contexts are torn down before the body is sent"


def _teardown(step: Step, story: Story) -> str:
    what = "app" if step.stage == "teardown_appcontext" else "request"
    if story.is_in(step, "body"):
        given = None
    elif story.is_in(step, "body_close"):
        given = "GeneratorExit" if story.is_cut else None
    else:
        given = story.given(step)
    told = "" if given is None else f", and is given the {short(given)}"
    return f"{function(step)} runs before the {what} context is popped{told}"


def _body(step: Step, story: Story) -> str:
    if story.websocket:
        return "No body is sent: the connection was a WebSocket"
    if story.header["method"] == "HEAD":
        return "The server sends no body, as the request is HEAD"
    detail = step.detail
    chunks, size = detail.get("chunks"), detail.get("bytes")
    parts = "a part" if chunks is None else count(chunks, "chunk")
    if detail.get("complete") is False:
        why = "as it does when the client has gone"
        return f"The server stops after {parts}, {why}, and closes the body"
    if chunks is None or size is None:
        return "The server iterates the body and sends it"
    sent = f"The server iterates the body and sends {parts} ({count(size, 'byte')})"
    if detail.get("streamed") is not True:
        return sent if chunks else "The body is empty, so the server sends nothing more"
    where = "while the contexts are pushed" if _pops(step, story) else "after the contexts are gone"
    return f"{sent}, generated {where}"


def _pops(step: Step, story: Story) -> bool:
    """Return whether what makes the body has a context popped in a step."""
    return story.holds(step, "request_context_pop", "app_context_pop")


def _body_close(step: Step, story: Story) -> str:
    if story.is_cut and _pops(step, story):
        return "The server closes the body: GeneratorExit ends its generator and pops the contexts"
    return "The server closes the body, which ends the request"


LIFECYCLE: dict[str, Say] = {
    "wsgi": _wsgi,
    "middleware": _middleware,
    "request_context": _request_context,
    "app_context_push": _push,
    "request_context_push": _push,
    "session_open": _session_open,
    "url_match": _url_match,
    "signal": _signal,
    "url_value_preprocessor": _url_value_preprocessor,
    "before_request": _before_request,
    "dispatch": _dispatch,
    "view": _view,
    "error_handler": _error_handler,
    "make_response": _make_response,
    "after_this_request": _after_hook,
    "after_request": _after_hook,
    "session_save": _session_save,
    "start_response": _start_response,
    "teardown_request": _teardown,
    "teardown_appcontext": _teardown,
    "request_context_pop": _pop,
    "app_context_pop": _pop,
    "body": _body,
    "body_close": _body_close,
}

__all__ = ["LIFECYCLE"]
