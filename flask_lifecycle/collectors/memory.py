"""Measure the memory of each step: its net allocation and its peak, beside its times.

These are Python's own allocations as ``tracemalloc`` measures them, of the whole process: those of
other threads are included, and so are the few of the recording. Tracing alone makes a request about
three times slower, and measuring each step five times: off, unless ``LIFECYCLE_COLLECTORS`` names
``"memory"``, which starts ``tracemalloc`` unless it is running already.
"""

from __future__ import annotations

import tracemalloc
import typing as t
from collections.abc import Callable

from .. import locks
from ..core import shortcut
from ..faults import fail_open
from ..recorder.probe import Probe
from ..trace.owner import Owner
from ..trace.writer import LiveTrace, Writer
from .patch import Patch

_lock = locks.lock()


def _trace(is_on: bool) -> None:
    if is_on:
        tracemalloc.start()
    else:
        tracemalloc.stop()


def _start() -> None:
    _patch.replace(
        tracemalloc, "start", lambda _is_on: True, get=tracemalloc.is_tracing, put=_trace
    )


_patch = Patch(_start)
_owners = _patch.owners


class _Open:
    """A running step, in bytes."""

    __slots__ = ("begun", "peak")

    def __init__(self, begun: int) -> None:
        self.begun: int = begun
        self.peak: int = begun


# For all threads: there is one peak for all, and each begin or end resets it.
_open: list[_Open] = []


class _Memory(t.NamedTuple):
    """The net allocation of a step and its peak above the start, in bytes."""

    net: int
    peak: int

    def detail(self, _trace: LiveTrace) -> dict[str, int]:
        """Return it JSON-ready."""
        return self._asdict()


@fail_open
def begin() -> _Open:
    """Begin to measure a step."""
    with _lock:
        step = _Open(_look())
        _open.append(step)
    return step


@fail_open
def end(writer: Writer, step: int, entered: _Open) -> None:
    """Record the memory of a step."""
    with _lock:
        now = _look()
        _open.remove(entered)
    note = _Memory(now - entered.begun, entered.peak - entered.begun)
    writer.notes.add(step, "memory", note)


def _look() -> int:
    now, peak = tracemalloc.get_traced_memory()
    for each in _open:
        if peak > each.peak:
            each.peak = peak
    tracemalloc.reset_peak()
    return now


@shortcut("begin_for_some", _owners)
def _begin_for_some(writer: Writer) -> _Open | None:
    return begin() if writer.owner in _owners else None


#: For functions shared by several apps, some of which may have this off.
PROBE = Probe(enter=_begin_for_some, leave=end)


def install(owner: Owner) -> Callable[[], None]:
    """Trace memory for an app, from now on and as long as any app asks for it.

    :param owner: the app's identity.
    """
    return _patch.install(owner)


__all__ = ["PROBE", "begin", "end", "install"]
