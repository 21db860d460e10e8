"""The threads with which a server handles requests, and whether it is stopping.

Each server is recognised by what it passes to an app: its environ and its ``start_response``.
"""

from __future__ import annotations

import sys
import typing as t
from operator import attrgetter

from ..._compat import (
    CHEROOT_READY,
    CHEROOT_SERVER,
    CHEROOT_THREADS,
    GEVENT_CLOSED,
    TWISTED_POOL,
    TWISTED_STOPPING,
    TWISTED_THREADS,
    WAITRESS_DISPATCHER,
    WAITRESS_STOPPING,
    WAITRESS_THREADS,
)
from ...holds.bounds import Server
from .greenlets import is_patched
from .pools import Pool, pool_of_call
from .websocket import is_stopping

Environ = dict[str, t.Any]

# At least: the server says that it has several.
_UNKNOWN = 2


def server_of(environ: Environ, start_response: t.Any, used: t.Callable[[], int]) -> Server:
    """Return what is known of the server that made a call of the panel.

    :param used: returns how many threads the panel's connections use.
    """
    channel = getattr(environ.get("waitress.client_disconnected"), "__self__", None)
    # Not the channel or the handler, which belong to the connection.
    dispatcher = _attribute(channel, WAITRESS_DISPATCHER)
    handler = getattr(start_response, "__self__", None)
    cheroot, gevent = _attribute(handler, CHEROOT_SERVER), _attribute(handler, "server")
    twisted = _attribute(handler, TWISTED_POOL)
    pool = pool_of_call()

    def stops() -> bool:
        return (
            is_stopping()
            or bool(_attribute(dispatcher, WAITRESS_STOPPING))
            or _attribute(cheroot, CHEROOT_READY) is False
            or _attribute(gevent, GEVENT_CLOSED) is True
            or _attribute(twisted, TWISTED_STOPPING) is True
            or (pool is not None and pool.is_stopping())
        )

    return Server(_threads_of(environ, handler, channel, pool), used, stops)


def _threads_of(environ: Environ, handler: t.Any, channel: t.Any, pool: Pool | None) -> int | None:
    """Return the number of a server's threads for requests; None if it starts one for each.

    :param handler: the object whose method ``start_response`` is.
    :param channel: Waitress's object for a connection.
    """
    patched = is_patched()
    # These do not count their greenlets, which wait like threads if locks are patched.
    is_gevent = hasattr(_attribute(handler, "server"), GEVENT_CLOSED) or _of_uwsgi("gevent")
    if not (environ.get("wsgi.multithread") or (patched and is_gevent)):
        return 1
    if "eventlet.posthooks" in environ and not patched:
        # Its greenlets share a thread, which a lock that is not patched blocks.
        return 1
    if "werkzeug.socket" in environ:
        return None
    has_threads = _attribute(handler, "cfg.worker_class_str") == "gthread"
    found = (
        _attribute(handler, "cfg.threads" if has_threads else "cfg.worker_connections")
        or _attribute(channel, WAITRESS_THREADS)
        or _attribute(handler, CHEROOT_THREADS)
        or _attribute(handler, TWISTED_THREADS)
        or _attribute(handler, "server.pool.size")
        or _of_uwsgi("threads")
        or _of_uwsgi("gevent")
        or (pool and pool.size)
    )
    if type(found) is int and found > 0:
        return found
    return None if patched else _UNKNOWN


def _attribute(owner: t.Any, path: str) -> t.Any:
    try:
        return attrgetter(path)(owner)
    except AttributeError:
        return None


def _of_uwsgi(option: str) -> int | None:
    options = getattr(sys.modules.get("uwsgi"), "opt", {})
    given = options.get(option) or options.get(option.encode())
    return int(given) if isinstance(given, (str, bytes)) and given.isdigit() else None


__all__ = ["server_of"]
