"""The place that the processes of one machine share: a file beside their history.

What is in it is of the moment: it may be lost when the machine crashes, and is made again where it
is missing.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
import typing as t
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ..faults import fault
from ..history.connection import Connection, Tables, transaction
from ..history.problems import HistoryError, OtherVersionError
from ..recording.json_text import write_json
from .board import Side, Watching, wanted
from .identity import Identity, is_gone, own
from .protocol import STALLED_SECONDS, WATCH_SECONDS, Published

if t.TYPE_CHECKING:
    from ..trace.model import JsonObject

T = t.TypeVar("T")

_SUFFIX = "-live"
_TABLES = Tables(
    0x464C6C76,  # "FLlv"
    1,
    (
        """CREATE TABLE processes (
        key TEXT PRIMARY KEY, at REAL NOT NULL, identity TEXT NOT NULL, process TEXT NOT NULL,
        running TEXT NOT NULL
    )""",
        "CREATE TABLE viewers (key TEXT PRIMARY KEY, until REAL NOT NULL, traces TEXT NOT NULL)",
        """CREATE TABLE steps (
        trace TEXT PRIMARY KEY, key TEXT NOT NULL, at REAL NOT NULL, data TEXT NOT NULL
    )""",
        """CREATE TABLE told (
        number INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, at REAL NOT NULL,
        kind TEXT NOT NULL, data TEXT NOT NULL
    )""",
        "CREATE TABLE counts (name TEXT PRIMARY KEY, number INTEGER NOT NULL)",
    ),
    (),
    "",
    "OFF",
)
_UNWATCH = "DELETE FROM viewers WHERE key = ?"
_UNPUBLISH = "DELETE FROM processes WHERE key = ?", "DELETE FROM steps WHERE key = ?"
# How long to wait for a locked file, in seconds: what is published is published again soon.
_PATIENCE = 0.5
# A process of which nothing else is known is gone when it has been silent for so long.
_SILENT = 10.0
# What was cut off in a process that died is kept for so long, and so is a message.
_DEAD, _DEAD_PROCESSES = 600.0, 50
_TOLD = 60.0
# Numbered by the time, in µs: the numbers go on where the file is made again.
_TELL = """INSERT INTO told VALUES (
    max(?, 1 + coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'told'), 0)), ?, ?, ?, ?
)"""
# Counts are of one run of a server: those of the last runs are enough.
_COUNTS = 60
_FORGET_COUNTS = """DELETE FROM counts WHERE rowid IN
(SELECT rowid FROM counts ORDER BY rowid DESC LIMIT -1 OFFSET ?)"""
# A file of another version that nobody has written to for so long is in nobody's way.
_UNUSED = 60.0


class _Parsed(t.NamedTuple):
    at: float
    identity: Identity
    process: JsonObject
    running: list[JsonObject]


class SqliteBoard(Side):
    """The shared place of one app, or of several with the same history.

    :param history: the file of the history.
    :param is_private: whether the file's folder is for histories alone.
    """

    def __init__(self, history: Path, *, is_private: bool) -> None:
        super().__init__()
        self._path = history.with_name(f"{history.name}{_SUFFIX}")
        self._connection = Connection(self._path, is_private=is_private, tables=_TABLES)
        self._parsed: dict[str, _Parsed] = {}
        weakref.finalize(self, self._connection.close)

    def watch(self, traces: frozenset[str], seconds: float = WATCH_SECONDS) -> None:
        now = time.time()
        written = {"traces": sorted(traces), "by": own()}
        row = (self._key, now + seconds, json.dumps(written))

        def write(opened: sqlite3.Connection) -> None:
            with transaction(opened):
                opened.execute("DELETE FROM viewers WHERE until < ?", (now - STALLED_SECONDS,))
                opened.execute("INSERT OR REPLACE INTO viewers VALUES (?, ?, ?)", row)

        self._use(write, create=True)

    def unwatch(self) -> None:
        self._remove([self._key], _UNWATCH)

    def watched(self) -> frozenset[str] | None:
        now = time.time()

        def read(opened: sqlite3.Connection) -> list[tuple[float, str]]:
            # The clock may have been set back.
            return opened.execute(
                "SELECT until, traces FROM viewers WHERE until BETWEEN ? AND ? AND key != ?",
                (now - STALLED_SECONDS, now + 10 * WATCH_SECONDS, self._key),
            ).fetchall()

        rows = [(now - until, _json(text, dict) or {}) for until, text in self._use(read) or ()]
        found = (Watching(it.get("traces"), Identity.of(it.get("by")), late) for late, it in rows)
        return wanted(found, _SILENT)

    def publish(
        self, process: JsonObject, running: list[JsonObject], steps: dict[str, JsonObject | None]
    ) -> None:
        now, key = time.time(), self._key
        row = (key, now, json.dumps(own()), write_json(process), write_json(running))
        traces = [(each, key, now, write_json(data)) for each, data in steps.items() if data]
        over = [(each,) for each, data in steps.items() if not data]

        def write(opened: sqlite3.Connection) -> None:
            with transaction(opened):
                opened.execute("INSERT OR REPLACE INTO processes VALUES (?, ?, ?, ?, ?)", row)
                opened.executemany("INSERT OR REPLACE INTO steps VALUES (?, ?, ?, ?)", traces)
                opened.executemany("DELETE FROM steps WHERE trace = ?", over)
                opened.execute("DELETE FROM steps WHERE at < ?", (now - _DEAD,))

        self._use(write, create=True)

    def unpublish(self) -> None:
        self._remove([self._key], *_UNPUBLISH)

    def leave(self) -> None:
        self._remove([self._key], _UNWATCH, *_UNPUBLISH)

    def others(self) -> list[Published]:
        def read(opened: sqlite3.Connection) -> list[tuple[t.Any, ...]]:
            return opened.execute(
                "SELECT key, at, identity, process, running FROM processes WHERE key != ?"
                " ORDER BY at",
                (self._key,),
            ).fetchall()

        now = time.time()
        parsed: dict[str, _Parsed] = {}
        for key, *row in self._use(read) or ():
            known = self._parsed.get(key)
            made = known if known is not None and known.at == row[0] else _parse(*row)
            if made is not None:
                parsed[key] = made
        self._parsed = parsed
        found = {key: _published(each, now) for key, each in parsed.items()}
        self._bury([key for key, each in found.items() if _is_stale(each, now)])
        gone = [key for key, each in found.items() if each.is_gone and each.running]
        self._bury(gone[:-_DEAD_PROCESSES])
        return [each for key, each in found.items() if key in self._parsed]

    def written(self, trace_id: str) -> str | None:
        def read(opened: sqlite3.Connection) -> tuple[str] | None:
            found: tuple[str] | None = opened.execute(
                "SELECT data FROM steps WHERE trace = ? AND key != ?", (trace_id, self._key)
            ).fetchone()
            return found

        row = self._use(read)
        return None if row is None else row[0]

    def trace(self, trace_id: str) -> JsonObject | None:
        text = self.written(trace_id)
        return None if text is None else _json(text, dict)

    def tell(self, kind: str, data: JsonObject) -> None:
        now = time.time()
        row = (int(now * 1e6), self._key, now, kind, write_json(data))

        def write(opened: sqlite3.Connection) -> None:
            with transaction(opened):
                opened.execute("DELETE FROM told WHERE abs(? - at) > ?", (now, _TOLD))
                opened.execute(_TELL, row)

        self._use(write, create=True)

    def told(self, after: int) -> list[tuple[int, str, JsonObject]]:
        def read(opened: sqlite3.Connection) -> list[tuple[int, str, str]]:
            return opened.execute(
                "SELECT number, kind, data FROM told WHERE number > ? AND key != ? ORDER BY number",
                (after, self._key),
            ).fetchall()

        return [
            (number, kind, data)
            for number, kind, text in self._use(read) or ()
            if (data := _json(text, dict)) is not None
        ]

    def latest(self) -> int:
        def read(opened: sqlite3.Connection) -> tuple[int] | None:
            found: tuple[int] | None = opened.execute(
                "SELECT seq FROM sqlite_sequence WHERE name = 'told'"
            ).fetchone()
            return found

        row = self._use(read)
        return 0 if row is None else row[0]

    def count(self, name: str, more: int) -> None:
        def write(opened: sqlite3.Connection) -> None:
            with transaction(opened):
                opened.execute(
                    "INSERT INTO counts VALUES (?, ?)"
                    " ON CONFLICT (name) DO UPDATE SET number = number + excluded.number",
                    (name, more),
                )
                opened.execute(_FORGET_COUNTS, (_COUNTS,))

        self._use(write)

    def counts(self) -> dict[str, int]:
        def read(opened: sqlite3.Connection) -> list[tuple[str, int]]:
            return opened.execute("SELECT name, number FROM counts").fetchall()

        return dict(self._use(read) or ())

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _bury(self, keys: list[str]) -> None:
        """Remove what processes that are gone have left."""
        if keys:
            self._remove(keys, _UNWATCH, *_UNPUBLISH)
        for key in keys:
            self._parsed.pop(key, None)

    def _remove(self, keys: list[str], *statements: str) -> None:
        def write(opened: sqlite3.Connection) -> None:
            with transaction(opened):
                for statement in statements:
                    opened.executemany(statement, [(key,) for key in keys])

        self._use(write)

    def _use(self, use: Callable[[sqlite3.Connection], T], *, create: bool = False) -> T | None:
        if not create and not os.path.lexists(self._path):
            # So it is until somebody watches: a connection looks at the file system first.
            return None
        try:
            used = self._connection.use(use, create=create, patience=_PATIENCE)
        except OtherVersionError as error:
            self._problem = str(error)
            self._make_way()
            return None
        except HistoryError as error:
            self._problem = str(error)
            return None
        self._problem = None
        return used

    def _make_way(self) -> None:
        """Remove a file of another version that nobody uses."""
        files = [self._path.with_name(f"{self._path.name}{end}") for end in ("", "-wal", "-shm")]
        with suppress(OSError):
            used = max(each.stat().st_mtime for each in files if each.exists())
            if abs(time.time() - used) > _UNUSED:
                for each in reversed(files):
                    each.unlink(missing_ok=True)


def _parse(at: t.Any, identity: t.Any, process: t.Any, running: t.Any) -> _Parsed | None:
    described, rows = _json(process, dict), _json(running, list)
    who = Identity.of(_json(identity, list))
    if type(at) is not float or not described or rows is None or who is None:
        return None
    return _Parsed(at, who, described, [each for each in rows if type(each) is dict])


def _published(parsed: _Parsed, now: float) -> Published:
    gone = is_gone(parsed.identity, abs(now - parsed.at), _SILENT)
    return Published(parsed.process, parsed.at, parsed.running, gone)


def _is_stale(published: Published, now: float) -> bool:
    return published.is_gone and (
        not any(each.get("state") == "running" for each in published.running)
        or abs(now - published.at) > _DEAD
    )


def _json(text: t.Any, kind: type[T]) -> T | None:
    """Return what another process, of any version of this package, has written, or None."""
    try:
        found = json.loads(text)
    except (ValueError, TypeError, RecursionError) as error:
        fault("what another process shares", error)
        return None
    return found if type(found) is kind else None


__all__ = ["SqliteBoard"]
