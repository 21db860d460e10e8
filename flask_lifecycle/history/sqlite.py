"""A history in one SQLite file, which any number of processes read and write."""

from __future__ import annotations

import re
import sqlite3
import time
import typing as t
import weakref
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from ..faults import fault
from ..store import RESTORABLE_SECONDS
from .connection import PATIENCE, Connection, transaction
from .location import is_writable
from .problems import HistoryError, LockedError, Problems
from .protocol import MOST, Status
from .summaries import made_of, read_summary, summaries_of

if t.TYPE_CHECKING:
    from ..trace.model import JsonObject, Trace
    from .batch import Batch
    from .unpacked import Unpacked

T = t.TypeVar("T")

# How long the writer waits for others that write, in seconds.
_PATIENCE = 5.0
# The limits are enforced when this fraction has been added, or when nothing more is to be written:
# then at most for a hundredth of the time.
_BOUND = 64
_SELDOM = 100

# All ids, which are hexadecimal, sort before it.
_END = "g"
# In one statement: other threads may run after each, and for long.
_SIZE = (
    "SELECT (page_count - freelist_count) * page_size"
    " FROM pragma_page_count, pragma_freelist_count, pragma_page_size"
)
_CLEARED = "FROM summaries WHERE cleared IS NOT NULL"
_POSITION = re.compile("[0-9]{1,18}", re.ASCII)
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
        #: The file, and whether its folder is for histories alone.
        self.path: Path | None = path
        self.is_private: bool = is_private
        self._max_traces = max_traces
        self._max_bytes = max_bytes
        # How many there were when they were counted last, and how many were added since.
        self._count = self._unbound = 0
        # The number of the newest batch, and of the one that was the newest at that time.
        self._newest = self._counted_at = 0
        self._again = 0.0
        #: How many requests this process has removed for the limits, and how many for bytes.
        self.evicted: int = 0
        self.too_large: int = 0
        self._problems = Problems("until the process ends")
        # What it had, and what changes with that: the connection, and the commits of both.
        self._ids: Mapping[str, bool] | None = None
        self._ids_of: tuple[object, ...] = ()
        self._connection = None if path is None else Connection(path, is_private=is_private)
        if self._connection is not None:
            weakref.finalize(self, self._connection.close)

    @property
    def problem(self) -> str | None:
        return self._problems.current

    def write(self, *batches: Batch, is_last: bool = True) -> bool:
        """Add requests, and remove the oldest beyond the limits; return whether that worked.

        :param is_last: whether no others are written right after these.
        """

        def add(opened: sqlite3.Connection) -> bool:
            now = time.time()
            with transaction(opened):
                # In order of their addition, also where all others were removed in between.
                last = max(_last(opened), int(now * 1000))
                purged = _purge(opened, now)
                for batch in batches:
                    self._newest = _insert(opened, batch, last)
                    last += len(batch.requests)
                    self._unbound += len(batch.requests)
                if self._may_exceed(opened) and self._is_count_due(is_last=is_last):
                    self._bound(opened)
            if purged:
                _shrink(opened)
            return True

        return self._use(add, create=True, patience=_PATIENCE) or False

    def _may_exceed(self, opened: sqlite3.Connection) -> bool:
        """Return whether there may be more than the limits, without counting."""
        # Processes number their batches together: these were added since.
        since = self._newest - self._counted_at
        if not 0 <= since <= (self._max_traces - self._count) // MOST:
            return True
        [size] = opened.execute(_SIZE).fetchone()
        return bool(size > self._max_bytes)

    def _is_count_due(self, *, is_last: bool) -> bool:
        if self._unbound > self._count // _BOUND:
            return True
        # Of many requests, it takes long: others may have added to them, but seldom so much.
        return is_last and time.monotonic() > self._again

    def summaries(self, limit: int = 500, before: str | None = None) -> list[JsonObject]:
        def read(opened: sqlite3.Connection) -> list[tuple[str, str, int | None]]:
            return opened.execute(
                "SELECT id, summary, batch FROM summaries WHERE cleared IS NULL AND id < ?"
                " ORDER BY id DESC LIMIT ?",
                (_END if before is None else before, limit),
            ).fetchall()

        return self._read(self._use(read) or ())

    def _read(self, rows: Sequence[tuple[str, str, int | None]]) -> list[JsonObject]:
        made = self._summarized({row[2] for row in rows if not row[1]})
        texts = ((each, text or made.get(each)) for each, text, _ in rows)
        found = (read_summary(each, text) for each, text in texts if text)
        return [each for each in found if each is not None]

    def _summarized(self, batches: Iterable[int | None]) -> dict[str, str]:
        """Return the summaries of all requests of some batches, and keep them for the next time."""
        made: dict[str, str] = {}
        for number in batches:
            unpacked = self._unpacked(number)
            if unpacked is not None:
                made.update(summaries_of(unpacked))

        def keep(opened: sqlite3.Connection) -> None:
            with transaction(opened):
                opened.executemany(
                    "UPDATE summaries SET summary = ?, size = size + ?"
                    " WHERE id = ? AND summary = ''",
                    [(text, len(text), each) for each, text in made.items()],
                )

        if made and self._connection is not None:
            # Where that is not possible, they are made again.
            with suppress(HistoryError):
                self._connection.use(keep, patience=0.0)
        return made

    def _unpacked(self, batch: int | None) -> Unpacked | None:
        from .unpacked import Unpacked

        def read(opened: sqlite3.Connection) -> tuple[bytes] | None:
            found: tuple[bytes] | None = opened.execute(
                "SELECT batch FROM batches WHERE id = ?", (batch,)
            ).fetchone()
            return found

        row = self._use(read)
        try:
            return None if row is None else Unpacked(row[0])
        except Exception as error:
            fault("a batch in the history", error)
            return None

    def ids(self) -> Mapping[str, bool] | None:
        def read(opened: sqlite3.Connection) -> Mapping[str, bool] | None:
            [others] = opened.execute("PRAGMA data_version").fetchone()
            now = (opened, others, opened.total_changes)
            if now != self._ids_of:
                found = opened.execute("SELECT id, is_file FROM summaries WHERE cleared IS NULL")
                self._ids, self._ids_of = {each: bool(is_file) for each, is_file in found}, now
            return self._ids

        if self._connection is None:
            return None
        # Whoever reads or writes it reports why that fails.
        with suppress(HistoryError):
            self._ids = self._connection.use(read, patience=0.0) or {}
            return self._ids
        return None

    def newest_id(self) -> str | None:
        """Return the last id, at once, or None."""

        def read(opened: sqlite3.Connection) -> str | None:
            return t.cast(
                "str | None", opened.execute("SELECT max(id) FROM summaries").fetchone()[0]
            )

        return self._use(read, patience=0.0)

    def position(self) -> str:
        return str(self._use(_last, patience=0.0) or 0)

    def added(
        self, after: str, limit: int = 200, without: Container[str] = ()
    ) -> tuple[list[JsonObject], str] | None:
        if not _POSITION.fullmatch(after):
            return None
        number = int(after)

        def read(opened: sqlite3.Connection) -> list[tuple[int, str, str, int | None]] | None:
            if number > max(_last(opened), int(time.time() * 1000)):
                return None
            return opened.execute(
                "SELECT rowid, id, summary, batch FROM summaries"
                " WHERE rowid > ? AND cleared IS NULL ORDER BY rowid LIMIT ?",
                (number, limit),
            ).fetchall()

        found = self._use(read, patience=0.0)
        if found is None:
            return None
        last = found[-1][0] if found else number
        new = [(each, text, batch) for _, each, text, batch in found if each not in without]
        return self._once(new), str(last)

    def _once(self, rows: Sequence[tuple[str, str, int | None]]) -> list[JsonObject]:
        """Return summaries for the stream; where many come, most are gone before they are listed.

        So, those that are made here are not kept.
        """
        missing: dict[int | None, list[str]] = {}
        for each, text, batch in rows:
            if not text:
                missing.setdefault(batch, []).append(each)
        made: dict[str, JsonObject] = {}
        for batch, ids in missing.items():
            unpacked = self._unpacked(batch)
            if unpacked is not None:
                made |= made_of(unpacked, ids)
        found = (read_summary(each, text) if text else made.get(each) for each, text, _ in rows)
        return [each for each in found if each is not None]

    def get(self, trace_id: str) -> Trace | None:
        from .document import decode

        def read(opened: sqlite3.Connection) -> tuple[bytes] | None:
            found: tuple[bytes] | None = opened.execute(
                "SELECT coalesce(batch.batch, trace) FROM summaries"
                " LEFT JOIN batches AS batch ON batch.id = summaries.batch"
                " LEFT JOIN traces ON traces.id = summaries.id"
                " WHERE summaries.id = ? AND cleared IS NULL",
                (trace_id,),
            ).fetchone()
            return found

        row = self._use(read)
        try:
            return None if row is None else decode(row[0], trace_id)
        except Exception as error:
            fault("a request in the history", error)
            return None

    def clear(self, *, restorable: bool = False, before: str | None = None) -> None:
        now = time.time()
        end = _END if before is None else before

        def clear(opened: sqlite3.Connection) -> None:
            with transaction(opened):
                _purge(opened, now)
                if restorable:
                    # Cleared twice, both come back: the second time may be the slip.
                    opened.execute("UPDATE summaries SET cleared = ? WHERE id < ?", (now, end))
                else:
                    _remove(opened, "SELECT id FROM summaries WHERE id < ?", end)
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
        path = self.path
        size = 0
        for each in _files(path):
            with suppress(OSError):
                size += each.stat().st_size
        is_new = counted is None and self.problem is None
        if path is not None and is_new and not is_writable(path.parent):
            self._problems.add(f"{path} cannot be written", is_writing=True)
        return Status(path, size, counted or 0, self.problem, str(path))

    def version(self) -> tuple[int, ...]:
        """Return what is another value once requests were added or removed, at little cost."""
        found = []
        for each in _files(self.path):
            with suppress(OSError):
                stat = each.stat()
                found += [stat.st_mtime_ns, stat.st_size, stat.st_ino]
        return tuple(found)

    def _use(
        self,
        use: Callable[[sqlite3.Connection], T],
        *,
        create: bool = False,
        patience: float = PATIENCE,
    ) -> T | None:
        if self._connection is None:
            self._problems.add(_NO_HOME, is_writing=create)
            return None
        try:
            used = self._connection.use(use, create=create, patience=patience)
        except HistoryError as error:
            # What is asked at once meets locks that last for a moment.
            if patience or not isinstance(error, LockedError):
                self._problems.add(str(error), is_writing=create)
            return None
        self._problems.solve(is_writing=create)
        return used

    def _bound(self, opened: sqlite3.Connection) -> None:
        """Remove the oldest requests beyond the limits.

        Where bytes are short, cleared ones and those for static files go first.
        """
        begun = time.monotonic()
        for is_file in (False, True):
            self.evicted += _remove(
                opened,
                "SELECT id FROM summaries WHERE cleared IS NULL AND is_file = ?"
                " ORDER BY id DESC LIMIT -1 OFFSET ?",
                is_file,
                self._max_traces,
            )
        size, count = opened.execute("SELECT total(size), count(*) FROM summaries").fetchone()
        while size > self._max_bytes and count > 1:
            oldest = opened.execute(
                "SELECT id, size, cleared IS NULL FROM summaries"
                " ORDER BY cleared IS NULL, is_file DESC, id LIMIT 1"
            ).fetchone()
            _remove(opened, "SELECT ?", oldest[0])
            size -= oldest[1]
            count -= 1
            self.evicted += oldest[2]
            self.too_large += oldest[2]
        self._count = int(count)
        self._counted_at = self._newest
        self._unbound = 0
        now = time.monotonic()
        self._again = now + _SELDOM * (now - begun)


def _files(path: Path | None) -> tuple[Path, ...]:
    return () if path is None else (path, path.with_name(f"{path.name}-wal"))


def _insert(opened: sqlite3.Connection, batch: Batch, last: int) -> int:
    """Add a batch, and return its number.

    :param last: the number of the request that was added last.
    """
    added: int | None
    added = opened.execute("INSERT INTO batches (batch) VALUES (?)", (batch.data,)).lastrowid
    size = len(batch.data) // max(1, len(batch.requests))
    values: list[object] = [last, size, added]
    more: list[tuple[object, ...]] = []
    for trace_id, is_file, cleared, summary in batch.requests:
        values += (trace_id, is_file)
        if summary or cleared is not None:
            more.append((size + len(summary), cleared, summary, trace_id, added))
    # In one statement, as above.
    inserted = opened.execute(_insertion(len(batch.requests)), values)
    if not inserted.rowcount:
        # They are there already.
        opened.execute("DELETE FROM batches WHERE id = ?", (added,))
    elif more:
        update = (
            "UPDATE summaries SET size = ?, cleared = ?, summary = ? WHERE id = ? AND batch = ?"
        )
        opened.executemany(update, more)
    return added or 0


@lru_cache(MOST)
def _insertion(count: int) -> str:
    """Return the statement that adds so many requests.

    It takes the number of the last request, the size of each, their batch, and the id of each and
    whether it is for a static file.
    """
    insert = "INSERT OR IGNORE INTO summaries (rowid, id, is_file, size, summary, batch) VALUES "
    rows = (f"(?1+{at}, ?{2 * at + 2}, ?{2 * at + 3}, ?2, '', ?3)" for at in range(1, count + 1))
    return insert + ",".join(rows)


def _last(opened: sqlite3.Connection) -> int:
    [last] = opened.execute("SELECT ifnull(max(rowid), 0) FROM summaries").fetchone()
    return int(last)


def _purge(opened: sqlite3.Connection, now: float) -> int:
    """Remove what was cleared too long ago to be restored; return how many these were."""
    if opened.execute(f"SELECT 1 {_CLEARED} LIMIT 1").fetchone() is None:
        return 0
    # The clock may have been set back.
    too_long = f"SELECT id {_CLEARED} AND abs(? - cleared) > ?"
    return _remove(opened, too_long, now, RESTORABLE_SECONDS)


def _remove(opened: sqlite3.Connection, ids: str, *values: object) -> int:
    """Remove requests, and return how many these were.

    :param ids: the statement that selects their ids.
    """
    found = opened.execute(ids, values).fetchall()
    if found:
        if opened.execute("SELECT 1 FROM traces LIMIT 1").fetchone() is not None:
            opened.executemany("DELETE FROM traces WHERE id = ?", found)
        opened.executemany("DELETE FROM summaries WHERE id = ?", found)
    return len(found)


def _shrink(opened: sqlite3.Connection) -> None:
    """Return the space of removed requests to the file system, and their content with it."""
    # Each step of this statement, which has no rows, frees one page: execute() takes only one.
    opened.executescript("PRAGMA incremental_vacuum")
    # Unless another process reads the log just now: then later.
    opened.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


__all__ = ["SqliteHistory"]
