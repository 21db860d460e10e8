"""Which requests a server sent, and which ones a test client."""

from __future__ import annotations

import typing as t


def is_served(environ: t.Mapping[str, t.Any]) -> bool:
    """Return whether a server made an environ.

    A server has a name or a connection, or is one of several processes. Test clients (Werkzeug's
    and Flask's, HTTPX's transport, wsgiref's defaults) have none of these.
    """
    return (
        "SERVER_SOFTWARE" in environ  # as CGI has it: most servers
        or "REMOTE_PORT" in environ  # Eventlet, Twisted, what adapts ASGI servers
        or "uwsgi.version" in environ
        or bool(environ.get("wsgi.multiprocess"))  # Tornado, Hypercorn
    )


__all__ = ["is_served"]
