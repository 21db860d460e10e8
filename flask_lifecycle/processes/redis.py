"""The place that processes of several machines share: keys of a Redis, which expire."""

from __future__ import annotations

import json
import re
import time
import typing as t
import zlib
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

from ..faults import fault
from ..history.problems import HistoryError
from ..history.redis.connection import Command, Redis
from ..history.redis.keys import shared
from ..recording.json_text import write_json
from ..trace.model import JsonObject
from .board import Side, Watching, wanted
from .identity import Identity, is_gone, own
from .protocol import STALLED_SECONDS, WATCH_SECONDS, Published

_VIEWERS, _PROCESSES = shared("viewers"), shared("processes")
_TOLD, _COUNTS = shared("told"), shared("counts")
# Where these are not used for so long, they go, s.
_UNUSED = 86_400
# What was published is kept for so long, s, also of a process that died; and messages.
_KEPT = 600
_MESSAGES = 60
_MOST_MESSAGES = 1000
# A process of another machine is gone when it has been silent for so long, s.
_SILENT = 5.0
# What unpacks to more is not read.
_LARGEST = 64 * 1024 * 1024
_MOST = 500
_KEY = re.compile(rb"[0-9a-f]{17,40}")
# The numbers of a message's id, as one.
_SECOND = 64


class _Parsed(t.NamedTuple):
    data: bytes
    boot: str
    identity: Identity
    process: JsonObject
    running: list[JsonObject]


class RedisBoard(Side):
    """The shared place of all apps with a history in this Redis."""

    def __init__(self, redis: Redis) -> None:
        super().__init__()
        self._redis = redis
        self._parsed: dict[bytes, _Parsed] = {}

    def watch(self, traces: frozenset[str], seconds: float = WATCH_SECONDS) -> None:
        written = json.dumps({"traces": sorted(traces), "by": own(), "boot": _boot()})
        kept = int((seconds + STALLED_SECONDS) * 1000)
        self._use(("SET", _viewer(self._key), written, "PX", kept), *_listed(_VIEWERS, self._key))

    def unwatch(self) -> None:
        self._use(("DEL", _viewer(self._key)), ("SREM", _VIEWERS, self._key))

    def watched(self) -> frozenset[str] | None:
        found = self._kept_by_others(_VIEWERS, _viewer)
        self._bury(_VIEWERS, [key for key, text, _ in found if not text])
        return wanted((_watching(text, left) for _, text, left in found if text), _SILENT)

    def publish(
        self, process: JsonObject, running: list[JsonObject], steps: dict[str, JsonObject | None]
    ) -> None:
        key = self._key
        data = _packed([_boot(), own(), process, running])
        self._use(
            ("SET", _process(key), data, "PX", _KEPT * 1000),
            *_listed(_PROCESSES, key),
            *(
                ("SET", _steps(each), _packed([key, trace]), "PX", _KEPT * 1000)
                if trace
                else ("DEL", _steps(each))
                for each, trace in steps.items()
            ),
        )

    def unpublish(self) -> None:
        self._use(("DEL", _process(self._key)), ("SREM", _PROCESSES, self._key))

    def leave(self) -> None:
        self.unpublish()
        self.unwatch()

    def others(self) -> list[Published]:
        now = time.time()
        parsed: dict[bytes, _Parsed] = {}
        found: list[Published] = []
        gone: list[bytes] = []
        for key, data, left in self._kept_by_others(_PROCESSES, _process):
            known = self._parsed.get(key)
            made = known if known is not None and known.data == data else _parse(data)
            if made is not None:
                # By the clock of Redis: those of two machines differ.
                published = _published(made, now - (_KEPT - left), now)
                parsed[key] = made
                if not _is_over(published):
                    found.append(published)
                    continue
            gone.append(key)
        self._parsed = parsed
        self._bury(_PROCESSES, gone)
        return sorted(found, key=lambda each: each.at)

    def written(self, trace_id: str) -> bytes | None:
        return self._answer("GET", _steps(trace_id)) or None

    def trace(self, trace_id: str) -> JsonObject | None:
        data = self.written(trace_id)
        found = _unpacked(data) if data else None
        if not isinstance(found, list) or len(found) != 2 or found[0] == self._key:
            return None
        return found[1] if isinstance(found[1], dict) else None

    def tell(self, kind: str, data: JsonObject) -> None:
        message = ("key", self._key, "kind", kind, "data", write_json(data))
        self._use(
            ("XADD", _TOLD, "MAXLEN", "~", _MOST_MESSAGES, "*", *message),
            ("EXPIRE", _TOLD, _MESSAGES),
        )

    def told(self, after: int) -> list[tuple[int, str, JsonObject]]:
        first = f"({_id(after)}" if after else "-"
        found = []
        for name, values in self._answer("XRANGE", _TOLD, first, "+"):
            fields = dict(zip(values[::2], values[1::2], strict=False))
            data = _json(fields.get(b"data", b""))
            kind = fields.get(b"kind", b"").decode("utf-8", "replace")
            if fields.get(b"key") != self._key.encode() and isinstance(data, dict):
                found.append((_number(name), kind, data))
        return found

    def latest(self) -> int:
        entries = self._answer("XREVRANGE", _TOLD, "+", "-", "COUNT", 1)
        return max((_number(name) for name, _ in entries), default=0)

    def count(self, name: str, more: int) -> None:
        self._use(("HINCRBY", _COUNTS, name, more), ("EXPIRE", _COUNTS, _UNUSED))

    def counts(self) -> dict[str, int]:
        pairs = self._answer("HGETALL", _COUNTS)
        numbers: dict[str, int] = {}
        for name, number in zip(pairs[::2], pairs[1::2], strict=False):
            with suppress(ValueError):
                numbers[name.decode("utf-8", "replace")] = int(number)
        return numbers

    def _kept_by_others(
        self, name: str, key_of: Callable[[bytes], str]
    ) -> list[tuple[bytes, t.Any, float]]:
        """Return the other processes in a set, what each has written, and for how long that stays.

        :param key_of: returns where a process writes.
        """
        members = self._answer("SMEMBERS", name)
        own_key = self._key.encode()
        keys = sorted(each for each in members if each != own_key and _KEY.fullmatch(each))[:_MOST]
        if not keys:
            return []
        places = [*map(key_of, keys)]
        texts, *lefts = self._use(("MGET", *places), *(("PTTL", each) for each in places)) or [()]
        return [*zip(keys, texts, (left / 1000 for left in lefts), strict=False)]

    def _bury(self, name: str, keys: list[bytes]) -> None:
        """Remove what processes that are gone have left."""
        if keys:
            key_of = _viewer if name == _VIEWERS else _process
            self._use(("SREM", name, *keys), ("DEL", *map(key_of, keys)))

    def _answer(self, *command: t.Any) -> t.Any:
        """Send a command; return the answer, empty if it fails."""
        answers = self._use(command)
        return answers[0] if answers else ()

    def _use(self, *commands: Command) -> list[t.Any]:
        """Send commands; return the answers, or nothing."""
        try:
            answers = self._redis.ask(*commands)
        except HistoryError as error:
            self._problem = str(error)
            return []
        self._problem = None
        return answers


def _viewer(key: str | bytes) -> str:
    return shared(f"viewer:{key if isinstance(key, str) else key.decode('ascii')}")


def _process(key: str | bytes) -> str:
    return shared(f"process:{key if isinstance(key, str) else key.decode('ascii')}")


def _steps(trace_id: str) -> str:
    return shared(f"steps:{trace_id}")


def _listed(name: str, key: str) -> tuple[Command, ...]:
    return ("SADD", name, key), ("EXPIRE", name, _UNUSED)


def _parse(data: t.Any) -> _Parsed | None:
    if data is None:
        return None
    try:
        boot, identity, process, running = _unpacked(data)
        who = Identity.of(identity)
        if who is None or not isinstance(process, dict) or not isinstance(running, list):
            return None
        rows = [each for each in running if isinstance(each, dict)]
        return _Parsed(data, str(boot), who, process, rows)
    except (ValueError, TypeError) as error:
        fault("what another process published", error)
        return None


def _watching(text: bytes, left: float) -> Watching:
    found = _json(text)
    found = found if isinstance(found, dict) else {}
    by = _if_here(Identity.of(found.get("by")), found.get("boot"))
    return Watching(found.get("traces"), by, STALLED_SECONDS - left)


def _published(parsed: _Parsed, at: float, now: float) -> Published:
    gone = is_gone(_if_here(parsed.identity, parsed.boot), now - at, _SILENT)
    return Published(parsed.process, at, parsed.running, gone)


def _if_here(identity: Identity | None, boot: t.Any) -> Identity | None:
    """Return the identity of a process of this machine; two may have the same name."""
    return identity if boot == _boot() != "" else None


def _is_over(published: Published) -> bool:
    """Return whether a process left nothing that was cut off."""
    return published.is_gone and not any(
        each.get("state") == "running" for each in published.running
    )


@cache
def _boot() -> str:
    """Return what tells this machine from all others, where Linux says so."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except (OSError, ValueError):
        return ""


def _packed(value: t.Any) -> bytes:
    return zlib.compress(write_json(value).encode("ascii"), 1)


def _unpacked(data: bytes) -> t.Any:
    unpacker = zlib.decompressobj()
    try:
        return _json(unpacker.decompress(data, _LARGEST))
    except zlib.error as error:
        fault("what another process published", error)
        return None


def _json(text: bytes) -> t.Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        fault("what another process published", error)
        return None


def _number(name: bytes) -> int:
    first, _, second = name.partition(b"-")
    return (int(first) << _SECOND) + int(second)


def _id(number: int) -> str:
    return f"{number >> _SECOND}-{number & (1 << _SECOND) - 1}"


__all__ = ["RedisBoard"]
