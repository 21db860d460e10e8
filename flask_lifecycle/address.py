"""Where the browser finds the app and the panel: paths of the app's own origin, and never a host.

What they are made of comes from servers, proxies and middleware, and may be anything.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from urllib.parse import quote, unquote, urlsplit

Environ = Mapping[str, t.Any]

# What may stand in a path as it is (RFC 3986, section 3.3), but for what ends a cookie's.
_SAFE = "/:@!$&'()*+,=~"


def path_of(script: str, prefix: str) -> str:
    """Return the path of what is mounted at a prefix in an app, ready for a URL.

    :param script: the app's ``SCRIPT_NAME``, which may be ``/``, or begin with more slashes:
        a URL that did would name a host.
    """
    if not script:
        return prefix
    root = _quoted(script).strip("/")
    return f"/{root}{prefix}" if root else prefix


def cut_off(environ: Environ, path: str) -> str:
    """Return what was taken off a path before the app was called, without ``SCRIPT_NAME``'s notice.

    :param path: the whole path that the app was called with.
    """
    uri = environ.get("REQUEST_URI") or environ.get("RAW_URI") or ""
    if not isinstance(uri, str):
        return ""
    if uri.partition("?")[0] == path and "%" not in path:
        # Nothing was, and most often nothing was encoded.
        return ""
    try:
        asked = uri.partition("?")[0] if uri.startswith("/") else urlsplit(uri).path
    except ValueError:
        return ""
    asked = unquote(asked)
    # Where the server itself knows of a prefix, some have it in the URI and some have not.
    known = decoded(environ.get("SCRIPT_NAME", ""))
    if not path.startswith("/") or path == known or not asked.endswith(path):
        return ""
    return asked.removesuffix(path).encode().decode("latin-1")


def whole_path(environ: Environ) -> str:
    """Return the path that an app is called with."""
    return decoded(environ.get("SCRIPT_NAME", "")) + decoded(environ.get("PATH_INFO", ""))


def decoded(value: str) -> str:
    """Read a value of WSGI's, which hands bytes over as Latin-1 (PEP 3333)."""
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
