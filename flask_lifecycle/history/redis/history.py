"""A history in a Redis, which any number of machines and services read and write."""

from __future__ import annotations

import re
import secrets
import time
import typing as t
from collections.abc import Iterator
from contextlib import suppress
from heapq import merge
from itertools import islice

from ...faults import fault
from ...store import RESTORABLE_SECONDS
from ...trace.model import JsonObject, Trace
from ..batch import Batch, Unpacked
from ..document import decode
from ..problems import HistoryError, Problems
from ..protocol import Status
from ..summaries import read_summary, summaries_of
from . import scripts
from .connection import Command, Redis
from .keys import ADDED, APPS, escaped, is_escaped, keys_of

# What is asked for at once: summaries, and batches.
_ASKED = 200
_UNPACKED = 8
# Apps that are read, those with the newest requests.
_APPS = 200
_ID = re.compile(r"[0-9a-f]{24}")
# Beyond all ids.
_END = "g"
_KINDS = "rf"

#: The escaped name of an app, and the id of a request.
Place = tuple[str, str]


class RedisHistory:
    """The history of an app. Its requests are read together with those of other apps in this Redis.

    :param url: the setting.
    :param app: the app's name.
    :param max_traces: the maximum number of the app's requests, and of those for static files.
    :param max_bytes: the maximum of bytes of both, as they are stored.
    :raises ValueError: redis-py is missing, or does not take the URL.
    """

    def __init__(self, url: str, app: str, max_traces: int, max_bytes: int) -> None:
        self._redis = Redis(url)
        self._app = escaped(app)
        self._limits = (max_traces, max_bytes)
        self._problems = Problems("and are written once that has changed")

    @property
    def problem(self) -> str | None:
        return self._problems.current

    def write(self, batch: Batch, *, is_last: bool = True) -> bool:
        """Add requests, and remove the oldest beyond the limits; return whether that worked.

        Those that are there already are not added again.
        """
        now = time.time()
        members: list[str] = []
        for each in batch.requests:
            if each.cleared is None or abs(now - each.cleared) <= RESTORABLE_SECONDS:
                member = f"{'f' if each.is_file else 'r'}{each.id}"
                members += [member, "0" if each.cleared is None else "1"]
        name = secrets.token_hex(8)
        command = _script(
            scripts.WRITE, self._app, *self._limits, self._app, name, batch.data, *members
        )
        return self._ask(command, is_writing=True) is not None

    def newest_id(self) -> None:
        """Return None: the clocks of machines differ, and nobody waits for a Redis at startup."""

    def summaries(self, limit: int = 500, before: str | None = None) -> list[JsonObject]:
        before = before or _END
        found: list[JsonObject] = []
        apps = self._apps()
        while len(found) < limit:
            places = self._newest(apps, min(_ASKED, limit - len(found)), before)
            if not places:
                break
            found += self._summaries(places)
            before = places[-1][1]
        return found

    def get(self, trace_id: str) -> Trace | None:
        if not _ID.fullmatch(trace_id):
            return None
        apps = self._apps()
        answers = self._ask(
            *(
                command
                for keys in map(keys_of, apps)
                for command in (
                    ("HGET", keys["batch_of"], trace_id),
                    *(("ZSCORE", keys["index"], f"{kind}{trace_id}") for kind in _KINDS),
                )
            )
        )
        for app, batch, *scores in zip(apps, *[iter(answers or ())] * 3, strict=False):
            if batch is not None and any(each is not None for each in scores):
                [data] = self._ask(("HGET", keys_of(app)["batches"], batch)) or [None]
                return _decoded(data, trace_id)
        return None

    def clear(self, *, restorable: bool = False) -> None:
        self._everywhere(scripts.CLEAR if restorable else scripts.REMOVE)

    def restore(self) -> None:
        self._everywhere(scripts.RESTORE)

    def status(self) -> Status:
        apps = [*map(keys_of, self._apps())]
        counts = self._ask(*(("ZCARD", keys["index"]) for keys in apps)) or ()
        sizes = self._ask(*(("HGET", keys["state"], "bytes") for keys in apps)) or ()
        size = sum(int(each) for each in sizes if isinstance(each, bytes) and each.isdigit())
        count = sum(each for each in counts if isinstance(each, int))
        return Status(None, size, count, self.problem, self._redis.place)

    def version(self) -> t.Any:
        """Return what is another value once requests were added or removed, at little cost."""
        cards = (("ZCARD", keys_of(app)["index"]) for app in self._apps())
        return self._ask(("XREVRANGE", ADDED, "+", "-", "COUNT", 1), *cards)

    def _apps(self) -> list[str]:
        answers = self._ask(("ZREVRANGE", APPS, 0, _APPS - 1))
        names = answers[0] if answers and isinstance(answers[0], list) else []
        return [each.decode("ascii") for each in names if is_escaped(each)]

    def _newest(self, apps: list[str], limit: int, before: str) -> list[Place]:
        """Return the newest requests before an id."""
        asked = [(app, kind) for app in apps for kind in _KINDS]
        limited = ("LIMIT", 0, limit)
        answers = self._ask(
            *(
                ("ZREVRANGEBYLEX", keys_of(app)["index"], f"({kind}{before}", f"[{kind}", *limited)
                for app, kind in asked
            )
        )
        lists = (
            [(each[1:].decode("ascii", "replace"), app) for each in members]
            for members, (app, _) in zip(answers or (), asked, strict=False)
            if isinstance(members, list)
        )
        return [(app, each) for each, app in islice(merge(*lists, reverse=True), limit)]

    def _summaries(self, places: list[Place]) -> Iterator[JsonObject]:
        """Yield the summaries of requests; some may have been removed meanwhile."""
        texts = self._of_each(places, "summaries")
        made = self._summarized([place for place in places if texts.get(place) is None])
        for place in places:
            text = texts.get(place) or made.get(place)
            summary = None if text is None else read_summary(place[1], text)
            if summary is not None:
                yield summary

    def _summarized(self, places: list[Place]) -> dict[Place, t.Any]:
        """Return the summaries of all requests of some batches, and keep them for the next time."""
        found = self._of_each(places, "batch_of")
        batches = [*dict.fromkeys((app, batch) for (app, _), batch in found.items() if batch)]
        made: dict[Place, t.Any] = {}
        while batches:
            part, batches = batches[:_UNPACKED], batches[_UNPACKED:]
            for (app, _), data in self._of_each(part, "batches").items():
                texts = _unpacked(data)
                made |= {(app, trace_id): text for trace_id, text in texts.items()}
                given = (each for pair in texts.items() for each in pair)
                # Where that is not possible, they are made again.
                with suppress(HistoryError):
                    self._redis.ask(_script(scripts.SUMMARIZE, app, *given))
        return made

    def _of_each(self, places: list[Place], name: str) -> dict[Place, t.Any]:
        """Return the values of a hash's fields, each in the hash of its app."""
        by_app: dict[str, list[str]] = {}
        for app, field in places:
            by_app.setdefault(app, []).append(field)
        answers = self._ask(
            *(("HMGET", keys_of(app)[name], *fields) for app, fields in by_app.items())
        )
        return {
            (app, field): value
            for (app, fields), answer in zip(by_app.items(), answers or (), strict=False)
            if isinstance(answer, list)
            for field, value in zip(fields, answer, strict=False)
        }

    def _everywhere(self, script: str) -> None:
        for app in self._apps():
            self._ask(_script(script, app), is_writing=True)

    def _ask(self, *commands: Command, is_writing: bool = False) -> list[t.Any] | None:
        if not commands:
            return []
        try:
            answers = self._redis.ask(*commands, anyway=is_writing)
        except HistoryError as error:
            self._problems.add(str(error), is_writing=is_writing)
            return None
        self._problems.solve(is_writing=False)
        if is_writing:
            self._problems.solve(is_writing=True)
        return answers


def _script(script: str, app: str, *arguments: t.Any) -> Command:
    keys = (*keys_of(app).values(), APPS, ADDED)
    return ("EVAL", script, len(keys), *keys, *arguments)


def _unpacked(data: t.Any) -> dict[str, str]:
    try:
        return {} if data is None else summaries_of(Unpacked(data))
    except Exception as error:
        fault("a batch in the history", error)
        return {}


def _decoded(data: t.Any, trace_id: str) -> Trace | None:
    try:
        return None if data is None else decode(data, trace_id)
    except Exception as error:
        fault("a request in the history", error)
        return None


__all__ = ["RedisHistory"]
