"""The place that an app shares with other processes, beside its history."""

from __future__ import annotations

from ..history import History
from ..history.sqlite import SqliteHistory
from .protocol import Board


def board_of(history: History | None) -> Board | None:
    """Return the shared place, or None if there is none: then each process is by itself."""
    if history is None:
        return None
    if isinstance(history, SqliteHistory):
        from .sqlite import SqliteBoard

        if history.path is None:
            return None
        return SqliteBoard(history.path, is_private=history.is_private)

    from ..history.redis.history import RedisHistory
    from .redis import RedisBoard

    return RedisBoard(history.redis) if isinstance(history, RedisHistory) else None


__all__ = ["board_of"]
