"""Locks that cannot deadlock.

They are free in a forked process, even if a thread of the parent had acquired them. A thread can
acquire one again: garbage collection inside the lock may log, or end a request that was not closed.
"""

from __future__ import annotations

import threading
import typing as t
import weakref

from . import forks

_made: weakref.WeakSet[t.Any] = weakref.WeakSet()


def lock() -> t.ContextManager[bool]:
    """Return a lock; the data must be usable even if the owner stopped in the middle."""
    made = threading.RLock()
    _made.add(made)
    return made


def _forked() -> None:
    for each in list(_made):
        # As logging and concurrent.futures do with theirs.
        each._at_fork_reinit()


forks.in_child(_forked)


__all__ = ["lock"]
