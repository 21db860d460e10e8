"""Recording functions: each calls another function, and records the call as a step."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence

from ..core import compiled
from ..trace.owner import Owner
from . import in_c, in_python
from .generated import signature, written
from .probes import Call, Probe


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
    :param awaits: whether both are async functions, which are recorded in Python.
    """
    takes = signature(func) if parameters is None else written(parameters)
    name = name or t.cast("Call", func).__name__
    options: dict[str, t.Any] = {"owner": owner, "unless": unless, "kept": kept, "name": name}
    if awaits or compiled is None:
        return in_python.recording(func, tracepoint, probes, takes, awaits=awaits, **options)
    return in_c.recording(func, tracepoint, probes, takes, **options)


def recording_for(owner: Owner, inner: Sequence[Probe]) -> Call:
    """Return a maker of recording functions for the requests of one app alone.

    :param owner: the app's identity.
    :param inner: the probes around each of them, inside all others.
    """

    def recording_here(func: Call | None, tracepoint: int, *probes: Probe, **more: t.Any) -> t.Any:
        return recording(func, tracepoint, *probes, *inner, owner=owner, **more)

    return recording_here


__all__ = ["Call", "Probe", "recording", "recording_for"]
