"""Record websockets: requests whose connection the app takes over from the server.

Such a request has no response: the library itself has sent status 101, uses the server's socket for
any length of time, and often ends with an exception that keeps the server from writing to it.
"""

from __future__ import annotations

from ..faults import fail_open
from ..trace.log import TRACEPOINT
from ..trace.tracepoint import TRACEPOINTS
from ..trace.writer import LiveTrace
from . import websocket_libraries
from .hooks import Environ
from .websocket import open_on

# What Engine.IO, Flask-Sock and simple-websocket's examples raise, without arguments.
_ENDS = (StopIteration, ConnectionError)


@fail_open
def requested(trace: LiveTrace, environ: Environ) -> None:
    """Detect whether a request becomes a websocket, if it asks for an upgrade."""
    if environ["HTTP_UPGRADE"].lower() != "websocket":
        return
    websocket = environ.get("wsgi.websocket")
    if websocket is not None:
        # gevent-websocket's server has upgraded it already.
        open_on(trace, websocket)
    websocket_libraries.apply()


@fail_open
def is_end(trace: LiveTrace, error: BaseException) -> bool:
    """Return whether an exception only keeps the server from writing to a websocket's socket."""
    if type(error) not in _ENDS or error.args or not is_upgraded(trace) or trace.error is not None:
        return False
    raised = trace.notes.raised()
    around = [
        key
        for key in raised
        if TRACEPOINTS[trace.log[key + TRACEPOINT]].stage in ("wsgi", "middleware")
    ]
    if max(raised, default=0) != max(around, default=0):
        return False
    for key in around:
        del trace.notes.outcomes[key]
    return True


def is_upgraded(trace: LiveTrace) -> bool:
    """Return whether a request has become a websocket."""
    return trace.notes.added(0, "websocket") is not None


@fail_open
def settle(trace: LiveTrace) -> None:
    """Record that the websocket is closed, if there was one."""
    if is_upgraded(trace):
        trace.notes.added(0, "websocket").settle(trace)


__all__ = ["is_end", "is_upgraded", "requested", "settle"]
