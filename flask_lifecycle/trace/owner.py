"""The identity of the app that a trace belongs to."""

from __future__ import annotations

import weakref


class Owner:
    """The identity of an app: one object for each app, compared by identity."""

    __slots__ = ("__weakref__", "app", "name")

    def __init__(self, app: object) -> None:
        #: Returns the app, or None once it has been collected.
        self.app: weakref.ref[object] = weakref.ref(app)
        #: The app's name.
        self.name: str = str(getattr(app, "name", ""))


__all__ = ["Owner"]
