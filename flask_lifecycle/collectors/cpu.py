"""Measure the CPU time of each step, beside the wall time: what computes, and what waits.

The clock is that of the thread in which the step began: work that asgiref runs in other threads is
not included. Reading it takes about ten times as long as reading the wall clock, as it is a system
call: off, unless ``LIFECYCLE_COLLECTORS`` names ``"cpu"``.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from time import thread_time_ns

from ..core import shortcut
from ..recorder.probe import Probe
from ..trace.owner import Owner
from ..trace.writer import LiveTrace, Writer
from .patch import Patch

_patch = Patch()
_owners = _patch.owners


class _CpuTime(t.NamedTuple):
    """The CPU time of a step, ns."""

    time: int

    def detail(self, _trace: LiveTrace) -> int:
        """Return it JSON-ready."""
        return self.time


begin = thread_time_ns


@shortcut("begin_for_some", _owners)
def _begin_for_some(writer: Writer) -> int | None:
    return thread_time_ns() if writer.owner in _owners else None


def end(writer: Writer, step: int, entered: int) -> None:
    """Record the CPU time of a step, in ns."""
    writer.notes.add(step, "cpu", _CpuTime(thread_time_ns() - entered))


#: For functions shared by several apps, some of which may have this off.
PROBE = Probe(enter=_begin_for_some, leave=end)


def install(owner: Owner) -> Callable[[], None]:
    """Measure the steps of an app.

    :param owner: the app's identity.
    """
    return _patch.install(owner)


__all__ = ["PROBE", "begin", "end", "install"]
