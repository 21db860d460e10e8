"""Breakpoints and held requests of all processes that share a history.

The processes of one app on one machine have the same breakpoints. What is held, in any process, is
told from any of them to go on. A process takes nothing from others that it would refuse of a client
of the panel.
"""

from __future__ import annotations

import json
import time
import typing as t
from collections.abc import Callable

from ..holds.breakpoints import parse
from ..holds.held import Held
from ..holds.holder import Holder
from ..holds.instead import CannotError, check
from ..pauses import looked_for
from ..processes.member import Member
from ..processes.protocol import Published
from ..processes.published import held_in, holds_in
from ..trace.model import INTERVENTIONS, JsonObject
from .kept_breakpoints import KeptBreakpoints
from .next_functions import next_functions
from .running import parse_running

#: How a held request can be told to go on.
DO = ("go", "step", "end", "all", *INTERVENTIONS)
_CACHED = 64
# What a held request has to show is left out for other processes if it takes more, as JSON.
_SEEN_BYTES = 128 * 1024
# What was told to go on in another process may still be published, for a moment.
_GOING_SECONDS = 1.5
# How often a message is sent if the place that is shared is busy.
_ATTEMPTS = 3
# How long to wait for what others publish.
_PATIENCE = 0.5
_WHERE = ("trace", "step", "stage", "name", "when", "since")

Key = tuple[str, int]


class SharedHolds:
    """What holds the requests of one app, among the processes that share its history.

    :param member: this process among them; None if nothing is shared.
    :param app_map: returns the map of the app.
    :param kept: has the breakpoints of earlier processes.
    """

    def __init__(
        self,
        holder: Holder,
        member: Member | None,
        app_map: Callable[[], JsonObject],
        kept: KeptBreakpoints,
    ) -> None:
        self.holder: Holder = holder
        self.kept: KeptBreakpoints = kept
        self._member = member
        self._app_map = app_map
        # The breakpoints that all processes have been told of.
        self._told = 0
        self._next: dict[tuple[str, int, str], list[JsonObject]] = {}
        self._published: dict[Key, JsonObject] = {}
        # What goes on in other processes, and until when it may still seem to be held.
        self._going: dict[Key, float] = {}

    @property
    def are_any(self) -> bool:
        """Return whether a request is held in this process."""
        return bool(self.holder.held())

    def catch_up(self) -> None:
        """Let the others know of this process's viewer, and take what they have told."""
        if self._member is not None:
            self._member.hurry()
            self._member.listen()
        self.kept.catch_up()

    def looked(self, *, elsewhere: bool) -> None:
        """Take note of whether another process has viewers."""
        self.holder.viewers.looked(elsewhere=elsewhere)

    def look(self) -> None:
        """Do what is due while somebody watches."""
        self.kept.catch_up()
        self.share()

    def share(self) -> None:
        """Tell the others of the breakpoints, if they have changed."""
        revision = self.holder.revision
        # The place may be busy: then at the next turn.
        if revision > self._told and self._tell("breakpoints", self._breakpoints()):
            self._told = revision

    def answer(self, data: JsonObject) -> None:
        """Tell a process that has just started."""
        if self.holder.revision and self._is_of_this_app(data):
            self._tell("breakpoints", self._breakpoints())

    def adopt(self, data: JsonObject) -> None:
        """Take the breakpoints of another process, if they are newer.

        :raises ValueError: they are invalid.
        """
        revision, on = data.get("revision"), data.get("on")
        if not self._is_of_this_app(data):
            return
        if type(revision) is not int or revision <= 0 or type(on) is not bool:
            raise ValueError("breakpoints of another process without a revision")
        made = parse(data.get("breakpoints"), parse_running)
        if self.holder.set(made, on=on, revision=revision):
            self._told = revision

    def obey(self, data: JsonObject) -> None:
        """Let a request of this process go on, as another process tells.

        :raises ValueError: it cannot do that.
        """
        do, trace, since = data.get("do"), data.get("trace"), data.get("since")
        if type(trace) is not str or type(since) is not int or type(do) is not str or do not in DO:
            raise ValueError("a request is told to do what it cannot")
        # It may be held in a third process.
        self._goes((trace, since))
        for each in self.holder.held():
            where = each.where()
            if (where["trace"], where["since"]) == (trace, since):
                self.holder.tell(each, do, data.get("status"), data.get("text"))

    def own(self) -> list[JsonObject]:
        """Return the requests that are held in this process, JSON-ready."""
        return [self._shown(each) for each in self.holder.held()]

    def published(self) -> JsonObject:
        """Return what the others are to know."""
        found = {(each["trace"], each["since"]): each for each in self.own()}
        known = self._published
        self._published = {
            key: {**each, "seen": known[key]["seen"] if key in known else _cut(each["seen"])}
            for key, each in found.items()
        }
        return {"held": list(self._published.values()), "passed": self.holder.passed}

    def others(self) -> list[JsonObject]:
        """Return the requests that are held in other processes."""
        now = time.monotonic()
        return [
            held
            for each in self._others()
            for held in held_in(each, time.time())
            if self._going.get((held["trace"], held["since"]), 0) < now
        ]

    def find(self, trace_id: str) -> JsonObject | None:
        """Return one of these, or None; they publish them once somebody watches here."""
        if self._member is None:
            return None
        return looked_for(
            lambda: next((each for each in self.others() if each["trace"] == trace_id), None),
            _PATIENCE,
        )

    def count(self) -> int | None:
        """Return how many requests are held in all processes; None if none can be."""
        held = len(self.holder.held()) + len(self.others())
        return held if held or self.holder.armed else None

    def passed(self) -> int:
        """Return how many requests passed, in all processes."""
        numbers = [holds_in(each).get("passed") for each in self._others()]
        return self.holder.passed + sum(each for each in numbers if type(each) is int)

    def state(self) -> JsonObject:
        """Return which requests are held, and which breakpoints there are, by their revision."""
        own = self.holder.state()
        held = [{name: each[name] for name in _WHERE} for each in self.others()]
        return {**own, "held": own["held"] + held, "passed": self.passed()}

    def tell(self, held: JsonObject, do: str, status: t.Any = None, text: t.Any = None) -> None:
        """Let a request of another process go on.

        :raises CannotError: it cannot do that there; the text says why.
        :raises ValueError: the status or the text is invalid; the text says what it takes.
        """
        if do not in held["can"]:
            raise CannotError(held["why"] or "This step has ended: it can go on to the next one.")
        check(do, status, text)
        key = held["trace"], held["since"]
        self._goes(key)
        told = {"trace": key[0], "since": key[1], "do": do, "status": status, "text": text}
        self._tell("hold", told)

    def _goes(self, key: Key) -> None:
        """Take no request for held that has been told to go on."""
        now = time.monotonic()
        going = {each: until for each, until in [*self._going.items()] if until > now}
        self._going = {**going, key: now + _GOING_SECONDS}

    def _tell(self, kind: str, data: JsonObject) -> bool:
        """Send a message to the others; return whether they get it."""
        if self._member is None:
            return False
        for _ in range(_ATTEMPTS):
            self._member.board.tell(kind, data)
            if self._member.problem is None:
                return True
        return False

    def _breakpoints(self) -> JsonObject:
        app = {} if self._member is None else self._member.app
        return {**app, **self.holder.to_dict()}

    def _is_of_this_app(self, data: JsonObject) -> bool:
        return self._member is not None and self._member.app.items() <= data.items()

    def _others(self) -> list[Published]:
        return [] if self._member is None else self._member.others()

    def _shown(self, held: Held) -> JsonObject:
        made = held.to_dict()
        key = made["trace"], made["step"], made["when"]
        following = self._next.get(key)
        if following is None:
            if len(self._next) >= _CACHED:
                self._next.clear()
            following = self._next[key] = next_functions(self._app_map(), held.writer.trace)
        return {**made, "seen": {**made["seen"], "next": following}}


def _cut(seen: JsonObject) -> JsonObject:
    """Return what a request has to show, without its largest parts if it is too large."""
    sizes = {name: len(json.dumps(part, default=str)) for name, part in seen.items()}
    while sum(sizes.values()) > _SEEN_BYTES:
        largest = max(sizes, key=lambda name: sizes[name])
        del sizes[largest]
    # "next" is a list in any case.
    return {name: seen[name] if name in sizes else None for name in seen} | {
        "next": seen["next"] if "next" in sizes else []
    }


__all__ = ["DO", "SharedHolds"]
