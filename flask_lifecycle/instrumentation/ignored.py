"""Which requests an app excludes from recording."""

from __future__ import annotations

from fnmatch import fnmatchcase


class Ignored:
    """The endpoints and path globs whose requests are not recorded."""

    def __init__(self, names: tuple[str, ...]) -> None:
        #: Most apps have none.
        self.globs: tuple[str, ...] = tuple(name for name in names if name.startswith("/"))
        self._endpoints = frozenset(name for name in names if not name.startswith("/"))

    def __call__(self, endpoint: str | None, path: str) -> bool:
        """Return whether a request is ignored: by its endpoint, if that is known."""
        if endpoint is not None:
            return endpoint in self._endpoints
        return any(fnmatchcase(path, glob) for glob in self.globs)


__all__ = ["Ignored"]
