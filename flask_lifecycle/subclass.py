"""A class that stands in for another one: same name, same everything, to be overridden in part."""

from __future__ import annotations

import functools
import typing as t
from abc import ABCMeta

# What `inspect` and `typing` read of a class itself, not of its bases.
_DESCRIBED = ("__doc__", "__annotations__", "__firstlineno__", "__static_attributes__")
_set_class = vars(object)["__class__"].__set__


class _Quiet:
    """Keeps a class's ``__init_subclass__`` from running.

    Flask's and the user's own are for the classes that people write; Flask's even changes
    methods of Flask's where it finds old signatures.
    """

    def __init_subclass__(cls) -> None: ...


def subclass_of(base: type) -> t.Any:
    """Make a subclass with its base's own name, to which objects of the base can be assigned.

    A metaclass of the user's is not run, as it may register each class or refuse others.
    """
    kind = type(base)
    make: t.Any = ABCMeta.__new__ if issubclass(kind, ABCMeta) else type.__new__
    described = {name: vars(base)[name] for name in _DESCRIBED if name in vars(base)}
    named = {"__module__": base.__module__, "__qualname__": base.__qualname__}
    made = make(kind, base.__name__, (_Quiet, base), {"__doc__": None, **named, **described})
    type.__setattr__(made, "__bases__", (base,))
    return made


def override(made: type, name: str, method: t.Callable[..., t.Any]) -> None:
    """Give a class a method that looks as its base's does: by name, signature and source."""
    type.__setattr__(made, name, functools.update_wrapper(method, getattr(made.__bases__[0], name)))


def give_class(owner: t.Any, made: type) -> None:
    """Make an object one of another class, if its own lets it be.

    :raises Exception: what the class says to it.
    """
    owner.__class__ = made
    if type(owner) is not made:
        raise TypeError("it ignores what is set as its __class__")


def give_class_back(owner: t.Any, base: type) -> None:
    """Make an object one of its own class again, whatever that says to it by now."""
    _set_class(owner, base)


__all__ = ["give_class", "give_class_back", "override", "subclass_of"]
