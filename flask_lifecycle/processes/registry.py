"""The place that an app shares with other processes, beside its history."""

from __future__ import annotations

from ..history import History
from ..history.redis.history import RedisHistory
from ..history.sqlite import SqliteHistory
from .protocol import Board
from .redis import RedisBoard
from .sqlite import SqliteBoard


def board_of(history: History | None) -> Board | None:
    """Return the shared place, or None if there is none: then each process is by itself."""
    if isinstance(history, SqliteHistory):
        if history.path is None:
            return None
        return SqliteBoard(history.path, is_private=history.is_private)
    return RedisBoard(history.redis) if isinstance(history, RedisHistory) else None


__all__ = ["board_of"]
