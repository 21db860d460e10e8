"""The keys with which a page asks for the requests that it caused."""

from __future__ import annotations

import hashlib
import typing as t
from collections.abc import Mapping
from functools import lru_cache

Environ = Mapping[str, t.Any]


def request_key(secret: str, trace_id: str) -> str:
    """Return the key with which a page can ask for one request that it caused, and for no other.

    :param secret: that of the server's pages.
    """
    # BLAKE2's own keyed mode: HMAC would look its hash up each time, on every page.
    state = keyed(secret).copy()
    state.update(trace_id.encode())
    return state.hexdigest()


@lru_cache(64)
def keyed(secret: str) -> hashlib.blake2b:
    """Return what a key is made with: a copy takes the id of the request."""
    # A key is limited to 64 bytes, a secret is not.
    key = hashlib.sha256(secret.encode()).digest()
    return hashlib.blake2b(key=key, person=b"toolbar", digest_size=16)


def is_fetched(environ: Environ) -> bool:
    """Return whether a script of the app's own pages sent the request, not the browser itself.

    The browser says so in ``Sec-Fetch-*``, which no script can set.
    """
    return (
        environ.get("HTTP_SEC_FETCH_DEST") == "empty"
        and environ.get("HTTP_SEC_FETCH_SITE") == "same-origin"
    )


__all__ = ["Environ", "is_fetched", "keyed", "request_key"]
