"""What the boards have in common: the name of their side, and why they cannot be used."""

from __future__ import annotations

import os


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


__all__ = ["Side"]
