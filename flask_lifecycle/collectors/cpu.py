"""The CPU time of each step, beside the time on the wall: what computes, and what waits.

Of the thread that the step began in: what asgiref runs elsewhere is not in it. Reading that clock
takes some ten times as long as reading the one on the wall, as it is the system that is asked:
off, unless ``LIFECYCLE_COLLECTORS`` names ``"cpu"``.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from time import thread_time_ns

from ..recorder.probe import Probe
from ..trace.owner import Owner
from ..trace.writer import LiveTrace, Writer
from .patch import Patch

_patch = Patch()
_owners = _patch.owners


class _Took(t.NamedTuple):
    """What a step took of the CPU, ns."""

    time: int

    def detail(self, _trace: LiveTrace) -> int:
        """Return it as JSON's type."""
        return self.time


begin = thread_time_ns


def _begin_for_some(writer: Writer) -> int | None:
    return thread_time_ns() if writer.owner in _owners else None


def end(writer: Writer, step: int, entered: int) -> None:
    """Note what a step took of the CPU since, ns."""
    writer.notes.add(step, "cpu", _Took(thread_time_ns() - entered))


#: Around what is recorded for one or for several apps, some of which may have this off.
PROBE = Probe(enter=_begin_for_some, leave=end)


def install(owner: Owner) -> Callable[[], None]:
    """Read the clock at the steps of an app.

    :param owner: stands for the app.
    """
    return _patch.install(owner)


__all__ = ["PROBE", "begin", "end", "install"]
