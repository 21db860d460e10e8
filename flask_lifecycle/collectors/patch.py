"""Patch other packages for the whole process, as long as any app needs it."""

from __future__ import annotations

import sys
import typing as t
from functools import partial

from .._compat import INITIALIZING
from ..faults import fault
from ..locks import lock

Get = t.Callable[[], t.Any]
Put = t.Callable[[t.Any], t.Any]
Make = t.Callable[[t.Any], t.Any]

_MISSING: t.Any = object()


def imported(name: str) -> t.Any:
    """Return a module that the app has imported; None if it has not, or another thread is at it.

    What is imported by then is looked at again when more is.
    """
    module = sys.modules.get(name)
    is_begun = getattr(getattr(module, "__spec__", None), INITIALIZING, False)
    return None if is_begun else module


class _Replacement:
    """One replaced object."""

    def __init__(self, get: Get, put: Put) -> None:
        self._get = get
        self._put = put
        self._original: t.Any = None
        self._ours: t.Any = None

    def put(self, make: Make) -> None:
        """Replace the original with the object that ``make`` returns for it."""
        original = self._get()
        self._original, self._ours = original, make(original)
        self._put(self._ours)

    def stands(self) -> bool:
        """Return whether nobody else has replaced it since."""
        return self._get() is self._ours

    def records(self, ours: t.Any) -> bool:
        """Return whether this one, of all replacements made here, is the one that records."""
        return ours is self._ours or ours is self._get()

    def undo(self) -> None:
        """Restore the original; another package's later replacement stays."""
        if self.stands():
            self._put(self._original)


class Patch:
    """The replacements for one purpose.

    A replacement checks ``owners`` before it records: other apps' requests pass through it as well,
    and if another package has wrapped it, it stays after the last app is gone.

    :param apply: calls :meth:`replace` for each object. It is called again whenever an app is
        installed, and by :meth:`apply`, as the other package may be imported late.
    """

    def __init__(self, apply: t.Callable[[], None] | None = None) -> None:
        self._apply = apply
        self._lock = lock()
        self._replacements: dict[tuple[int, str], tuple[t.Any, _Replacement]] = {}
        #: The identities of the apps that need it; the apps are not kept alive.
        self.owners: set[object] = set()

    @property
    def is_in_place(self) -> bool:
        """Whether anything is replaced now."""
        return bool(self._replacements)

    def install(self, owner: object) -> t.Callable[[], None]:
        """Apply the patch for one more app.

        :param owner: the app's identity.
        :returns: the function that undoes this; the last app's restores everything.
        """
        with self._lock:
            self.owners.add(owner)
        self.apply()
        return partial(self._uninstall, owner)

    def apply(self) -> None:
        """Replace whatever has been imported by now."""
        if self._apply is None:
            return
        try:
            with self._lock:
                if self.owners:
                    self._apply()
        except Exception as error:
            fault(f"the patch of {self._apply.__module__}", error)

    def replace(
        self,
        target: t.Any,
        name: str,
        make: Make,
        *,
        get: Get | None = None,
        put: Put | None = None,
        again: bool = False,
    ) -> None:
        """Replace an attribute of a module, class or object, once; do nothing if no app needs it.

        :param make: takes the original, and returns its replacement.
        :param get: returns the current object, if it is not an attribute of the target's own.
        :param put: sets an object; by default an attribute is set, or deleted if there was none.
        :param again: whether to replace another package's later replacement.
        """
        key = id(target), name
        with self._lock:
            if not self.owners:
                return
            known = self._replacements.get(key)
            if known is None:
                replacement = _Replacement(
                    get or partial(_attribute, target, name),
                    put or partial(_set_attribute, target, name),
                )
                replacement.put(make)
                # The target is kept alive, so that its id stays unique.
                self._replacements[key] = target, replacement
            elif again and not known[1].stands():
                known[1].put(make)

    def records(self, target: t.Any, name: str, ours: t.Any) -> bool:
        """Return whether a replacement records, of several that wrap each other.

        There are several if another package has wrapped one, and it was replaced ``again``.
        """
        known = self._replacements.get((id(target), name))
        return known is not None and known[1].records(ours)

    def _uninstall(self, owner: object) -> None:
        with self._lock:
            self.owners.discard(owner)
            while self._replacements and not self.owners:
                _, (_, replacement) = self._replacements.popitem()
                try:
                    replacement.undo()
                except Exception as error:
                    fault("the end of a patch", error)


def _attribute(target: t.Any, name: str) -> t.Any:
    return vars(target).get(name, _MISSING)


def _set_attribute(target: t.Any, name: str, value: t.Any) -> None:
    if value is _MISSING:
        delattr(target, name)
    else:
        setattr(target, name, value)


__all__ = ["Patch", "imported"]
