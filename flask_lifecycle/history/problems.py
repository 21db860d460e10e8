"""Why a history cannot be used, in words for its user."""

from __future__ import annotations

import sqlite3
from pathlib import Path

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


class OtherVersionError(HistoryError):
    """The file has the tables of another version of this package."""


def sentence(path: Path, error: sqlite3.Error | OSError) -> str:
    """Return what an error means for a file."""
    text = str(error)
    for part, reason in _REASONS.items():
        if part in text:
            return reason.format(path)
    if isinstance(error, OSError):
        return f"{path} cannot be used: {error.strerror or error}"
    return f"{path} cannot be used: {error}"


__all__ = ["HistoryError", "OtherVersionError", "sentence"]
