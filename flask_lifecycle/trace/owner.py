"""Whose request a trace is of."""

from __future__ import annotations

import weakref


class Owner:
    """Stands for an app: one object for each, which is compared by identity."""

    __slots__ = ("__weakref__", "app")

    def __init__(self, app: object) -> None:
        #: Returns the app, or None once it is gone.
        self.app: weakref.ref[object] = weakref.ref(app)


__all__ = ["Owner"]
