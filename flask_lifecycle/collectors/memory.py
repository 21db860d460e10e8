"""The memory of each step: what it left behind, and the most that it held, beside its times.

Python's own allocations as ``tracemalloc`` sees them, of the whole process: what other threads do
meanwhile is in it, and so is the little that recording takes. Tracing alone makes a request some
three times slower, and asking at each step five times: off, unless ``LIFECYCLE_COLLECTORS`` names
``"memory"``, which starts ``tracemalloc`` where it does not trace yet.
"""

from __future__ import annotations

import tracemalloc
import typing as t
from collections.abc import Callable

from .. import locks
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
    """A step that runs, in bytes."""

    __slots__ = ("begun", "peak")

    def __init__(self, begun: int) -> None:
        self.begun: int = begun
        self.peak: int = begun


# Of all threads: there is one peak for all, and each that begins or ends sets it back.
_open: list[_Open] = []


class _Took(t.NamedTuple):
    """What a step left behind and the most that it held beside what was there, in bytes."""

    net: int
    peak: int

    def detail(self, _trace: LiveTrace) -> dict[str, int]:
        """Return it as JSON's types."""
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
    """Note what a step took."""
    with _lock:
        now = _look()
        _open.remove(entered)
    note = _Took(now - entered.begun, entered.peak - entered.begun)
    writer.notes.add(step, "memory", note)


def _look() -> int:
    now, peak = tracemalloc.get_traced_memory()
    for each in _open:
        if peak > each.peak:
            each.peak = peak
    tracemalloc.reset_peak()
    return now


def _begin_for_some(writer: Writer) -> _Open | None:
    return begin() if writer.owner in _owners else None


#: Around what is recorded for one or for several apps, some of which may have this off.
PROBE = Probe(enter=_begin_for_some, leave=end)


def install(owner: Owner) -> Callable[[], None]:
    """Trace memory for an app, from now on and for as long as any app asks for it.

    :param owner: stands for the app.
    """
    return _patch.install(owner)


__all__ = ["PROBE", "begin", "end", "install"]
