"""A cache of values by object identity that does not keep the objects alive."""

from __future__ import annotations

import typing as t
import weakref
from functools import partial, wraps

from ..core import shortcut

V = t.TypeVar("V")
F = t.TypeVar("F", bound=t.Callable[..., t.Any])


class Memo(dict[int, V]):
    """A value for each object, by its ``id``, until the object is collected.

    A ``WeakKeyDictionary`` calls ``__hash__`` and ``__eq__`` of its keys, which may be the app's
    code, and takes several times as long. As in that class, a value must not refer to its key: both
    would live for ever.
    """

    __slots__ = ("_refs",)

    def __init__(self) -> None:
        super().__init__()
        self._refs: dict[int, t.Any] = {}

    def keep(self, key: t.Any, value: V) -> None:
        """Store a value; objects without weak references are ignored."""
        place = id(key)
        try:
            # Its callback runs before another object can get this id.
            self._refs[place] = weakref.ref(key, partial(_forget, self, self._refs, place))
        except TypeError:
            return
        self[place] = value


def _forget(
    values: dict[int, t.Any], refs: dict[int, t.Any], place: int, ref: weakref.ref[t.Any]
) -> None:
    # During garbage collection, another object may have this id by now.
    if refs.get(place) is ref:
        del refs[place]
        values.pop(place, None)


def by_class(func: F) -> F:
    """Cache a function's return value for each class, as long as the class lives."""
    known: Memo[t.Any] = Memo()

    @shortcut("remembered", known)
    @wraps(func)
    def remembered(kind: t.Any) -> t.Any:
        try:
            return known[id(kind)]
        except KeyError:
            found = func(kind)
            known.keep(kind, found)
            return found

    return t.cast("F", remembered)


__all__ = ["Memo", "by_class"]
