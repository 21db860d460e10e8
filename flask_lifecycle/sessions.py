"""Session interfaces: each records what Flask has it open and save."""

from __future__ import annotations

import typing as t

from . import changes, cpu, memory
from .recorder import fail_open
from .sites import Site, number
from .subclass import give_class, give_class_back, override, subclass_of
from .wrapper import recording, within

_OPEN = number(Site("session_open", "session"))
_SAVE = number(Site("session_save", "session"))

_classes: dict[type, type] = {}
#: The classes of interfaces that record.
kinds: set[type] = set()


class Sessions:
    """The session interfaces that one app has used."""

    def __init__(self) -> None:
        self._interfaces: list[tuple[t.Any, type]] = []

    @fail_open
    def watch(self, interface: t.Any) -> None:
        """Make a session interface record what Flask has it open and save."""
        kind = type(interface)
        try:
            give_class(interface, _class(kind))
        except (TypeError, AttributeError):
            return
        self._interfaces.append((interface, kind))

    def give_back(self) -> None:
        """Give each interface its own class back."""
        for interface, kind in self._interfaces:
            give_class_back(interface, kind)
        self._interfaces.clear()


def _class(base: t.Any) -> type:
    """Make the class of a session interface that records what is opened and saved."""
    known = _classes.get(base)
    if known is not None:
        return known

    made = subclass_of(base)
    for name, site, looks in (
        ("open_session", _OPEN, changes.READS_SESSION),
        ("save_session", _SAVE, changes.READS_RESPONSE),
    ):
        method = recording(
            getattr(base, name),
            site,
            name=name,
            # One interface may serve several apps: Flask's default one is the class's own.
            unless="_writer.owner != id({argument})",
            **within(within(looks, memory.READS_FOR_SOME), cpu.READS_FOR_SOME),
        )
        override(made, name, method)
    _classes[base] = made
    kinds.add(made)
    return t.cast("type", made)


__all__ = ["Sessions", "kinds"]
