"""What a browser fetches beside pages: static files, and icons that it asks for by itself."""

from __future__ import annotations

import re

# What browsers ask for by themselves, whether or not the app has it.
_ASKED_FOR = re.compile(
    r"/(?:favicon\.(?:ico|png|svg)|apple-touch-icon[a-z0-9-]*\.png"
    r"|\.well-known/appspecific/com\.chrome\.devtools\.json)\Z"
)


#: What the paths of icons end with.
ENDINGS: tuple[str, ...] = (".ico", ".png", ".svg", ".json")


def is_file(endpoint: str | None, path: str) -> bool:
    """Return whether a request is for a static file or an icon."""
    is_static = endpoint is not None and (endpoint == "static" or endpoint.endswith(".static"))
    return is_static or (path.endswith(ENDINGS) and _ASKED_FOR.search(path) is not None)


__all__ = ["ENDINGS", "is_file"]
