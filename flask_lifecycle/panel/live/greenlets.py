"""Whether the threads of this process are greenlets."""

from __future__ import annotations

import sys


def is_patched_by_gevent() -> bool:
    """Return whether gevent has replaced the threads and locks of ``threading``."""
    monkey = sys.modules.get("gevent.monkey")
    return monkey is not None and bool(monkey.is_module_patched("threading"))


def is_patched() -> bool:
    """Return whether gevent or eventlet has done so."""
    patcher = sys.modules.get("eventlet.patcher")
    by_eventlet = patcher is not None and bool(patcher.is_monkey_patched("thread"))
    return is_patched_by_gevent() or by_eventlet


__all__ = ["is_patched", "is_patched_by_gevent"]
