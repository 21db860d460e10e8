"""Relations between the steps of a trace, updated with each step as it comes.

It keeps no details: each viewer of a running request has one. The cost of a query does not depend
on the length of the trace.
"""

from __future__ import annotations

import typing as t
from bisect import bisect_left, bisect_right, insort

from .status import middleware_answers
from .transactions import STATEMENT

if t.TYPE_CHECKING:
    from .model import Step

#: The hooks that take the response.
AFTER = frozenset(("after_this_request", "after_request"))
# The steps of the lifecycle itself.
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
# The sentences of these depend on what follows: any step, or one of a stage.
_LEADS = AFTER | {"before_request", "make_response"}
_LEADS_TO = {"session_open": "start_response", "start_response": "body"}
# The functions whose statements are counted, and the stages that sentences name as contained.
_FUNCTIONS = AFTER | {"before_request", "error_handler", "view"}
_HELD = frozenset(("app_context_pop", "middleware", "request_context", "request_context_pop"))
_HELD |= {"session_open", "view"}


class Beat(t.NamedTuple):
    """A step, reduced to what the others depend on."""

    id: int
    stage: str
    name: str
    outcome: str | None
    error: str | None
    #: What an error handler is registered for, or what a response is made from.
    of: str


class Story:
    """The steps of one trace that are known so far."""

    def __init__(self) -> None:
        #: The trace without its steps, JSON-ready.
        self.header: t.Mapping[str, t.Any] = {}
        self._parents: dict[int, int | None] = {}
        self._beats: dict[int, Beat] = {}
        self._stages: dict[str, list[int]] = {}
        self._siblings: dict[int | None, list[int]] = {}
        self._responses: dict[int | None, list[int]] = {}
        self._holders: set[int | None] = set()
        self._holds: set[tuple[int, str]] = set()
        self._raised: list[int] = []
        self._unhandled: list[int] = []
        self._first_runs: dict[tuple[t.Any, ...], int] = {}
        #: How many statements each of the user's functions sent.
        self.statements: dict[int, int] = {}
        #: Whether changes by functions are recorded.
        self.has_changes: bool = False
        #: Whether the body is generated while the server sends it.
        self.streams: bool = False
        #: Whether the server closed the body before it was sent.
        self.is_cut: bool = False
        #: The websocket that the request became, as recorded in its step.
        self.websocket: dict[str, t.Any] | None = None

    def __len__(self) -> int:
        return len(self._parents)

    def __contains__(self, step: int) -> bool:
        return step in self._parents

    def take(self, step: Step) -> None:
        """Add a step, as it begins or as it ends."""
        is_new = step.id not in self._parents
        self._parents[step.id] = step.parent
        self._holders.add(step.parent)
        self.has_changes = self.has_changes or "changes" in step.detail
        if step.stage in _SPINE:
            self._take_spine(step, is_new)
        elif is_new and step.stage == "signal":
            if step.name == "got_request_exception":
                self._unhandled.append(step.id)
            elif step.name == "request_tearing_down" and step.parent is not None:
                self._holds.add((step.parent, "request"))
        elif is_new and step.stage == "sql" and step.detail.get("kind", STATEMENT) == STATEMENT:
            self._count(step)

    def _take_spine(self, step: Step, is_new: bool) -> None:
        stage = step.stage
        if is_new:
            self._stages.setdefault(stage, []).append(step.id)
            self._siblings.setdefault(step.parent, []).append(step.id)
            self._first_runs.setdefault(_key(step), step.id)
            if stage == "make_response":
                self._responses.setdefault(step.parent, []).append(step.id)
            if stage in _HELD:
                self._holds.update((each, stage) for each in self._around(step))
        error = None if step.error is None else step.error.type
        if "redirect" in step.detail:
            # The router raises it, and it is no error.
            error = "RequestRedirect"
        if error is not None and stage != "url_match" and self._is_first_error(step.id):
            insort(self._raised, step.id)
        of = str(step.detail.get("for") or step.detail.get("from") or "")
        self._beats[step.id] = Beat(step.id, stage, step.name, step.outcome, error, of)
        if stage == "body":
            self.streams = step.detail.get("streamed") is True
            self.is_cut = step.detail.get("complete") is False
        elif stage == "wsgi":
            self.websocket = step.detail.get("websocket")

    def _is_first_error(self, step: int) -> bool:
        known = self._beats.get(step)
        return known is None or known.error is None

    def _count(self, step: Step) -> None:
        for each in self._around(step):
            beat = self._beats.get(each)
            if beat is not None and beat.stage in _FUNCTIONS:
                self.statements[each] = self.statements.get(each, 0) + 1
                return

    def _around(self, step: Step) -> t.Iterator[int]:
        at = step.parent
        while at is not None:
            yield at
            at = self._parents.get(at)

    def is_settled(self, step: Step) -> bool:
        """Return whether no later step can change the sentence of this one.

        A running step is explained again when it ends.
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
        """Return whether a step of a stage is known."""
        return stage in self._stages

    def times(self, stage: str, until: int) -> int:
        """Count the steps of a stage, up to and including one."""
        return bisect_right(self._stages.get(stage, ()), until)

    def before(self, step: Step | Beat, *stages: str) -> Beat | None:
        """Return the last step of some stages before another one."""
        found = -1
        for stage in stages:
            ids = self._stages.get(stage, ())
            at = bisect_left(ids, step.id)
            found = max(found, ids[at - 1] if at else -1)
        return self._beats.get(found)

    def after(self, step: Step, stage: str) -> Beat | None:
        """Return the first step of a stage that begins after another one, and outside of it."""
        ids = self._stages.get(stage, ())
        for at in range(bisect_right(ids, step.id), len(ids)):
            if not self._is_inside(ids[at], step.id):
                return self._beats[ids[at]]
        return None

    def next(self, step: Step) -> Beat | None:
        """Return the step that immediately follows another one."""
        ids = self._siblings.get(step.parent, ())
        at = bisect_right(ids, step.id)
        return self._beats[ids[at]] if at < len(ids) else None

    def _is_inside(self, step: int | None, outer: int) -> bool:
        while step is not None and step > outer:
            step = self._parents.get(step)
        return step == outer

    def is_in(self, step: Step, stage: str) -> bool:
        """Return whether a step lies inside one of a stage."""
        if stage not in self._stages:
            return False
        beats = (self._beats.get(each) for each in self._around(step))
        return any(beat is not None and beat.stage == stage for beat in beats)

    def is_empty(self, step: Step) -> bool:
        """Return whether no steps lie inside a step."""
        return step.id not in self._holders

    def holds(self, step: Step, *stages: str) -> bool:
        """Return whether a step of some stages lies inside another one."""
        return any((step.id, stage) in self._holds for stage in stages)

    def has_request(self, step: Step) -> bool:
        """Return whether the request begins or ends with the context of a step."""
        return self.holds(step, "session_open", "request")

    @property
    def is_separate(self) -> bool:
        """Return whether app and request context are separate, as before Flask 3.2."""
        return self.has("request_context_push")

    @property
    def match_error(self) -> str | None:
        """Return the type of the exception that the URL match deferred."""
        ids = self._stages.get("url_match")
        return self._beats[ids[0]].error if ids else None

    @property
    def left(self) -> bool:
        """Return whether an exception left the app."""
        beat = self._beats.get(0)
        return beat is not None and beat.outcome == "raised"

    @property
    def rescued(self) -> str | None:
        """Return the type of the exception to which middleware responded, or None."""
        error = self.header.get("error")
        if error is None or self.left:
            return None
        stages = {each: beat.stage for each, beat in self._beats.items()}
        in_order = (stages.get(each, "") for each in range(max(stages, default=-1) + 1))
        return str(error["type"]) if middleware_answers(in_order, error["step"]) else None

    def unhandled(self, step: Step, until: int | None = None) -> bool:
        """Return whether Flask found no handler for a step's exception, up to another step."""
        at = bisect_right(self._unhandled, step.id)
        return at < len(self._unhandled) and (until is None or self._unhandled[at] < until)

    def answers_error(self, step: Step) -> bool:
        """Return whether Flask responds to the unhandled exception, by the time of a step."""
        return bool(self._unhandled) and self._unhandled[0] < step.id

    def second_response(self, step: Step) -> int | None:
        """Return the sibling step in which Flask makes a second response, for an error."""
        ids = self._responses.get(step.parent, ())
        at = bisect_right(ids, self._unhandled[0]) if self._unhandled else 0
        return ids[at] if 0 < at < len(ids) else None

    def ran_before(self, step: Step, until: int) -> bool:
        """Return whether the same function ran as a sibling of a step, before another one."""
        return self._first_runs.get(_key(step), until) < until

    def raised_before(self, step: int) -> Beat | None:
        """Return the last step before another one that an exception left."""
        at = bisect_left(self._raised, step)
        return self._beats[self._raised[at - 1]] if at else None

    def given(self, step: Step) -> str | None:
        """Return the type of the exception that teardown functions are passed, or None."""
        if self.answers_error(step):
            last = self.raised_before(self._unhandled[0])
            return None if last is None else last.error
        last = self.before(step, "dispatch")
        answered = self.before(step, "make_response", "error_handler")
        if last is None or (answered is not None and answered.id > last.id):
            return None
        return last.error


def _key(step: Step) -> tuple[t.Any, ...]:
    return step.parent, step.stage, step.callable, step.scope


__all__ = ["AFTER", "Beat", "Story"]
