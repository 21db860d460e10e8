"""Breakpoints: where which requests are held, as the panel and tools set them."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from dataclasses import dataclass, field

from ..recorder.holding import When
from ..trace.model import STAGES, JsonObject
from ..trace.names import is_named
from ..trace.tracepoint import Tracepoint
from ..trace.writer import LiveTrace

#: The maximum number of breakpoints, and of characters of a name or a filter.
MOST: int = 100
_LONGEST = 500
# Without a duration, or reported by others when they are over.
_NOT_HELD = ("log", "flash", "warning", "span")

#: Whether a running request matches a filter.
Test = Callable[[LiveTrace], bool]


@dataclass(frozen=True, slots=True)
class Breakpoint:
    """A place at which requests are held.

    :param stage: a stage; None for any.
    :param name: a function's name, ``module:qualname``, or a glob of either; None for any step.
    :param filter: which requests are held, in the syntax of the list; None for all.
    :param once: whether it is removed when it has held a request.
    :param on: whether it holds any.
    """

    stage: str | None = None
    name: str | None = None
    when: When = "before"
    filter: str | None = None
    once: bool = False
    on: bool = True
    _test: Test | None = field(default=None, repr=False, compare=False)

    def is_at(self, tracepoint: Tracepoint, endpoint: str | None) -> bool:
        """Return whether it is at the steps of a tracepoint.

        :param endpoint: that of the request, by which its dispatch is named.
        """
        if not self.on or self.stage not in (None, tracepoint.stage):
            return False
        if self.name is None or is_named(self.name, tracepoint.name, tracepoint.callable):
            return True
        # A function may have the name of an endpoint.
        return self.stage == tracepoint.stage == "dispatch" and self.name == endpoint

    def takes(self, trace: LiveTrace) -> bool:
        """Return whether its filter matches a running request."""
        return self._test is None or self._test(trace)

    def to_dict(self) -> JsonObject:
        """Return it, JSON-ready."""
        return {
            "stage": self.stage,
            "name": self.name,
            "when": self.when,
            "filter": self.filter,
            "once": self.once,
            "on": self.on,
        }


def parse(given: t.Any, parse_filter: Callable[[str], Test]) -> tuple[Breakpoint, ...]:
    """Return breakpoints from JSON, which is untrusted.

    :param parse_filter: returns the test for a filter, or raises ``ValueError``.
    :raises ValueError: the text names what is wrong and what it takes.
    """
    if not isinstance(given, list) or len(given) > MOST:
        raise ValueError(f"breakpoints: a list of at most {MOST} is expected.")
    made = []
    for index, each in enumerate(given):
        try:
            made.append(_breakpoint(each, parse_filter))
        except ValueError as error:
            raise ValueError(f"breakpoints[{index}].{error}") from None
    return tuple(made)


def _breakpoint(given: t.Any, parse_filter: Callable[[str], Test]) -> Breakpoint:
    given = given if isinstance(given, dict) else {}
    stage, when = given.get("stage"), given.get("when", "before")
    once, on = given.get("once", False), given.get("on", True)
    if stage is not None and (type(stage) is not str or stage not in STAGES):
        raise ValueError("stage: null or a stage such as before_request is expected.")
    if stage in _NOT_HELD:
        raise ValueError(f"stage: a request cannot be held at {stage}; another stage is expected.")
    if when not in ("before", "after"):
        raise ValueError("when: before or after is expected.")
    for flag, value in (("once", once), ("on", on)):
        if type(value) is not bool:
            raise ValueError(f"{flag}: true or false is expected.")
    name, filtered = _text(given, "name"), _text(given, "filter")
    try:
        test = None if filtered is None else parse_filter(filtered)
    except ValueError as error:
        raise ValueError(f"filter: {error}.") from None
    return Breakpoint(stage, name, when, filtered, once, on, test)


def _text(given: JsonObject, name: str) -> str | None:
    text = given.get(name)
    if text is not None and (type(text) is not str or len(text) > _LONGEST):
        raise ValueError(f"{name}: null or a text of at most {_LONGEST} characters is expected.")
    return text.strip() or None if type(text) is str else None


__all__ = ["MOST", "Breakpoint", "Test", "parse"]
