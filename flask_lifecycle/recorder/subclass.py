"""Make a class that replaces another one: same name and attributes, with some overrides."""

from __future__ import annotations

import functools
import typing as t
import weakref
from abc import ABCMeta
from functools import partial

# The attributes that `inspect` and `typing` read of a class itself, not of its bases.
_DESCRIBED = (
    "__doc__",
    "__annotations__",
    "__annotate_func__",  # from Python 3.14 on
    "__firstlineno__",
    "__static_attributes__",
)
_set_class = vars(object)["__class__"].__set__


class _Quiet:
    """Keeps a class's ``__init_subclass__`` from running.

    Flask's and the user's own are meant for hand-written classes; Flask's even changes Flask's own
    methods if it finds old signatures.
    """

    def __init_subclass__(cls) -> None: ...


def subclass_of(base: type) -> t.Any:
    """Return a subclass with its base's own name, which can be assigned to objects of the base.

    A user's metaclass is not run, as it may register each class or refuse others.
    """
    kind = type(base)
    make: t.Any = ABCMeta.__new__ if issubclass(kind, ABCMeta) else type.__new__
    described = {name: vars(base)[name] for name in _DESCRIBED if name in vars(base)}
    named = {"__module__": base.__module__, "__qualname__": base.__qualname__}
    made = make(kind, base.__name__, (_Quiet, base), {"__doc__": None, **named, **described})
    type.__setattr__(made, "__bases__", (base,))
    return made


def override(made: type, name: str, method: t.Callable[..., t.Any]) -> None:
    """Add a method to a class, with the name, signature and source of its base's method."""
    type.__setattr__(made, name, functools.update_wrapper(method, getattr(made.__bases__[0], name)))


def give_class(owner: t.Any, made: type) -> None:
    """Assign a class to an object's ``__class__``, if its own class allows it.

    :raises Exception: its class refuses.
    """
    owner.__class__ = made
    if type(owner) is not made:
        raise TypeError("it ignores what is set as its __class__")


def give_class_back(owner: t.Any, base: type) -> None:
    """Restore an object's own class, even if its class refuses assignments by now."""
    _set_class(owner, base)


class Subclasses:
    """Make one subclass of each class, kept as long as an object uses it.

    The base may be defined in a function, and refer to everything that this refers to: a subclass
    in a table would keep its base alive, and be kept alive by it, for ever.

    :param make: makes a subclass.
    """

    def __init__(self, make: t.Callable[[t.Any], t.Any]) -> None:
        self._make = make
        self._made: dict[int, weakref.ref[type]] = {}
        #: The ids of the subclasses.
        self.ids: set[int] = set()

    def of(self, base: type) -> t.Any:
        """Return the subclass of a class; a class that was made here is returned unchanged."""
        if base in self:
            return base
        ref = self._made.get(id(base))
        # While the subclass lives, its base lives too and keeps its id.
        made = None if ref is None else ref()
        if made is None:
            made = self._make(base)
            dead = partial(_forget, self._made, self.ids, id(base), id(made))
            self._made[id(base)] = weakref.ref(made, dead)
            self.ids.add(id(made))
        return made

    def __contains__(self, kind: type) -> bool:
        return id(kind) in self.ids


def _forget(
    made: dict[int, weakref.ref[type]], ids: set[int], base: int, own: int, ref: weakref.ref[type]
) -> None:
    ids.discard(own)
    if made.get(base) is ref:
        del made[base]


__all__ = ["Subclasses", "give_class", "give_class_back", "override", "subclass_of"]
