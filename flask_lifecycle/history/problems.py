"""Why a history cannot be used, in words for its user."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import suppress
from pathlib import Path

_log = logging.getLogger("flask_lifecycle")

_REASONS = {
    "locked": "{} is locked by another program",
    "full": "the disk of {} is full",
    "readonly": "{} cannot be written",
    "unable to open": "{} cannot be opened",
    "not a database": "{} is not a history of flask-lifecycle and is left alone",
    "malformed": "{} is damaged; delete it to begin a new one",
    "no such table": "{} is damaged; delete it to begin a new one",
}


class HistoryError(Exception):
    """A history cannot be used; the text says why, as the beginning of a sentence."""


class LockedError(HistoryError):
    """Another program uses the file for longer than the caller waits."""


class OtherVersionError(HistoryError):
    """The file has the tables of another version of this package."""


class Problems:
    """What keeps a history from being written and from being read; each is logged once.

    :param end: how long requests are in memory only, as the end of a sentence.
    """

    def __init__(self, end: str) -> None:
        self._end = end
        # What can be read cannot always be written.
        self._by_use: dict[bool, str] = {}

    @property
    def current(self) -> str | None:
        """Return one, as a text for people, or None."""
        # In one call into C: other threads add and solve some meanwhile.
        problems = list(self._by_use.values())
        return problems[0] if problems else None

    def add(self, reason: str, *, is_writing: bool) -> None:
        """Log a problem, unless it is known."""
        problem = f"The history is not kept: {reason}. Requests are in memory only, {self._end}."
        if problem not in list(self._by_use.values()):
            # The app's filters, handlers and record factory may fail as well.
            with suppress(Exception):
                _log.warning("%s", problem)
        self._by_use[is_writing] = problem

    def solve(self, *, is_writing: bool) -> None:
        """Forget the problem of one use, as it works."""
        self._by_use.pop(is_writing, None)


def sentence(path: Path, error: sqlite3.Error | OSError) -> str:
    """Return what an error means for a file."""
    text = str(error)
    for part, reason in _REASONS.items():
        if part in text:
            return reason.format(path)
    if isinstance(error, OSError):
        return f"{path} cannot be used: {error.strerror or error}"
    return f"{path} cannot be used: {error}"


__all__ = ["HistoryError", "LockedError", "OtherVersionError", "Problems", "sentence"]
