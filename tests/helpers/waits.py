"""What a thread waits for, by what the interpreter says that it calls.

On a busy machine, times say little: everything takes long, whether it waits or not.
"""

from __future__ import annotations

import gc
import sys
import threading
import types
import typing as t
from collections.abc import Iterator
from contextlib import contextmanager

_WAITERS = ("flask_lifecycle.", "redis.")
_WAIT = {
    "_thread": {"acquire", "acquire_lock", "__enter__"},
    "socket": {"connect", "recv", "recv_into", "send", "sendall"},
    "select": {"select", "poll", "epoll"},
    "_sqlite3": {"connect"},
    "sqlite3": {"execute", "executemany", "commit", "rollback", "__exit__"},
    "time": {"sleep"},
}


class Calls(t.NamedTuple):
    #: The modules whose functions were called.
    modules: set[str]
    #: What our modules and redis-py called that may wait: each with the module that called it.
    waits: set[str]


@contextmanager
def calls() -> Iterator[Calls]:
    """Note what this thread calls, and those that start meanwhile, but for threads of ours."""
    found = Calls(set(), set())

    def saw(frame: types.FrameType, event: str, arg: t.Any) -> None:
        module = str(frame.f_globals.get("__name__"))
        if threading.current_thread().name.startswith("flask-lifecycle"):
            return
        if event == "call":
            found.modules.add(module)
        elif event == "c_call" and module.startswith(_WAITERS):
            owner = arg.__self__
            of = owner.__name__ if isinstance(owner, types.ModuleType) else type(owner).__module__
            # The locks of the collectors are held for what was imported since.
            if arg.__name__ in _WAIT.get(of, ()) and ".collectors." not in module:
                found.waits.add(f"{arg.__name__} {module}")

    # What other tests have left is closed in whichever thread collects it.
    gc.collect()
    gc.disable()
    threading.setprofile(saw)
    sys.setprofile(saw)
    try:
        yield found
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
        gc.enable()


__all__ = ["Calls", "calls"]
