"""Classify requests to the panel: what they ask for, and which credentials they send."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from werkzeug.http import parse_cookie

from .hosts import Environ

COOKIE = "lifecycle_token"


def as_sent(environ: Environ) -> Environ:
    """Return the environ as the server received it, with SCRIPT_NAME and PATH_INFO of the panel.

    Keys that middleware added stay: they may show that there is a proxy.
    """
    entrance = environ.get("lifecycle.entrance")
    if entrance is None:
        return environ
    own = ("PATH_INFO", "SCRIPT_NAME")
    return {**environ, **entrance.environ, **{name: environ[name] for name in own}}


def same_origin(origin: str, environ: Environ) -> bool:
    """Return whether an Origin header matches the address of the request."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return (
        parts.scheme == environ.get("wsgi.url_scheme")
        and parts.netloc.lower() == environ.get("HTTP_HOST", "").lower()
        and not (parts.path or parts.query or parts.fragment)
    )


def is_live(environ: Environ) -> bool:
    """Return whether the request is for the live stream's websocket."""
    path = environ.get("PATH_INFO", "")
    return bool(path == "/socket.io" or path.startswith("/socket.io/"))


def is_handshake(environ: Environ) -> bool:
    """Return whether a request is a websocket handshake."""
    connection = environ.get("HTTP_CONNECTION", "").casefold().split(",")
    return (
        environ.get("REQUEST_METHOD") == "GET"
        and environ.get("HTTP_UPGRADE", "").casefold() == "websocket"
        and "upgrade" in (each.strip() for each in connection)
    )


def is_page(environ: Environ) -> bool:
    """Return whether the request is for the panel's page."""
    return environ.get("PATH_INFO", "") in ("", "/")


def is_asset(environ: Environ) -> bool:
    """Return whether the request is for a static file of the page, which has no data."""
    return bool(environ.get("PATH_INFO", "").startswith("/assets/"))


def is_toolbar(environ: Environ) -> bool:
    """Return whether the toolbar sent the request."""
    # The app's own pages send these; each request's data needs a key of its own.
    path = environ.get("PATH_INFO", "")
    return bool(path == "/toolbar.js" or path.startswith("/toolbar/"))


def is_holding(environ: Environ) -> bool:
    """Return whether the request changes which requests are held, or lets one go on."""
    path = environ.get("PATH_INFO", "")
    is_one = path in ("/api/breakpoints", "/api/held") or path.startswith("/api/held/")
    return is_one and environ.get("REQUEST_METHOD") not in ("GET", "HEAD", "OPTIONS")


def bearer(environ: Environ) -> str | None:
    """Return the token in the Authorization header of a tool, if there is one."""
    scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def cookie(environ: Environ) -> str | None:
    """Return the token in the panel's cookie, if there is one."""
    # Not by http.cookies: before Python 3.12.6 it takes many seconds to parse a long value
    # (CVE-2024-7592), and anyone can send this header.
    try:
        return parse_cookie(environ).get(COOKIE)
    except UnicodeError:
        return None


def argument(environ: Environ, name: str) -> str | None:
    """Return an argument of the query string, or None."""
    try:
        values = parse_qs(environ.get("QUERY_STRING", ""), max_num_fields=20).get(name)
    except ValueError:
        return None
    return values[0] if values else None


__all__ = [
    "COOKIE",
    "argument",
    "as_sent",
    "bearer",
    "cookie",
    "is_asset",
    "is_handshake",
    "is_holding",
    "is_live",
    "is_page",
    "is_toolbar",
    "same_origin",
]
