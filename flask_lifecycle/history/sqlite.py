"""A history in one SQLite file, which any number of processes read and write."""

from __future__ import annotations

import json
import logging
import sqlite3
import time
import typing as t
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from ..faults import fault
from ..store import RESTORABLE_SECONDS
from ..trace.model import JsonObject, Trace
from .connection import PATIENCE, Connection, transaction
from .document import Row, decode
from .location import is_writable
from .problems import HistoryError
from .protocol import Status

T = t.TypeVar("T")

# How long the writer waits for others that write, in seconds.
_PATIENCE = 5.0
# The limits are enforced when this fraction has been added, or when nothing more is to be written.
_BOUND = 64

_log = logging.getLogger("flask_lifecycle")
_NO_HOME = "this user has no home folder; LIFECYCLE_HISTORY takes the path of a file"


class SqliteHistory:
    """The history of an app.

    :param path: the file; None where there is no place for one.
    :param is_private: whether the file's folder is for histories alone.
    :param max_traces: the maximum number of requests, and of those for static files.
    :param max_bytes: the maximum of bytes of both, as they are stored.
    """

    def __init__(
        self, path: Path | None, max_traces: int, max_bytes: int, *, is_private: bool
    ) -> None:
        self._path = path
        self._max_traces = max_traces
        self._max_bytes = max_bytes
        # How many there were when they were counted last, and how many were added since.
        self._count = self._unbound = 0
        # Of writing and of reading: what can be read cannot always be written.
        self._problems: dict[bool, str] = {}
        self._connection = None if path is None else Connection(path, is_private=is_private)
        if self._connection is not None:
            weakref.finalize(self, self._connection.close)

    @property
    def problem(self) -> str | None:
        return next(iter(self._problems.values()), None)

    def write(self, rows: Sequence[Row], *, is_last: bool = True) -> bool:
        """Add requests, and remove the oldest beyond the limits; return whether that worked.

        :param is_last: whether no others are written right after these.
        """

        def add(opened: sqlite3.Connection) -> bool:
            with transaction(opened):
                purged = _purge(opened, time.time())
                for row in rows:
                    size = len(row.summary) + len(row.trace)
                    added = opened.execute(
                        "INSERT OR IGNORE INTO summaries (id, is_file, size, cleared, summary)"
                        " VALUES (?, ?, ?, ?, ?)",
                        (row.id, row.is_file, size, row.cleared, row.summary),
                    )
                    if added.rowcount:
                        opened.execute(
                            "INSERT OR REPLACE INTO traces VALUES (?, ?)", (row.id, row.trace)
                        )
                # This reads the sizes of all: only once enough has been added.
                self._unbound += len(rows)
                if is_last or self._unbound > self._count // _BOUND:
                    self._count = self._bound(opened)
                    self._unbound = 0
            if purged:
                _shrink(opened)
            return True

        return self._use(add, create=True, patience=_PATIENCE) or False

    def summaries(self, limit: int = 500, before: str | None = None) -> list[JsonObject]:
        def read(opened: sqlite3.Connection) -> list[tuple[str, str]]:
            return opened.execute(
                "SELECT id, summary FROM summaries WHERE cleared IS NULL AND id < ?"
                " ORDER BY id DESC LIMIT ?",
                ("g" if before is None else before, limit),
            ).fetchall()

        found = (_summary(*row) for row in self._use(read) or ())
        return [each for each in found if each is not None]

    def newest_id(self) -> str | None:
        """Return the last id, at once, or None."""

        def read(opened: sqlite3.Connection) -> str | None:
            return t.cast(
                "str | None", opened.execute("SELECT max(id) FROM summaries").fetchone()[0]
            )

        return self._use(read, patience=0.0)

    def get(self, trace_id: str) -> Trace | None:
        def read(opened: sqlite3.Connection) -> tuple[bytes] | None:
            found: tuple[bytes] | None = opened.execute(
                "SELECT trace FROM traces JOIN summaries USING (id)"
                " WHERE id = ? AND cleared IS NULL",
                (trace_id,),
            ).fetchone()
            return found

        row = self._use(read)
        try:
            return None if row is None else decode(row[0])
        except Exception as error:
            fault("a request in the history", error)
            return None

    def clear(self, *, restorable: bool = False) -> None:
        now = time.time()

        def clear(opened: sqlite3.Connection) -> None:
            with transaction(opened):
                _purge(opened, now)
                if restorable:
                    # Cleared twice, both come back: the second time may be the slip.
                    opened.execute("UPDATE summaries SET cleared = ?", (now,))
                else:
                    _remove(opened, "SELECT id FROM summaries")
            _shrink(opened)

        self._use(clear)

    def restore(self) -> None:
        def restore(opened: sqlite3.Connection) -> None:
            with transaction(opened):
                _purge(opened, time.time())
                opened.execute("UPDATE summaries SET cleared = NULL")
                self._bound(opened)

        self._use(restore)

    def status(self) -> Status:
        def count(opened: sqlite3.Connection) -> int:
            found = opened.execute("SELECT count(*) FROM summaries WHERE cleared IS NULL")
            return int(found.fetchone()[0])

        counted = self._use(count)
        path = self._path
        size = 0
        if path is not None:
            for each in (path, path.with_name(f"{path.name}-wal")):
                with suppress(OSError):
                    size += each.stat().st_size
            if counted is None and self.problem is None and not is_writable(path.parent):
                self._fail(True, f"{path} cannot be written")
        return Status(path, size, counted or 0, self.problem)

    def _use(
        self,
        use: Callable[[sqlite3.Connection], T],
        *,
        create: bool = False,
        patience: float = PATIENCE,
    ) -> T | None:
        if self._connection is None:
            self._fail(create, _NO_HOME)
            return None
        try:
            used = self._connection.use(use, create=create, patience=patience)
        except HistoryError as error:
            self._fail(create, str(error))
            return None
        self._problems.pop(create, None)
        return used

    def _fail(self, is_writing: bool, reason: str) -> None:
        problem = (
            f"The history is not kept: {reason}. Requests are in memory only, until the process"
            " ends."
        )
        if problem not in self._problems.values():
            # The app's filters, handlers and record factory may fail as well.
            with suppress(Exception):
                _log.warning("%s", problem)
        self._problems[is_writing] = problem

    def _bound(self, opened: sqlite3.Connection) -> int:
        """Remove the oldest requests beyond the limits, and return how many there are.

        Where bytes are short, cleared ones and those for static files go first.
        """
        for is_file in (False, True):
            _remove(
                opened,
                "SELECT id FROM summaries WHERE cleared IS NULL AND is_file = ?"
                " ORDER BY id DESC LIMIT -1 OFFSET ?",
                is_file,
                self._max_traces,
            )
        size, count = opened.execute("SELECT total(size), count(*) FROM summaries").fetchone()
        while size > self._max_bytes and count > 1:
            oldest = opened.execute(
                "SELECT id, size FROM summaries ORDER BY cleared IS NULL, is_file DESC, id LIMIT 1"
            ).fetchone()
            _remove(opened, "SELECT ?", oldest[0])
            size -= oldest[1]
            count -= 1
        return int(count)


def _purge(opened: sqlite3.Connection, now: float) -> int:
    """Remove what was cleared too long ago to be restored; return how many these were."""
    # The clock may have been set back.
    return _remove(
        opened,
        "SELECT id FROM summaries WHERE cleared IS NOT NULL AND abs(? - cleared) > ?",
        now,
        RESTORABLE_SECONDS,
    )


def _remove(opened: sqlite3.Connection, ids: str, *values: object) -> int:
    found = opened.execute(ids, values).fetchall()
    opened.executemany("DELETE FROM traces WHERE id = ?", found)
    opened.executemany("DELETE FROM summaries WHERE id = ?", found)
    return len(found)


def _shrink(opened: sqlite3.Connection) -> None:
    """Return the space of removed requests to the file system, and their content with it."""
    # Each step of this statement, which has no rows, frees one page: execute() takes only one.
    opened.executescript("PRAGMA incremental_vacuum")
    # Unless another process reads the log just now: then later.
    opened.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _summary(trace_id: str, text: str) -> JsonObject | None:
    try:
        found = json.loads(text)
    except (ValueError, TypeError, RecursionError) as error:
        fault("a summary in the history", error)
        return None
    return found if isinstance(found, dict) and found.get("id") == trace_id else None


__all__ = ["SqliteHistory"]
