"""Read what is in a Redis: the requests of all apps together."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterator
from contextlib import suppress
from heapq import merge
from itertools import islice

from ...faults import fault
from ...trace.model import JsonObject, Trace
from ..document import decode
from ..problems import HistoryError, Problems
from ..summaries import made_of, read_summary, summaries_of
from ..unpacked import Unpacked
from . import scripts
from .connection import Command, Redis
from .follower import Entry, Ids, Position
from .keys import ADDED, APPS, is_escaped, keys_of

# Apps that are read, those with the newest requests; and batches that are asked for at once.
_APPS = 200
_UNPACKED = 8
# How long Redis waits for something to be added, in milliseconds: less than the timeout.
_BLOCK = 250
_ADDED = 200
_KINDS = "rf"
_MEMBER = re.compile(r"[rf][0-9a-f]{24}")
_POSITION = re.compile(r"([0-9]{1,18})-([0-9]{1,18})", re.ASCII)

#: The escaped name of an app, and the id of a request.
Place = tuple[str, str]


class Reader:
    """Reads the requests of all apps.

    None of its methods raises. What cannot be read is left out; some of them return None.

    :param problems: reports why that is so.
    """

    def __init__(self, redis: Redis, problems: Problems) -> None:
        self._redis = redis
        self._problems = problems

    def ask(self, *commands: Command, anyway: bool = False) -> list[t.Any] | None:
        """Send commands, and return the answers.

        :param anyway: as for :meth:`Redis.ask <.connection.Redis.ask>`.
        """
        if not commands:
            return []
        try:
            answers = self._redis.ask(*commands, anyway=anyway)
        except HistoryError as error:
            self._problems.add(str(error), is_writing=False)
            return None
        self._problems.solve(is_writing=False)
        return answers

    def apps(self) -> list[str]:
        """Return the escaped names of apps."""
        [names] = self.ask(("ZREVRANGE", APPS, 0, _APPS - 1)) or [()]
        return [each.decode("ascii") for each in names if is_escaped(each)]

    def newest(self, apps: list[str], limit: int, before: str) -> list[Place]:
        """Return the newest requests before an id."""
        asked = [(app, kind) for app in apps for kind in _KINDS]
        limited = ("LIMIT", 0, limit)
        answers = self.ask(
            *(
                ("ZREVRANGEBYLEX", keys_of(app)["index"], f"({kind}{before}", f"[{kind}", *limited)
                for app, kind in asked
            )
        )
        lists = (
            [(_text(each)[1:], app) for each in members]
            for members, (app, _) in zip(answers or (), asked, strict=False)
        )
        return [(app, each) for each, app in islice(merge(*lists, reverse=True), limit)]

    def summaries(self, places: list[Place]) -> Iterator[JsonObject]:
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
        made: dict[Place, t.Any] = {}
        for (app, _), batch in self._unpacked({(app, each) for (app, _), each in found.items()}):
            texts = summaries_of(batch)
            made |= {(app, trace_id): text for trace_id, text in texts.items()}
            given = (each for pair in texts.items() for each in pair)
            # Where that is not possible, they are made again.
            with suppress(HistoryError):
                self._redis.ask(scripts.call(scripts.SUMMARIZE, app, *given))
        return made

    def _unpacked(self, places: t.Iterable[Place]) -> Iterator[tuple[Place, Unpacked]]:
        """Yield batches that can be read, by their apps and names."""
        names = [each for each in places if each[1]]
        while names:
            part, names = names[:_UNPACKED], names[_UNPACKED:]
            for place, data in self._of_each(part, "batches").items():
                try:
                    batch = None if data is None else Unpacked(data)
                except Exception as error:
                    fault("a batch in the history", error)
                    continue
                if batch is not None:
                    yield place, batch

    def _once(self, places: list[Place]) -> Iterator[JsonObject]:
        """Yield summaries for the stream; where many come, most are gone before they are listed.

        So, those that are made here are not kept.
        """
        texts = self._of_each(places, "summaries")
        made = self._made([place for place in places if not texts.get(place)])
        for place in places:
            text = texts.get(place)
            summary = read_summary(place[1], text) if text else made.get(place)
            if summary is not None:
                yield summary

    def _made(self, places: list[Place]) -> dict[Place, JsonObject]:
        wanted: dict[Place, list[str]] = {}
        for (app, trace_id), name in self._of_each(places, "batch_of").items():
            wanted.setdefault((app, name), []).append(trace_id)
        made: dict[Place, JsonObject] = {}
        for place, batch in self._unpacked(wanted):
            found = made_of(batch, wanted[place])
            made |= {(place[0], trace_id): summary for trace_id, summary in found.items()}
        return made

    def _of_each(self, places: list[Place], name: str) -> dict[Place, t.Any]:
        """Return the values of a hash's fields, each in the hash of its app."""
        by_app: dict[str, list[str]] = {}
        for app, field in places:
            by_app.setdefault(app, []).append(field)
        answers = self.ask(
            *(("HMGET", keys_of(app)[name], *fields) for app, fields in by_app.items())
        )
        return {
            (app, field): value
            for (app, fields), answer in zip(by_app.items(), answers or (), strict=False)
            for field, value in zip(fields, answer, strict=False)
        }

    def trace(self, trace_id: str) -> Trace | None:
        """Return a request, unless it is cleared."""
        apps = self.apps()
        found = self._of_each([(app, trace_id) for app in apps], "batch_of")
        members = [(app, f"{kind}{trace_id}") for app in apps for kind in _KINDS]
        present = {app for app, _ in self._present(members)}
        for (app, _), batch in found.items():
            if app in present and batch is not None:
                [data] = self._of_each([(app, batch)], "batches").values() or [None]
                return _decoded(data, trace_id)
        return None

    def _present(self, members: list[Place]) -> set[Place]:
        """Return those of some members of ``index`` that are in it: others are cleared."""
        answers = self.ask(*(("ZSCORE", keys_of(app)["index"], each) for app, each in members))
        scores = zip(members, answers or (), strict=False)
        return {member for member, score in scores if score is not None}

    def version(self) -> t.Any:
        """Return what is another value once requests were added or removed."""
        cards = (("ZCARD", keys_of(app)["index"]) for app in self.apps())
        return self.ask(("XREVRANGE", ADDED, "+", "-", "COUNT", 1), *cards)

    def ids(self, known: Ids) -> Ids | None:
        """Return the ids of all requests; the same object as long as nothing has changed."""
        version = self.version()
        if version is not None and version == known.version:
            return known
        answers = self.ask(*(("ZRANGE", keys_of(app)["index"], 0, -1) for app in self.apps()))
        if answers is None:
            return None
        members = [_text(each) for answer in answers for each in answer]
        found = {each[1:]: each[0] == "f" for each in members if _MEMBER.fullmatch(each)}
        return Ids(found, version)

    def last(self, *, anyway: bool = False) -> Position | None:
        """Return the position of the request that was added last."""
        answers = self.ask(("XREVRANGE", ADDED, "+", "-", "COUNT", 1), anyway=anyway)
        if answers is None:
            return None
        return position_of(_text(answers[0][0][0])) if answers[0] else (0, 0)

    def wait(self, after: Position) -> list[Entry] | None:
        """Return what was added after a position, once there is something, or after a while."""
        options = ("COUNT", _ADDED, "BLOCK", _BLOCK, "STREAMS")
        answers = self.ask(("XREAD", *options, ADDED, text_of(after)), anyway=True)
        if answers is None:
            return None
        return [each for _, found in answers[0] or () for each in self._entries(found)]

    def added(self, after: Position, limit: int) -> list[Entry] | None:
        """Return the same, at once."""
        answers = self.ask(("XRANGE", ADDED, f"({text_of(after)}", "+", "COUNT", limit))
        return None if answers is None else self._entries(answers[0])

    def _entries(self, answer: t.Any) -> list[Entry]:
        found = [(position_of(_text(name)) or (0, 0), _place(fields)) for name, fields in answer]
        present = self._present([place for _, place in found if place is not None])
        requests = [(app, member[1:]) for app, member in present]
        summaries = {each["id"]: each for each in self._once(requests)}
        return [
            (position, None if place is None else summaries.get(place[1][1:]))
            for position, place in found
        ]


def position_of(text: str) -> Position | None:
    """Return the position that a text has, if it has one."""
    found = _POSITION.fullmatch(text)
    return None if found is None else (int(found[1]), int(found[2]))


def text_of(position: Position) -> str:
    """Return a position as Redis has it."""
    return "{}-{}".format(*position)


def _place(fields: list[bytes]) -> Place | None:
    """Return the app of an entry and its member of ``index``; None if it is another program's."""
    values = dict(zip(fields[::2], fields[1::2], strict=False))
    app, member = values.get(b"app", b""), _text(values.get(b"member", b""))
    return (_text(app), member) if is_escaped(app) and _MEMBER.fullmatch(member) else None


def _text(value: bytes) -> str:
    return value.decode("ascii", "replace")


def _decoded(data: t.Any, trace_id: str) -> Trace | None:
    try:
        return None if data is None else decode(data, trace_id)
    except Exception as error:
        fault("a request in the history", error)
        return None


__all__ = ["Place", "Reader", "position_of", "text_of"]
