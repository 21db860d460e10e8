"""Connections to the files of histories: safe to open, and never shared by two processes."""

from __future__ import annotations

import os
import sqlite3
import stat
import time
import typing as t
import weakref
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from .. import forks, locks
from .file_system import network_type
from .problems import HistoryError, LockedError, OtherVersionError, sentence

T = t.TypeVar("T")


class Tables(t.NamedTuple):
    """What a file has: its number in the file's header, and the version of the tables in it."""

    application_id: int
    version: int
    #: The statements that make the tables.
    first: tuple[str, ...]
    #: Those that came later, and make the table of this name, also in older files.
    later: tuple[str, ...]
    later_name: str
    #: SQLite's ``PRAGMA synchronous``.
    synchronous: str


#: "FLcy", as the file's header has it.
APPLICATION_ID = 0x464C6379
VERSION = 1
HISTORY = Tables(
    APPLICATION_ID,
    VERSION,
    (
        """CREATE TABLE summaries (
        id TEXT PRIMARY KEY, is_file INTEGER NOT NULL, size INTEGER NOT NULL, cleared REAL,
        summary TEXT NOT NULL
    )""",
        # With all that the limits need. Each further index would cost each request a tenth more.
        "CREATE INDEX kinds ON summaries (cleared, is_file, id, size)",
        "CREATE TABLE traces (id TEXT PRIMARY KEY, trace BLOB NOT NULL)",
    ),
    # These came later: a request is in a batch, or, written by an older version of the package, in
    # `traces`. Older versions may use the same file: the trigger completes what they remove. The at
    # most 100 requests of a batch have numbers in a row, so that they are found without an index. A
    # summary is empty until it has been read.
    (
        "CREATE TABLE batches (id INTEGER PRIMARY KEY, batch BLOB NOT NULL)",
        "ALTER TABLE summaries ADD COLUMN batch INTEGER",
        """CREATE TRIGGER removed AFTER DELETE ON summaries
    WHEN old.batch IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM summaries WHERE batch = old.batch
        AND rowid BETWEEN old.rowid - 100 AND old.rowid + 100
    )
    BEGIN DELETE FROM batches WHERE id = old.batch; END""",
    ),
    "batches",
    # The last batches may be lost if the machine crashes, not if a process does.
    "NORMAL",
)
# SQLite's own wait blocks all greenlets of a thread: short, and tried again.
_BUSY_SECONDS = 0.05
#: How long to wait for a locked file, in seconds.
PATIENCE = 2.0
# The smallest page, of which each file has one.
_SMALLEST = 512
# How long closing waits for a thread that uses the file.
_WAIT_SECONDS = 1.0
_WAL_BYTES = 4 * 1024 * 1024

#: Held while SQLite runs: no process is forked in the middle of it.
io: t.Any = locks.lock()
_open: weakref.WeakKeyDictionary[Connection, None] = weakref.WeakKeyDictionary()


class Connection:
    """The connection to one file, opened when it is used, and again when the file is replaced."""

    def __init__(self, path: Path, *, is_private: bool, tables: Tables = HISTORY) -> None:
        #: The file; with ``is_private``, the folder is for histories alone.
        self.path: Path = path
        self._is_private = is_private
        self._tables = tables
        self._used: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        _open[self] = None

    def use(
        self,
        use: Callable[[sqlite3.Connection], T],
        *,
        create: bool = False,
        patience: float = PATIENCE,
    ) -> T | None:
        """Call a function with the open connection and return what it returns.

        :param create: whether to make the file; otherwise, None is returned without one.
        :param patience: how long to wait for a locked file, in seconds.
        :raises HistoryError: the file cannot be used.
        """
        until = time.monotonic() + patience
        while True:
            try:
                with io:
                    opened = self._opened(create=create)
                    return None if opened is None else use(opened)
            except (sqlite3.Error, OSError) as error:
                is_locked = "locked" in str(error)
                if not is_locked or time.monotonic() > until:
                    self.close()
                    kind = LockedError if is_locked else HistoryError
                    raise kind(sentence(self.path, error)) from error
            # Processes that begin together try again apart.
            time.sleep(0.002 + os.urandom(1)[0] / 10_000)

    def close(self) -> None:
        """Close it, unless another thread uses it for long; it is opened again when it is used."""
        # With a limit: the end of a process waits for no thread that stopped inside.
        if not io.acquire(timeout=_WAIT_SECONDS):
            return
        try:
            used, self._used = self._used, None
            if used is not None:
                with suppress(sqlite3.Error):
                    # Where this is the last one, SQLite copies the log into the file: the end of a
                    # process does not wait for the disk.
                    used.execute("PRAGMA synchronous = OFF")
                with suppress(sqlite3.Error):
                    used.close()
        finally:
            io.release()

    def forget(self) -> None:
        """Let go of the connection of a parent process without closing it."""
        if self._used is not None:
            _of_parents.append(self._used)
            self._used = None

    def _opened(self, *, create: bool) -> sqlite3.Connection | None:
        if self._used is not None:
            if self._file == _identity(self.path):
                return self._used
            # Deleted or replaced: what is written to it is lost.
            self.close()
        _check_file_system(self.path)
        if create:
            self._create()
        elif not os.path.lexists(self.path):
            return None
        _check_file(self.path)
        # Not sqlite3.connect: tools that watch statements replace it.
        opened = sqlite3.Connection(
            os.fspath(self.path),
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            _set_up(opened, self.path, self._tables)
            self._file = _identity(self.path)
        except BaseException:
            opened.close()
            raise
        self._used = opened
        return opened

    def _create(self) -> None:
        folder = self.path.parent
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except FileExistsError:
            raise HistoryError(f"{folder} is not a folder") from None
        if self._is_private:
            _check_folder(folder)
        with suppress(FileExistsError):
            # SQLite gives the mode of this file to those that it makes beside it.
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _set_up(opened: sqlite3.Connection, path: Path, tables: Tables) -> None:
    if _value(opened, "application_id") == 0:
        _create_tables(opened, tables)
    if _value(opened, "application_id") != tables.application_id:
        raise HistoryError(f"{path} is not a history of flask-lifecycle and is left alone")
    version = _value(opened, "user_version")
    if version != tables.version:
        raise OtherVersionError(f"{path} was written by another version of flask-lifecycle")
    if tables.later and not _has(opened, tables.later_name):
        _add_later(opened, tables)
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        path.chmod(0o600)
    # Where WAL cannot be had, such as without shared memory, SQLite stays with what there is.
    _value(opened, "journal_mode = WAL")
    _value(opened, f"journal_size_limit = {_WAL_BYTES}")
    opened.execute(f"PRAGMA synchronous = {tables.synchronous}")
    opened.execute("PRAGMA trusted_schema = OFF")


def _create_tables(opened: sqlite3.Connection, tables: Tables) -> None:
    """Make the tables in an empty file; one with tables is of another program."""
    opened.execute("PRAGMA auto_vacuum = INCREMENTAL")
    with transaction(opened):
        if opened.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            return
        for statement in (*tables.first, *tables.later):
            opened.execute(statement)
        opened.execute(f"PRAGMA application_id = {tables.application_id}")
        opened.execute(f"PRAGMA user_version = {tables.version}")


def _add_later(opened: sqlite3.Connection, tables: Tables) -> None:
    with transaction(opened):
        if not _has(opened, tables.later_name):
            for statement in tables.later:
                opened.execute(statement)


def _has(opened: sqlite3.Connection, name: str) -> bool:
    found = opened.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (name,))
    return found.fetchone() is not None


@contextmanager
def transaction(opened: sqlite3.Connection) -> Iterator[None]:
    """Commit what is done inside, or nothing of it."""
    opened.execute("BEGIN IMMEDIATE")
    try:
        yield
        opened.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            opened.execute("ROLLBACK")
        raise


def _value(opened: sqlite3.Connection, pragma: str) -> t.Any:
    with closing(opened.execute(f"PRAGMA {pragma}")) as rows:
        return rows.fetchone()[0]


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _check_file_system(path: Path) -> None:
    network = network_type(path)
    if network is not None:
        raise HistoryError(
            f"{path} is on a network file system ({network}), where SQLite cannot share it;"
            " LIFECYCLE_HISTORY takes the path of a file on a disk of this machine"
        )


def _check_file(path: Path) -> None:
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
        raise HistoryError(f"{path} is not a file but a link, a folder or something else")
    if 0 < found.st_size < _SMALLEST:
        # SQLite would write over it.
        raise HistoryError(f"{path} is not a history of flask-lifecycle and is left alone")
    _check_owner(path, found)


def _check_folder(folder: Path) -> None:
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise HistoryError(f"{folder} is not a folder of its own but a link")
    _check_owner(folder, found)
    if stat.S_IMODE(found.st_mode) & 0o077:
        folder.chmod(0o700)


def _check_owner(path: Path, found: os.stat_result) -> None:
    if hasattr(os, "geteuid") and found.st_uid != os.geteuid():
        raise HistoryError(f"{path} belongs to another user")


# A connection must not be used or even closed in a forked process
# (https://www.sqlite.org/howtocorrupt.html, 2.6).
_held = False
_of_parents: list[sqlite3.Connection] = []


def _before_fork() -> None:
    global _held
    _held = io.acquire(timeout=_WAIT_SECONDS)
    if _held:
        close_all()


def _after_fork() -> None:
    if _held:
        io.release()


def _forked() -> None:
    for each in _connections():
        each.forget()


def close_all() -> None:
    """Close the connections of this process."""
    for each in _connections():
        each.close()


def _connections() -> list[Connection]:
    # In one call into C, unlike an iteration: other threads make some meanwhile.
    return [each for reference in _open.keyrefs() if (each := reference()) is not None]


forks.in_child(_forked)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork)


__all__ = [
    "APPLICATION_ID",
    "HISTORY",
    "PATIENCE",
    "VERSION",
    "Connection",
    "Tables",
    "close_all",
    "io",
    "transaction",
]
