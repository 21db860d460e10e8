"""The keys by which a page asks about the requests that it caused."""

from __future__ import annotations

import hmac
import typing as t
from collections.abc import Mapping

Environ = Mapping[str, t.Any]


def request_key(token: str, trace_id: str) -> str:
    """Make the key that lets a page ask for a request that it caused, and for no other."""
    return hmac.digest(token.encode(), f"toolbar of {trace_id}".encode(), "sha256").hex()[:32]


def is_fetched(environ: Environ) -> bool:
    """Return whether a script of the app's own pages asked, and not the browser by itself.

    As the browser says in ``Sec-Fetch-*``, which no script can set.
    """
    return (
        environ.get("HTTP_SEC_FETCH_DEST") == "empty"
        and environ.get("HTTP_SEC_FETCH_SITE") == "same-origin"
    )


__all__ = ["Environ", "is_fetched", "request_key"]
