"""Which requests a server sent, and which ones a test client."""

from __future__ import annotations

import typing as t

from ..core import shortcut

# What CGI names a server by, as most do; Eventlet, Twisted and what adapts ASGI servers; and uWSGI.
_KEYS = ("SERVER_SOFTWARE", "REMOTE_PORT", "uwsgi.version")
# Tornado, Hypercorn.
_MULTIPROCESS = "wsgi.multiprocess"


@shortcut("is_served", (*_KEYS, _MULTIPROCESS))
def is_served(environ: t.Mapping[str, t.Any]) -> bool:
    """Return whether a server made an environ.

    A server has a name or a connection, or is one of several processes. Test clients (Werkzeug's
    and Flask's, HTTPX's transport, wsgiref's defaults) have none of these.
    """
    return any(key in environ for key in _KEYS) or bool(environ.get(_MULTIPROCESS))


__all__ = ["is_served"]
