"""Which requests an app excludes from recording."""

from __future__ import annotations

from fnmatch import fnmatchcase

from .hooks import Ignored


def ignored_by(names: tuple[str, ...]) -> Ignored:
    """Return the predicate for a list of endpoints and path globs."""
    globs = tuple(name for name in names if name.startswith("/"))
    endpoints = frozenset(name for name in names if not name.startswith("/"))

    def ignored(endpoint: str | None, path: str) -> bool:
        if endpoint is not None:
            return endpoint in endpoints
        # Most apps have none.
        return bool(globs) and any(fnmatchcase(path, glob) for glob in globs)

    return ignored


__all__ = ["ignored_by"]
