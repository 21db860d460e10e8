"""Locks that stop nobody for ever.

A forked process finds them free, whoever held them in its parent. A thread may take one again
that it holds: what is collected in the middle may log, or end a request that nobody closed.
"""

from __future__ import annotations

import os
import threading
import typing as t
import weakref

_made: weakref.WeakSet[t.Any] = weakref.WeakSet()


def lock() -> t.ContextManager[bool]:
    """Make a lock; what it guards must be of use also where its holder stopped in the middle."""
    made = threading.RLock()
    _made.add(made)
    return made


def _forked() -> None:
    for each in list(_made):
        # As logging and concurrent.futures do with theirs.
        each._at_fork_reinit()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


__all__ = ["lock"]
