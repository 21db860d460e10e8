"""What the boards have in common: the name of their side, and what counts as a viewer there."""

from __future__ import annotations

import os
import typing as t
from collections.abc import Iterable

from .identity import Identity, is_gone


class Watching(t.NamedTuple):
    """What a process with viewers has written."""

    traces: t.Any
    #: None if nothing is known of the process.
    by: Identity | None
    #: For how many seconds it should have written again.
    late: float


class Side:
    """One app in one process, among those that share a place."""

    def __init__(self) -> None:
        self._problem: str | None = None
        self._random = os.urandom(8).hex()

    @property
    def problem(self) -> str | None:
        return self._problem

    @property
    def _key(self) -> str:
        # With the number of the process, which may be forked.
        return f"{self._random}{os.getpid():x}"


def wanted(found: Iterable[Watching], silent: float) -> frozenset[str] | None:
    """Return the requests whose steps viewers want; None if nobody watches any more.

    :param silent: for how many seconds a process may be late of which it is not known if it runs.
    """
    lists = [
        each.traces for each in found if each.late <= 0 or not is_gone(each.by, each.late, silent)
    ]
    named = (each for traces in lists if isinstance(traces, list) for each in traces)
    return frozenset(each for each in named if type(each) is str) if lists else None


__all__ = ["Side", "Watching", "wanted"]
