"""Record the HTTP requests that the app sends, and link them to what they become.

``http.client`` is under ``urllib``, Requests and urllib3, ``httpcore`` under HTTPX; aiohttp has a
client of its own. If the app's OpenTelemetry records a request as a span, that span's step is
linked instead of one more step.
"""

from __future__ import annotations

import typing as t

from ..patch import Patch, imported
from . import aiohttp, http_client, httpcore

_PATCHES: dict[str, t.Callable[[t.Any, Patch], None]] = {
    "http.client": http_client.patch,
    "httpcore": httpcore.patch,
    "httpx": httpcore.patch_httpx,
    "aiohttp": aiohttp.patch,
}


def _replace() -> None:
    for name, patch in _PATCHES.items():
        module = imported(name)
        if module is not None:
            patch(module, _patch)


_patch = Patch(_replace)


def listen() -> None:
    """Patch the clients that have been imported since."""
    if _patch.owners:
        _patch.apply()


def install(owner: object) -> t.Callable[[], None]:
    """Record every request that is sent inside a recorded request of an app."""
    return _patch.install(owner)


__all__ = ["install", "listen"]
