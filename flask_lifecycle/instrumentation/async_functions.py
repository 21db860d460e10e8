"""Record which thread runs the user's async functions: checked while they run.

Flask passes them through ``ensure_sync`` and ``async_to_sync``, with which asgiref runs them in
another thread; an app may override either.
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
    #: Whether that is another thread than the one of Flask's call.
    other: bool

    def detail(self, _trace: LiveTrace) -> dict[str, t.Any]:
        """Return it JSON-ready."""
        return self._asdict()


@fail_open
def observed(func: t.Callable[..., t.Any], trace: LiveTrace) -> t.Any:
    """Return an async function that calls another one and records its thread.

    The thread is recorded on the caller's current step, once the function begins.
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
