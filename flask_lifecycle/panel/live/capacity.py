"""How many panels may be open at a time, so that the app keeps threads for its own requests."""

from __future__ import annotations

import typing as t

from .greenlets import is_patched_by_gevent

#: The limit of websockets: each uses four threads.
MOST = 8


def capacity(environ: dict[str, t.Any], start_response: t.Any) -> int:
    """Return how many websockets the server can keep open and still serve the app's requests."""
    if not environ.get("wsgi.multithread"):
        return 0
    if "werkzeug.socket" in environ or is_patched_by_gevent():
        # A thread or greenlet for each connection.
        return MOST
    # A thread pool: half of it is reserved for the app. Gunicorn passes a method of its response
    # object, which has the settings (``gunicorn.http.wsgi.Response``).
    config = getattr(getattr(start_response, "__self__", None), "cfg", None)
    threads = getattr(config, "threads", 0)
    return min(MOST, threads // 2) if isinstance(threads, int) else 0


__all__ = ["MOST", "capacity"]
