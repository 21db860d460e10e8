"""A history in a Redis, which any number of machines and services read and write."""

from __future__ import annotations

import re
import secrets
import time
import typing as t
from collections.abc import Container, Mapping

from ...store import RESTORABLE_SECONDS
from ...trace.model import JsonObject, Trace
from ..batch import Batch
from ..problems import HistoryError, Problems
from ..protocol import Status
from . import scripts
from .connection import Command, Redis
from .follower import Follower, added
from .keys import escaped, keys_of
from .reader import Reader, position_of, text_of

# Summaries that are asked for at once.
_ASKED = 200
_ID = re.compile(r"[0-9a-f]{24}")
# Beyond all ids.
_END = "g"


class RedisHistory:
    """The history of an app. Its requests are read together with those of other apps in this Redis.

    :param url: the setting.
    :param app: the app's name.
    :param max_traces: the maximum number of the app's requests, and of those for static files.
    :param max_bytes: the maximum of bytes of both, as they are stored.
    :raises ValueError: redis-py is missing, or does not take the URL.
    """

    def __init__(self, url: str, app: str, max_traces: int, max_bytes: int) -> None:
        #: The Redis, which may be used for more.
        self.redis: Redis = Redis(url)
        self._app = escaped(app)
        self._limits = (max_traces, max_bytes)
        #: As :class:`WritableHistory <..protocol.WritableHistory>` has them.
        self.evicted: int = 0
        self.too_large: int = 0
        self._problems = Problems("and are written once that has changed")
        self._reader = Reader(self.redis, self._problems)
        self._follower = Follower(self._reader)

    @property
    def problem(self) -> str | None:
        return self._problems.current

    def write(self, *batches: Batch, is_last: bool = True) -> bool:
        """Add requests, and remove the oldest beyond the limits; return whether that worked.

        Those that are there already are not added again.
        """
        return all(map(self._add, batches))

    def _add(self, batch: Batch) -> bool:
        now = time.time()
        members: list[str] = []
        for each in batch.requests:
            if each.cleared is None or abs(now - each.cleared) <= RESTORABLE_SECONDS:
                member = f"{'f' if each.is_file else 'r'}{each.id}"
                members += [member, "0" if each.cleared is None else "1", each.summary]
        given = (*self._limits, self._app, secrets.token_hex(8), batch.data, *members)
        answer = self._write(scripts.call(scripts.WRITE, self._app, *given))
        if answer is None:
            return False
        evicted, too_large = answer
        self.evicted += evicted
        self.too_large += too_large
        return True

    def newest_id(self) -> None:
        """Return None: the clocks of machines differ, and nobody waits for a Redis at startup."""

    def summaries(self, limit: int = 500, before: str | None = None) -> list[JsonObject]:
        before = before or _END
        found: list[JsonObject] = []
        apps = self._reader.apps()
        while len(found) < limit:
            places = self._reader.newest(apps, min(_ASKED, limit - len(found)), before)
            if not places:
                break
            found += self._reader.summaries(places)
            before = places[-1][1]
        return found

    def ids(self) -> Mapping[str, bool] | None:
        state = self._follower.state()
        return None if state is None else state.ids.ids

    def position(self) -> str:
        state = self._follower.state()
        end = self._reader.last() if state is None else state.end
        return text_of(end or (0, 0))

    def added(
        self, after: str, limit: int = 200, without: Container[str] = ()
    ) -> tuple[list[JsonObject], str] | None:
        position, state = position_of(after), self._follower.state()
        if position is None or state is None:
            return None
        found = added(state, position, limit)
        if found is None:
            # For a viewer that was away for long.
            found = self._reader.added(position, limit)
        else:
            # Some have been cleared or removed since.
            ids = state.ids.ids
            found = [(at, each if each and each["id"] in ids else None) for at, each in found]
        if found is None:
            return None
        summaries = [each for _, each in found if each is not None and each["id"] not in without]
        return summaries, text_of(found[-1][0]) if found else after

    def get(self, trace_id: str) -> Trace | None:
        return self._reader.trace(trace_id) if _ID.fullmatch(trace_id) else None

    def clear(self, *, restorable: bool = False, before: str | None = None) -> None:
        self._everywhere(scripts.CLEAR if restorable else scripts.REMOVE, before or _END)

    def restore(self) -> None:
        self._everywhere(scripts.RESTORE)

    def status(self) -> Status:
        apps = [*map(keys_of, self._reader.apps())]
        counts = self._reader.ask(*(("ZCARD", keys["index"]) for keys in apps)) or ()
        sizes = self._reader.ask(*(("HGET", keys["state"], "bytes") for keys in apps)) or ()
        size = sum(int(each) for each in sizes if each is not None)
        return Status(None, size, sum(counts), self.problem, self.redis.place)

    def version(self) -> t.Any:
        """Return what is another value once requests were added or removed, at little cost."""
        return self._reader.version()

    def _everywhere(self, script: str, *given: str) -> None:
        for app in self._reader.apps():
            self._write(scripts.call(script, app, *given))

    def _write(self, command: Command) -> t.Any:
        """Run a script, and return its answer; None if that fails."""
        try:
            [answer] = self.redis.ask(command, anyway=True)
        except HistoryError as error:
            self._problems.add(str(error), is_writing=True)
            return None
        # What can be written can be read.
        self._problems.solve(is_writing=True)
        self._problems.solve(is_writing=False)
        return answer


__all__ = ["RedisHistory"]
