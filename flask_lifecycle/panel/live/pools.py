"""The pool that the thread of a call belongs to: frames of the server's own code have it.

These servers pass nothing to an app that leads there.
"""

from __future__ import annotations

import gc
import sys
import threading
import typing as t
from collections.abc import Callable
from functools import partial
from types import FrameType

from ..._compat import EXECUTOR_STOPPING, EXECUTOR_THREADS, EXECUTOR_WORKER, GREENLET_EXITS
from .stop_log import stops


class Pool(t.NamedTuple):
    """A pool of threads, or of greenlets."""

    #: The number of them, at most.
    size: t.Any
    #: Returns whether it waits for its calls to end.
    is_stopping: Callable[[], bool]


def pool_of_call() -> Pool | None:
    """Return the pool of this thread, if it is known."""
    found = None
    for frame in _frames(sys._getframe()):
        find = _POOLS.get((frame.f_globals.get("__name__"), frame.f_code.co_name))
        # The outermost one: the app may have its own.
        found = (find and find(frame.f_locals)) or found
    return found or _of_granian()


def _frames(frame: FrameType | None) -> t.Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _of_executor(names: t.Mapping[str, t.Any]) -> Pool | None:
    """Return the pool of ASGI adapters, Tornado and asyncio."""
    reference = names.get("executor_reference", lambda: None)

    def is_stopping() -> bool:
        executor = reference()
        return executor is None or bool(getattr(executor, EXECUTOR_STOPPING, False))

    size = getattr(reference(), EXECUTOR_THREADS, None)
    return None if size is None else Pool(size, is_stopping)


def _of_eventlet(names: t.Mapping[str, t.Any]) -> Pool | None:
    for called, *_ in getattr(names.get("self"), GREENLET_EXITS, None) or ():
        pool = getattr(called, "__self__", None)
        if hasattr(pool, "no_coros_running"):
            return Pool(getattr(pool, "size", None), partial(_is_awaited, pool))
    return None


def _is_awaited(pool: t.Any) -> bool:
    return bool(getattr(pool.no_coros_running, "_waiters", False))


def _of_granian() -> Pool | None:
    """Return the pool of Granian: its threads are not Python's, the main one has the options."""
    if "granian" not in sys.modules:
        return None
    for frame in _frames(_of_main_thread()):
        if "blocking_threads" in frame.f_locals:
            return Pool(frame.f_locals["blocking_threads"], stops.is_set)
    return None


def _of_main_thread() -> FrameType | None:
    # Where Python collects garbage inside this function, as it allocates, it waits for ever for a
    # thread that starts meanwhile (python/cpython#106883).
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return sys._current_frames().get(threading.main_thread().ident or 0)
    finally:
        if was_enabled:
            gc.enable()


_POOLS: dict[tuple[t.Any, str], Callable[[t.Mapping[str, t.Any]], Pool | None]] = {
    ("concurrent.futures.thread", EXECUTOR_WORKER): _of_executor,
    ("eventlet.greenthread", "main"): _of_eventlet,
}


__all__ = ["Pool", "pool_of_call"]
