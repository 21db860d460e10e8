"""Record when Flask opens and saves a session, by a subclass of each session interface."""

from __future__ import annotations

import typing as t
import weakref

from ..collectors import changes, cpu, memory
from ..core import shortcut
from ..faults import fail_open
from ..recorder.probe import recording
from ..recorder.subclass import Subclasses, give_class, give_class_back, override, subclass_of
from ..trace.tracepoint import Tracepoint, number
from ..trace.writer import Writer

_OPEN = number(Tracepoint("session_open", "session"))
_SAVE = number(Tracepoint("session_save", "session"))


class Sessions:
    """The session interfaces that one app has used."""

    def __init__(self) -> None:
        self._interfaces: list[tuple[weakref.ref[t.Any], type]] = []

    @fail_open
    def watch(self, interface: t.Any) -> None:
        """Make a session interface record when Flask opens and saves a session."""
        kind = type(interface)
        try:
            give_class(interface, kinds.of(kind))
            ref = weakref.ref(interface)
        except (TypeError, AttributeError):
            return
        # A replaced interface is not kept alive.
        self._interfaces = [each for each in self._interfaces if each[0]() is not None]
        self._interfaces.append((ref, kind))

    def give_back(self) -> None:
        """Restore the original class of each interface."""
        for ref, kind in self._interfaces:
            interface = ref()
            if interface is not None:
                give_class_back(interface, kind)
        self._interfaces.clear()


def _class(base: t.Any) -> type:
    """Make the class of a session interface that records opening and saving."""
    made = subclass_of(base)
    for name, tracepoint, probes in (
        ("open_session", _OPEN, (changes.OPENED,)),
        ("save_session", _SAVE, (changes.RESPONSE, changes.CHANGES)),
    ):
        method = recording(
            getattr(base, name),
            tracepoint,
            *probes,
            memory.PROBE,
            cpu.PROBE,
            name=name,
            unless=_is_another_apps,
        )
        override(made, name, method)
    return t.cast("type", made)


@shortcut("is_another_apps", None)
def _is_another_apps(writer: Writer, first: t.Any) -> bool:
    # Several apps may share an interface: Flask's default one belongs to the class.
    return writer.owner is None or writer.owner.app() is not first


#: The classes of interfaces that record.
kinds: Subclasses = Subclasses(_class)


__all__ = ["Sessions", "kinds"]
