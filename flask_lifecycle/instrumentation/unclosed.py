"""Finish the requests whose bodies the server leaves without closing them.

Werkzeug's server first reads what else the client has sent, and closes the body after that. Where
the client has reset the connection, reading raises: the body is never closed. It may not be
collected soon, either, as the frames of an exception that was raised before refer to the server's.
"""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable
from threading import get_ident

from werkzeug.serving import WSGIRequestHandler

from ..collectors.patch import Patch
from ..faults import fail_open
from ..recorder.steps import finish
from ..trace.log import END
from ..trace.owner import Owner
from ..trace.writer import LiveTrace

#: Returns the requests of an app that run.
Running = Callable[[], list[LiveTrace]]

_NAME = "connection_dropped"
_running: dict[Owner, Running] = {}


@fail_open
def _dropped() -> None:
    """Finish those that have returned their body to this thread, whose server has gone on."""
    here = get_ident()
    for running in list(_running.values()):
        for trace in running():
            if trace.ident == here and trace.log and trace.log[END]:
                finish(trace)


def _replacement(method: t.Any) -> t.Any:
    @functools.wraps(method)
    def connection_dropped(self: WSGIRequestHandler, *args: t.Any, **kwargs: t.Any) -> t.Any:
        __tracebackhide__ = True
        _dropped()
        return method(self, *args, **kwargs)

    return connection_dropped


def _replace() -> None:
    _patch.replace(WSGIRequestHandler, _NAME, _replacement)


_patch = Patch(_replace)


def install(owner: Owner, running: Running) -> Callable[[], None]:
    """Finish these requests of an app.

    :returns: the function that undoes this.
    """
    _running[owner] = running
    uninstall = _patch.install(owner)

    def undo() -> None:
        _running.pop(owner, None)
        uninstall()

    return undo


__all__ = ["install"]
