"""How the details of steps are stored."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

T = t.TypeVar("T", bound=type)
#: The name of a form, and the attributes that are stored in it, all of them JSON-ready; None for a
#: list or tuple that is stored as it is.
Form = tuple[str, tuple[str, ...] | None]


def stored_as(name: str, *attributes: str) -> Callable[[T], T]:
    """Return a decorator that declares the form in which details of a class are stored.

    Without one, details are stored as readers have them. A method would say the same, but the
    compiled core would have to call it for each step.

    :param attributes: none for a list or tuple that is stored as it is.
    """
    form: Form = name, attributes or None

    def declare(kind: T) -> T:
        described: t.Any = kind
        described.stored = form
        return kind

    return declare


__all__ = ["Form", "stored_as"]
