"""What has to be made anew in a forked process.

A server that is written in C may fork without Python's own hooks: uWSGI does, unless it is told
``py-call-osafterfork``. Then this is done at the process's first request.
"""

from __future__ import annotations

import os
from collections.abc import Callable

_handlers: list[Callable[[], None]] = []
_pid = os.getpid()


def in_child(handler: Callable[[], None]) -> None:
    """Call a function in each forked process, after those that were registered before."""
    _handlers.append(handler)


def check() -> None:
    """Do what the fork of this process has left out."""
    if _pid != os.getpid():
        _forked()


def _forked() -> None:
    global _pid
    _pid = os.getpid()
    for each in _handlers:
        each()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


__all__ = ["check", "in_child"]
