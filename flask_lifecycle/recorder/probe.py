"""Probes: callables that run around a recorded function; and the recording functions themselves."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from textwrap import indent
from threading import get_ident

from ..faults import fault
from ..trace.log import clock
from ..trace.owner import Owner
from . import holding
from .current import current
from .errors import describe_error
from .generated import call, guarded, maker, names_of, signature, written

Call = Callable[..., t.Any]


@dataclass(frozen=True)
class Probe:
    """Callables that run around a recorded function, in addition to recording its step.

    Each callable gets the arguments that it has parameters for: ``writer``; ``instance``, whose
    method is recorded; ``first`` and ``last`` of the other arguments; any of the function's own
    parameters; and once the function has run, ``step``, the step's offset in the writer's log,
    ``entered``, the return value of ``enter``, and ``result``. Its exceptions are faults of ours.
    """

    #: Runs first, with the writer of the request's own thread.
    before: Call | None = None
    #: Runs last before the step.
    enter: Call | None = None
    #: Returns the details of the step, or None.
    note: Call | None = None
    #: Runs after the step, also if an exception leaves it; with a parameter ``entered`` only if
    #: that is not None.
    leave: Call | None = None
    #: The same, but only if the function returned something other than None.
    after: Call | None = None


# Names here begin with an underscore: all others are parameters of the function.
_SOURCE = """\
{define} {name}({declared}):
    _writer = _get_trace()
{decide}    if {unless}:
        return {awaits}_func({passed})
{before}    if _writer.ident != _get_ident():
        _writer = _writer.strand()
{enter}    _log = _writer.log
    _step = len(_log)
    if _step >= _writer.limit and not {kept}:
        _writer = _writer.fold(_tracepoint)
        _log = _writer.log
        _step = len(_log)
    _outer = _writer.current
    _log += (_tracepoint, _outer, _clock(), 0.0)
    _writer.current = _step
{note}    try:
        if _holding.armed:
            {returns}{awaits}_holding.{called}(_writer, _step, _func, {passed})
        else:
            {returns}{awaits}_func({passed})
    except BaseException as _error:
        _writer.notes.outcomes[_step] = _describe_error(_error)
        raise
    finally:
        _log[_step + 3] = _clock()
        _writer.current = _outer
{leave}        if _holding.armed{over}:
            {awaits}_holding.{ended}(_writer, _step)
{after}"""

# Until then, only an exception has given the step an outcome.
_OVER = " and _step in _writer.notes.outcomes"
_AFTER = """\
    if _result is not None:
{after}    if _holding.armed:
        {awaits}_holding.{ended}(_writer, _step)
    return _result
"""

# By whether it awaits: what holds a request around a call.
_HOLDS = (
    {"awaits": "", "called": "called", "ended": "after"},
    {"awaits": "await ", "called": "awaited", "ended": "after_awaited"},
)

# How the return values of a probe's callables are used.
_STATEMENTS = {
    "before": "{call}",
    "enter": "{entered} = {call}",
    "note": "_noted = {call}\nif _noted is not None:\n    _writer.notes.details[_step] = _noted",
    "leave": "{call}",
    "after": "{call}",
}


def _failed(called: t.Any, error: Exception) -> None:
    fault(f"{called.__module__}.{called.__qualname__}", error)


#: The shared globals: all other names are in closures. A step runs with cold caches, between two
#: pieces of other code: the less memory it alone reads, the faster it is.
_SHARED: dict[str, t.Any] = {
    "__name__": __name__,
    "__tracebackhide__": True,
    "_clock": clock,
    "_describe_error": describe_error,
    "_failed": _failed,
    "_get_ident": get_ident,
    "_get_trace": current.get,
    "_holding": holding,
}


def recording(
    func: Call | None,
    tracepoint: int,
    *probes: Probe,
    owner: Owner | None = None,
    unless: Call | None = None,
    kept: Call | None = None,
    name: str = "",
    parameters: str | None = None,
    awaits: bool = False,
) -> t.Any:
    """Return a function that calls another one and records it as a step of the current trace.

    :param func: the function to call; None if it is the new function's first parameter.
    :param tracepoint: the number of its tracepoint.
    :param probes: callables around it, the outermost first.
    :param owner: the identity of the app in whose requests it is recorded.
    :param unless: returns whether not to record it, instead of ``owner``. This and ``kept`` are
        called as those of probes are.
    :param kept: returns whether to keep the step though its writer is full; also gets the
        ``tracepoint``. ``Writer.is_spine`` by default.
    :param name: the name of the new function; that of ``func`` by default.
    :param parameters: its parameters; those of ``func`` by default.
    :param awaits: whether both are async functions.
    """
    takes = signature(func) if parameters is None else written(parameters)
    named = {**takes.named, "writer": "_writer", "tracepoint": "_tracepoint"}
    name = name or t.cast("Call", func).__name__
    closed = {
        "_tracepoint": tracepoint,
        "_owner": owner,
        "_func": func,
        "_unless": unless,
        "_kept": kept,
    }
    closed = {name: each for name, each in closed.items() if each is not None} | takes.defaults
    holds = _HOLDS[awaits]
    around = _around(probes, named, closed, holds)
    decide = unless and guarded("_skips = {call}", "_unless", unless, named, "_skips = not ")
    source = _SOURCE.format(
        define="async def" if awaits else "def",
        name=name,
        declared=takes.declared if func is not None else f"_func, {takes.declared}",
        passed=takes.passed,
        decide=indent(decide or "", "    "),
        unless="_skips" if unless else "_writer.owner is not _owner",
        kept=call("_kept", kept, named) if kept else "_writer.is_spine(_tracepoint)",
        returns="_result = " if around["after"] else "return ",
        over=_OVER if around["after"] else "",
        **holds,
        **around,
    )
    return _maker(source, name, tuple(closed))(**closed)


@lru_cache(1024)
def _maker(source: str, name: str, names: tuple[str, ...]) -> Call:
    return maker(source, name, names, _SHARED)


def _around(
    probes: Sequence[Probe],
    named: dict[str, str],
    closed: dict[str, t.Any],
    holds: dict[str, str],
) -> dict[str, str]:
    """Generate the code around a function, and add its values to the function's closure."""
    around = dict.fromkeys(_STATEMENTS, "")
    for number, probe in enumerate(probes):
        entered = f"_entered{number}"
        known = {**named, "step": "_step", "result": "_result", "entered": entered}
        for when, statement in _STATEMENTS.items():
            called = getattr(probe, when)
            if called is None:
                continue
            name = f"_{when}{number}"
            closed[name] = called
            if when in ("leave", "after"):
                lines = guarded(statement, name, called, known)
                if "entered" in names_of(called):
                    lines = f"if {entered} is not None:\n{indent(lines, '    ')}"
                around[when] = indent(lines, "        ") + around[when]
            else:
                statement = statement.replace("{entered}", entered)
                otherwise = f"{entered} = " if when == "enter" else ""
                around[when] += indent(guarded(statement, name, called, named, otherwise), "    ")
    if around["after"]:
        around["after"] = _AFTER.format(after=around["after"], **holds)
    return around


def recording_for(owner: Owner, inner: Sequence[Probe]) -> Call:
    """Return a maker of recording functions for the requests of one app alone.

    :param owner: the app's identity.
    :param inner: the probes around each of them, inside all others.
    """

    def recording_here(func: Call | None, tracepoint: int, *probes: Probe, **more: t.Any) -> t.Any:
        return recording(func, tracepoint, *probes, *inner, owner=owner, **more)

    return recording_here


__all__ = ["Probe", "recording", "recording_for"]
