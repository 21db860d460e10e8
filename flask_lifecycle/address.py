"""URL paths of the app and the panel as the browser sees them, always without a host.

Their parts come from servers, proxies and middleware, and are not trusted.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from urllib.parse import quote, unquote, urlsplit

Environ = Mapping[str, t.Any]

# Characters that need no encoding in a path (RFC 3986, section 3.3), except a cookie path's end.
_SAFE = "/:@!$&'()*+,=~"


def path_of(script: str, prefix: str) -> str:
    """Return the path of what is mounted at a prefix in an app, encoded for a URL.

    :param script: the app's ``SCRIPT_NAME``, which may be ``/``, or begin with more slashes:
        a URL that did would name a host.
    """
    if not script:
        return prefix
    root = _quoted(script).strip("/")
    return f"/{root}{prefix}" if root else prefix


def cut_off(environ: Environ, path: str) -> str:
    """Return the prefix that was removed from a path without a change of ``SCRIPT_NAME``.

    :param path: the whole path that the app was called with.
    """
    uri = environ.get("REQUEST_URI") or environ.get("RAW_URI") or ""
    if not isinstance(uri, str):
        return ""
    if uri.partition("?")[0] == path and "%" not in path:
        # Nothing was removed, and usually nothing was encoded.
        return ""
    try:
        asked = uri.partition("?")[0] if uri.startswith("/") else urlsplit(uri).path
    except ValueError:
        return ""
    asked = unquote(asked)
    # If the server itself has a prefix, some include it in the URI and some do not.
    known = decoded(environ.get("SCRIPT_NAME", ""))
    if not path.startswith("/") or path == known or not asked.endswith(path):
        return ""
    return asked.removesuffix(path).encode().decode("latin-1")


def whole_path(environ: Environ) -> str:
    """Return the whole path that an app is called with."""
    return decoded(environ.get("SCRIPT_NAME", "")) + decoded(environ.get("PATH_INFO", ""))


def decoded(value: str) -> str:
    """Decode a WSGI value, which has bytes as Latin-1 (PEP 3333)."""
    if value.isascii():
        return value
    return value.encode("latin-1", "backslashreplace").decode("utf-8", "replace")


def _quoted(script: str) -> str:
    try:
        given = script.encode("latin-1")
    except UnicodeEncodeError:  # a middleware's own text
        given = script.encode("utf-8", "replace")
    return quote(given, safe=_SAFE)


__all__ = ["cut_off", "decoded", "path_of", "whole_path"]
