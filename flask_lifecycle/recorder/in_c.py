"""Recording functions of the compiled core: what it is given of each of them."""

from __future__ import annotations

import inspect
import typing as t
from collections.abc import Sequence
from threading import get_ident

from ..core import compiled
from ..trace.tracepoint import UNNUMBERED
from . import holding
from .current import current
from .errors import describe_error
from .generated import FIRST, LAST, Parameters, asked_by
from .probes import MOMENTS, Call, Probe, failed

if compiled is not None:
    compiled.setup(current, get_ident, describe_error, failed, vars(holding), UNNUMBERED)
    # What there is beside the function's own arguments, and what more once the step has ended.
    _BEFORE = {"writer": compiled.WRITER, "tracepoint": compiled.TRACEPOINT_NUMBER}
    _MORE = {"step": compiled.STEP, "entered": compiled.ENTERED, "result": compiled.RESULT}

_Asking = tuple[Call, tuple[int, ...]] | None


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
) -> t.Any:
    """Return a function that calls another one and records it as a step of the current trace."""
    values = _values(takes) | _BEFORE
    known = {at: values | _MORE if at in ("leave", "after") else values for at in MOMENTS}
    made = t.cast("t.Any", compiled).Recording(
        func,
        tracepoint,
        owner,
        _asking(unless, values),
        _asking(kept, values),
        tuple(tuple(_asking(getattr(each, at), known[at]) for at in MOMENTS) for each in probes),
        takes.names,
        tuple(takes.defaults.values()),
        takes.args is not None,
        takes.kwargs is not None,
    )
    made.__name__ = made.__qualname__ = name
    made.__module__ = __name__
    if func is None:
        made.__signature__ = _signature(takes)
    else:
        made.__wrapped__ = func
    return made


def _asking(called: Call | None, values: dict[str, int]) -> _Asking:
    """Return a callable, and which values it has parameters for."""
    return called and (called, tuple(asked_by(called, values)))


def _values(takes: Parameters) -> dict[str, int]:
    """Return the numbers of the values that a function's callables may ask for, by their names."""
    core = t.cast("t.Any", compiled)
    meant = {name: index for index, name in enumerate(takes.names)}
    # What the expressions of the functions in Python stand for.
    meant |= {"None": core.NOTHING, FIRST: core.FIRST_MORE, LAST: core.LAST_MORE}
    if takes.args is not None:
        meant[takes.args] = core.ARGS
    if takes.kwargs is not None:
        meant[takes.kwargs] = core.KWARGS
    return {name: meant[expression] for name, expression in takes.named.items()}


def _signature(takes: Parameters) -> inspect.Signature:
    """Return the signature of a function that gets the one to call as its first argument."""
    kinds = inspect.Parameter
    found = [kinds(name, kinds.POSITIONAL_OR_KEYWORD) for name in ("_func", *takes.names)]
    if takes.args is not None:
        found.append(kinds(takes.args, kinds.VAR_POSITIONAL))
    if takes.kwargs is not None:
        found.append(kinds(takes.kwargs, kinds.VAR_KEYWORD))
    return inspect.Signature(found)


__all__ = ["recording"]
