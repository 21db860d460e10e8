"""An app's registries, as they are at one moment: other threads may add to them."""

from __future__ import annotations

import typing as t

import flask


class ErrorHandler(t.NamedTuple):
    """An error handler as it is registered."""

    scope: str | None
    code: int | None
    kind: type
    handler: t.Any

    @property
    def registered(self) -> str:
        """Return what it is registered for: a status code or the name of a class."""
        return self.kind.__name__ if self.code is None else str(self.code)


def error_handlers(app: flask.Flask) -> t.Iterator[ErrorHandler]:
    """Yield the error handlers of an app, and of its blueprints.

    Flask adds the name of a blueprint, or a code, when it looks for a handler of either
    (``flask.sansio.app.App._find_error_handler``): while other requests are handled.
    """
    for scope, codes in [*app.error_handler_spec.items()]:
        for code, by_class in [*codes.items()]:
            for kind, handler in [*by_class.items()]:
                yield ErrorHandler(scope, code, kind, handler)


__all__ = ["ErrorHandler", "error_handlers"]
