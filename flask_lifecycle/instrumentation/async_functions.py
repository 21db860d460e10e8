"""In which thread an async function of the user's runs: it is asked while it runs.

Flask passes it through ``ensure_sync`` and ``async_to_sync``, by which asgiref runs it in another
thread; an app may override either.
"""

from __future__ import annotations

import functools
import typing as t
from threading import current_thread, get_ident

from ..faults import fail_open
from ..trace.writer import LiveTrace, Writer


class _Thread(t.NamedTuple):
    name: str
    ident: int
    #: Whether Flask called the function in another one.
    other: bool

    def detail(self, _trace: LiveTrace) -> dict[str, t.Any]:
        """Return it as JSON's types."""
        return self._asdict()


@fail_open
def observed(func: t.Callable[..., t.Any], trace: LiveTrace) -> t.Any:
    """Return an async function that runs another one and notes in which thread.

    It is noted of the step that runs in the thread of this call, once the function begins.
    """
    caller = trace.strand()

    @functools.wraps(func)
    async def noted(*args: t.Any, **kwargs: t.Any) -> t.Any:
        __tracebackhide__ = True
        _note(caller)
        return await func(*args, **kwargs)

    return noted


@fail_open
def _note(caller: Writer) -> None:
    if caller.current >= 0:
        ident = get_ident()
        thread = _Thread(current_thread().name, ident, ident != caller.ident)
        caller.notes.add(caller.current, "thread", thread)


__all__ = ["observed"]
