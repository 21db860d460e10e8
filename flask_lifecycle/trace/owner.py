"""The identity of the app that a trace belongs to."""

from __future__ import annotations

import weakref

from ..core import slotted


@slotted
class Owner:
    """The identity of an app: one object for each app, compared by identity."""

    __slots__ = ("__weakref__", "app", "header", "name")

    def __init__(self, app: object, header: str | None = None) -> None:
        #: Returns the app, or None once it has been collected.
        self.app: weakref.ref[object] = weakref.ref(app)
        #: The app's name.
        self.name: str = str(getattr(app, "name", ""))
        #: The header that names a trace; None for no header.
        self.header: str | None = header


__all__ = ["Owner"]
