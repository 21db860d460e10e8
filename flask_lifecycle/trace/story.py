"""What the steps of a trace mean for each other, taken in one by one, as they come.

It holds no details: a viewer that is shown a request while it runs keeps one of these.
"""

from __future__ import annotations

import typing as t
from bisect import bisect_right

from .transactions import STATEMENT

if t.TYPE_CHECKING:
    from .model import Step

#: The hooks that get the response.
AFTER = frozenset(("after_this_request", "after_request"))
# The steps of the lifecycle itself. Those of one request are few: of each, the next is known.
_SPINE = AFTER | {
    "app_context_pop",
    "app_context_push",
    "before_request",
    "body",
    "body_close",
    "dispatch",
    "error_handler",
    "make_response",
    "middleware",
    "request_context",
    "request_context_pop",
    "request_context_push",
    "session_open",
    "session_save",
    "start_response",
    "url_match",
    "url_value_preprocessor",
    "view",
    "wsgi",
}
# What follows these is part of their sentences: any step, or one of a stage.
_LEADS = AFTER | {"before_request", "make_response"}
_LEADS_TO = {"session_open": "start_response", "start_response": "body"}
_FUNCTIONS = AFTER | {"before_request", "error_handler", "view"}
_WRAPPED = frozenset(("middleware", "request_context"))


class Beat(t.NamedTuple):
    """A step, as far as the others are concerned."""

    id: int
    parent: int | None
    stage: str
    name: str
    callable: str | None
    scope: str | None
    outcome: str | None
    error: str | None
    #: What an error handler is registered for.
    registered: str


class Story:
    """The steps of one trace that are known so far."""

    def __init__(self) -> None:
        #: The trace without its steps, as JSON's types.
        self.header: t.Mapping[str, t.Any] = {}
        self._parents: dict[int, int | None] = {}
        self._beats: dict[int, Beat] = {}
        self._ids: dict[str, list[int]] = {}
        self._siblings: dict[int | None, list[int]] = {}
        self._holding: set[int | None] = set()
        self._outer: set[int | None] = set()
        self._requests: set[int | None] = set()
        #: How many statements a function of the user's sent.
        self.statements: dict[int, int] = {}
        #: When ``got_request_exception`` was sent: the ids of the steps.
        self._unhandled: list[int] = []
        #: Whether it is recorded what functions change.
        self.has_changes = False
        #: Whether the app makes the body while the server sends it; None, where that is not known.
        self.streams: bool | None = None
        #: Whether the client went away before the body was sent.
        self.is_cut = False
        #: The websocket that the request became, as its step tells.
        self.websocket: dict[str, t.Any] | None = None

    def __len__(self) -> int:
        return len(self._parents)

    def __contains__(self, step: int) -> bool:
        return step in self._parents

    def take(self, step: Step) -> None:
        """Take in a step, as it begins or as it ends."""
        is_new = step.id not in self._parents
        self._parents[step.id] = step.parent
        self._holding.add(step.parent)
        self.has_changes = self.has_changes or "changes" in step.detail
        stage = step.stage
        if stage in _SPINE:
            if is_new:
                self._ids.setdefault(stage, []).append(step.id)
                self._siblings.setdefault(step.parent, []).append(step.id)
            if stage in _WRAPPED:
                self._outer.add(step.parent)
            elif stage == "session_open":
                self._requests.add(step.parent)
            self._beats[step.id] = Beat(
                step.id,
                step.parent,
                stage,
                step.name,
                step.callable,
                step.scope,
                step.outcome,
                None if step.error is None else step.error.type,
                str(step.detail.get("for", "")),
            )
            if stage == "body":
                self.streams = step.detail.get("streamed") is True
                self.is_cut = step.detail.get("complete") is False
            elif stage == "wsgi":
                self.websocket = step.detail.get("websocket")
        elif stage == "signal" and is_new:
            if step.name == "got_request_exception":
                self._unhandled.append(step.id)
            elif step.name == "request_tearing_down":
                self._requests.add(step.parent)
        elif stage == "sql" and step.detail.get("kind", STATEMENT) == STATEMENT and is_new:
            self._count(step)

    def _count(self, step: Step) -> None:
        at = step.parent
        while at is not None:
            beat = self._beats.get(at)
            if beat is not None and beat.stage in _FUNCTIONS:
                repeated = step.detail.get("repeated")
                times = 1 if repeated is None else repeated["times"] - repeated["first"]
                self.statements[at] = self.statements.get(at, 0) + times
                return
            at = self._parents.get(at)

    def is_settled(self, step: Step) -> bool:
        """Tell whether nothing that comes later changes what is said of a step.

        One that runs is told of again when it ends.
        """
        if step.end is None:
            return True
        if step.outcome == "raised":
            return step.stage not in _SPINE or self._beats[0].outcome is not None
        if step.stage in _LEADS:
            return self.next(step) is not None
        following = _LEADS_TO.get(step.stage)
        return following is None or self.has(following)

    def has(self, stage: str) -> bool:
        """Tell whether a step of a stage is known."""
        return stage in self._ids

    def before(self, step: Step | Beat, *stages: str) -> Beat | None:
        """Return the last step of some stages before another one."""
        found = -1
        for stage in stages:
            ids = self._ids.get(stage, ())
            at = bisect_right(ids, step.id - 1)
            found = max(found, ids[at - 1] if at else -1)
        return self._beats.get(found)

    def after(self, step: Step, stage: str) -> Beat | None:
        """Return the first step of a stage that begins after another one, and outside of it."""
        ids = self._ids.get(stage, ())
        later = ids[bisect_right(ids, step.id) :]
        found = next((each for each in later if not self.is_inside(each, step.id)), None)
        return None if found is None else self._beats[found]

    def next(self, step: Step) -> Beat | None:
        """Return the step that came next to another one."""
        ids = self._siblings.get(step.parent, ())
        at = bisect_right(ids, step.id)
        return self._beats[ids[at]] if at < len(ids) else None

    def is_inside(self, step: int | None, outer: int) -> bool:
        """Tell whether a step lies inside another one, or is that."""
        while step is not None and step >= outer:
            if step == outer:
                return True
            step = self._parents.get(step)
        return False

    def holds(self, step: Step, stage: str) -> bool:
        """Tell whether a step of a stage lies inside another one."""
        ids = self._ids.get(stage, ())
        return any(self.is_inside(each, step.id) for each in ids[bisect_right(ids, step.id) :])

    def is_in(self, step: Step, stage: str) -> bool:
        """Tell whether a step lies inside one of a stage."""
        at = step.parent
        while at is not None:
            beat = self._beats.get(at)
            if beat is not None and beat.stage == stage:
                return True
            at = self._parents.get(at)
        return False

    def calls_inner(self, step: Step) -> bool:
        """Tell whether a middleware called what it wraps."""
        return step.id in self._outer

    def is_empty(self, step: Step) -> bool:
        """Tell whether nothing lies inside a step."""
        return step.id not in self._holding

    def has_request(self, step: Step) -> bool:
        """Tell whether a request comes or goes with the context of a step."""
        return step.id in self._requests

    def answers_error(self, step: Step) -> bool:
        """Tell whether Flask answers what was not handled, by the time of a step."""
        return bool(self._unhandled) and self._unhandled[0] < step.id

    def unhandled(self, step: Step, until: int | None = None) -> bool:
        """Tell whether Flask found no handler for what was raised in a step, before another."""
        at = bisect_right(self._unhandled, step.id)
        return at < len(self._unhandled) and (until is None or self._unhandled[at] < until)

    @property
    def is_separate(self) -> bool:
        """Tell whether the contexts are two, as before Flask 3.2."""
        return "request_context_push" in self._ids

    @property
    def match_error(self) -> str | None:
        """Return the type of what the URL match left to be raised."""
        ids = self._ids.get("url_match")
        return self._beats[ids[0]].error if ids else None

    @property
    def left(self) -> bool:
        """Tell whether an exception left the app."""
        beat = self._beats.get(0)
        return beat is not None and beat.outcome == "raised"

    def second_response(self, step: Step) -> int | None:
        """Return the step in which Flask makes a response again, for an error, beside a step."""
        ids = [each for each in self._ids.get("make_response", ()) if self._beside(each, step)]
        return ids[1] if len(ids) > 1 else None

    def _beside(self, other: int, step: Step) -> bool:
        return self._beats[other].parent == step.parent

    def ran_before(self, step: Step, until: int) -> bool:
        """Tell whether the same function ran beside a step, before another one."""
        for each in self._ids.get(step.stage, ()):
            if each >= until:
                return False
            beat = self._beats[each]
            key = beat.parent, beat.callable, beat.scope
            if key == (step.parent, step.callable, step.scope):
                return True
        return False

    def times(self, stage: str, until: int) -> int:
        """Count the steps of a stage, up to and with one."""
        return bisect_right(self._ids.get(stage, ()), until)

    def given(self, step: Step) -> str | None:
        """Return the type of the exception that teardown functions are given; None for none."""
        if self._unhandled and self._unhandled[-1] < step.id:
            last = self.raised_before(self._unhandled[-1])
            return None if last is None else last.error
        last = self.before(step, "dispatch")
        answered = self.before(step, "make_response", "error_handler")
        if last is None or last.error is None or (answered is not None and answered.id > last.id):
            return None
        return last.error

    def raised_before(self, step: int) -> Beat | None:
        """Return the last step before another one that an exception left."""
        while step > 0:
            step -= 1
            beat = self._beats.get(step)
            if beat is not None and beat.error is not None and beat.stage != "url_match":
                return beat
        return None


__all__ = ["AFTER", "Beat", "Story"]
