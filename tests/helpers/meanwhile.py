"""What another thread may do meanwhile."""

from __future__ import annotations

import sys
import threading
import types
import typing as t
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def meanwhile(happens: Callable[[], object], *modules: types.ModuleType) -> Iterator[None]:
    """Run a function before each instruction of these modules that this thread runs.

    At each of them, another thread may be the next to run. This one has the same locks.
    """
    files = {module.__file__ for module in modules}

    def trace(frame: types.FrameType, event: str, _arg: t.Any) -> t.Any:
        if frame.f_code.co_filename not in files:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            happens()
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)


@contextmanager
def in_turns(happens: Callable[[], object]) -> Iterator[None]:
    """Run a function in another thread, again and again: the two take turns very often."""
    over = threading.Event()

    def run() -> None:
        while not over.is_set():
            happens()

    thread = threading.Thread(target=run)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    thread.start()
    try:
        yield
    finally:
        over.set()
        sys.setswitchinterval(interval)
        thread.join()


__all__ = ["in_turns", "meanwhile"]
