"""The keys with which a page asks for the requests that it caused."""

from __future__ import annotations

import hmac
import typing as t
from collections.abc import Mapping

Environ = Mapping[str, t.Any]


def request_key(secret: str, trace_id: str) -> str:
    """Return the key with which a page can ask for one request that it caused, and for no other.

    :param secret: that of the server's pages.
    """
    return hmac.digest(secret.encode(), f"toolbar of {trace_id}".encode(), "sha256").hex()[:32]


def is_fetched(environ: Environ) -> bool:
    """Return whether a script of the app's own pages sent the request, not the browser itself.

    The browser says so in ``Sec-Fetch-*``, which no script can set.
    """
    return (
        environ.get("HTTP_SEC_FETCH_DEST") == "empty"
        and environ.get("HTTP_SEC_FETCH_SITE") == "same-origin"
    )


__all__ = ["Environ", "is_fetched", "request_key"]
