"""Recording functions in Python, compiled from source: the specification of those in C.

They have the exact parameters of the functions that they call (see :mod:`.generated`).
"""

from __future__ import annotations

import typing as t
from collections.abc import Sequence
from functools import lru_cache
from textwrap import indent
from threading import get_ident

from ..trace.log import clock
from . import holding
from .current import current
from .errors import describe_error
from .generated import Parameters, call, guarded, maker, names_of
from .probes import Call, Probe, failed

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

# How the return values of a probe's callables are used, by when they run.
_STATEMENTS = {
    "before": "{call}",
    "enter": "{entered} = {call}",
    "note": "_noted = {call}\nif _noted is not None:\n    _writer.notes.details[_step] = _noted",
    "leave": "{call}",
    "after": "{call}",
}


#: The shared globals: all other names are in closures. A step runs with cold caches, between two
#: pieces of other code: the less memory it alone reads, the faster it is.
_SHARED: dict[str, t.Any] = {
    "__name__": __name__,
    "__tracebackhide__": True,
    "_clock": clock,
    "_describe_error": describe_error,
    "_failed": failed,
    "_get_ident": get_ident,
    "_get_trace": current.get,
    "_holding": holding,
}


def recording(
    func: Call | None,
    tracepoint: int,
    probes: Sequence[Probe],
    takes: Parameters,
    *,
    owner: t.Any,
    unless: Call | None,
    kept: Call | None,
    name: str,
    awaits: bool,
) -> t.Any:
    """Return a function that calls another one and records it as a step of the current trace."""
    named = {**takes.named, "writer": "_writer", "tracepoint": "_tracepoint"}
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


__all__ = ["recording"]
