"""Processes by their numbers, which the system gives to others later."""

from __future__ import annotations

import os
from pathlib import Path


def namespace() -> str:
    """Return the namespace of this process's number, where Linux has several."""
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""


def born(pid: int) -> str | None:
    """Return when a process was started, in ticks since the machine was; None if that is unknown.

    Empty for one that has ended, and whose parent has not asked yet.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
        return "" if fields[0] in "ZX" else fields[19]
    except (OSError, IndexError):
        return None


def is_alive(pid: int, began: str) -> bool | None:
    """Return whether a process of this namespace runs; None if that cannot be known.

    :param began: what :func:`born` returned of it, or an empty text.
    """
    if os.name == "nt":
        return None
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # it belongs to another user now
        pass
    now = born(pid)
    return None if now is None else now == began


__all__ = ["born", "is_alive", "namespace"]
