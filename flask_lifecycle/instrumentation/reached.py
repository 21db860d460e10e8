"""Stand-in for the context of a call that is for the panel, not the app."""

from __future__ import annotations

import typing as t
from types import TracebackType


class Reached(Exception):  # noqa: N818 - nothing went wrong
    """Replaces a context: when Flask's ``wsgi_app`` pushes it, it raises the panel's response.

    :param answer: a WSGI callable, for ``handle_exception`` to return as the response.
    """

    def __init__(self, answer: t.Callable[[dict[str, t.Any], t.Any], t.Any]) -> None:
        self.answer = answer

    def push(self) -> t.NoReturn:
        raise self

    def pop(self, *_args: t.Any) -> None:
        # Flask's frame, which this exception passed through, refers to it.
        self.__traceback__: TracebackType | None = None


__all__ = ["Reached"]
