"""The CPU time of each step, beside the time on the wall: what computes, and what waits.

Of the thread that the step began in: what asgiref runs elsewhere is not in it. Reading that clock
takes some ten times as long as reading the one on the wall, as it is the system that is asked:
off, unless ``LIFECYCLE_COLLECTORS`` names ``"cpu"``.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from functools import partial
from time import thread_time_ns

from ..trace.log import EXTRA
from ..trace.writer import Writer

_owners: set[int] = set()


class _Took(t.NamedTuple):
    """What a step took of the CPU, ns."""

    time: int

    def detail(self, _redactor: t.Any) -> int:
        """Return it as JSON's type."""
        return self.time


begin = thread_time_ns


def end(writer: Writer, step: int, begun: int) -> None:
    """Note what a step took of the CPU since, ns."""
    writer.notes.setdefault(step + EXTRA, {})["cpu"] = _Took(thread_time_ns() - begun)


#: What a recorded function does, as `wrapper.recording` takes it.
READS: dict[str, t.Any] = {
    "enter": "_cpu = begin_cpu()",
    "leave": "end_cpu(_writer, _step, _cpu)",
    "begin_cpu": begin,
    "end_cpu": end,
}
#: The same for what serves several apps.
READS_FOR_SOME: dict[str, t.Any] = {
    **READS,
    "enter": "_cpu = begin_cpu() if _writer.owner in clocked else None",
    "leave": "None if _cpu is None else end_cpu(_writer, _step, _cpu)",
    "clocked": _owners,
}


def install(owner: int) -> Callable[[], None]:
    """Read the clock at the steps of what serves several apps for this one too.

    :param owner: stands for the app.
    """
    _owners.add(owner)
    return partial(_owners.discard, owner)


__all__ = ["READS", "READS_FOR_SOME", "begin", "end", "install"]
