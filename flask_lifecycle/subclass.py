"""A class that stands in for another one: same name, same everything, to be overridden in part."""

from __future__ import annotations

import typing as t


class _Quiet:
    """Keeps a class's ``__init_subclass__`` from running.

    Flask's and the user's own are for the classes that people write; Flask's even changes
    methods of Flask's where it finds old signatures.
    """

    def __init_subclass__(cls) -> None: ...


def subclass_of(base: type) -> t.Any:
    """Make a subclass with its base's own name, to which objects of the base can be assigned."""
    made: t.Any = type(base.__name__, (_Quiet, base), {"__module__": base.__module__})
    made.__qualname__ = base.__qualname__
    made.__doc__ = base.__doc__
    made.__bases__ = (base,)
    return made


__all__ = ["subclass_of"]
