"""Make the functions that record a step around another function.

They are compiled from one source with the very parameters of what they stand in for: passing
``*args, **kwargs`` on costs more than the rest of a step, and signatures stay what they were.
"""

from __future__ import annotations

import inspect
import typing as t
from functools import lru_cache
from textwrap import indent
from threading import get_ident

from ..trace.log import clock
from .current import current
from .errors import describe_error

# Their own names begin with an underscore: the others are the parameters'.
_SOURCE = """\
{define} {name}({parameters}):
    _writer = _get_trace()
    if {unless}:
        return {awaits}_func({arguments})
{before}    if _writer.ident != _get_ident():
        _writer = _writer.strand()
{enter}    _log = _writer.log
    _step = len(_log)
    if _step >= _writer.limit and not {spine}:
        _writer = _writer.fold(_site)
        _log = _writer.log
        _step = len(_log)
    _outer = _writer.current
    _log += (_site, _outer, _clock(), 0.0)
    _writer.current = _step
{note}    try:
        {call}{awaits}_func({arguments})
    except BaseException as _error:
        _writer.notes[~_step] = _describe_error(_error)
        raise
    finally:
        _log[_step + 3] = _clock()
        _writer.current = _outer
{leave}{after}"""

_AFTER = """\
    {after}
    return _result
"""


def recording(
    func: t.Callable[..., t.Any],
    site: int,
    *,
    name: str | None = None,
    parameters: str | None = None,
    unless: str = "_writer.owner is None",
    before: str = "",
    enter: str = "",
    leave: str = "",
    note: str = "",
    after: str = "",
    spine: str = "_writer.is_spine(_site)",
    given: bool = False,
    awaits: bool = False,
    **names: t.Any,
) -> t.Any:
    """Return a function that calls another one and records it as a step of the current trace.

    :param func: what is called.
    :param site: the number of its site.
    :param name: what the new function is called; as ``func``, if not given.
    :param parameters: what it takes; as ``func``, if not given.
    :param unless: an expression: where it is true, do not record. ``{argument}`` in it, and in
        ``note``, is the first parameter that follows ``self``.
    :param before: a statement: what to do before the step.
    :param enter: a statement: what to do last before the step; ``{last}`` in it, and in the
        next two, is the last parameter.
    :param leave: a statement: what to do when the step is over, also by an exception.
    :param note: an expression: what to note of the step.
    :param after: a statement: what to do with ``_result`` once the step is over.
    :param given: whether what is called is not kept, but the new function's first parameter.
    :param spine: an expression: whether to keep the step though its writer is full.
    :param awaits: whether both are async functions.
    :param names: what these refer to, beside ``_writer``, ``_step`` and the parameters.
    """
    if parameters is None:
        parameters, arguments, argument, defaults = _signature(func)
        names.update(defaults)
    else:
        arguments, argument = parameters, ""
    name = name or func.__name__
    last = "(args or (None,))[-1]" if "*" in arguments else arguments.rpartition(", ")[2]
    source = _SOURCE.format(
        define="async def" if awaits else "def",
        awaits="await " if awaits else "",
        name=name,
        parameters=f"_func, {parameters}" if given else parameters,
        arguments=arguments,
        spine=spine.format(argument=argument),
        unless=unless.format(argument=argument),
        before=f"    {before}\n" if before else "",
        enter=f"    {enter}\n".format(last=last) if enter else "",
        leave=f"        {leave}\n".format(last=last) if leave else "",
        note=f"    _writer.notes[_step] = {note}\n".format(argument=argument) if note else "",
        call="_result = " if after else "return ",
        after=_AFTER.format(after=after.format(last=last)) if after else "",
    )
    closed = {"_site": site, **names}
    if not given:
        closed["_func"] = func
    return _maker(source, name, tuple(closed))(**closed)


def recording_for(owner: int, reads: dict[str, t.Any]) -> t.Callable[..., t.Any]:
    """Return what makes such functions for the requests of one app alone.

    :param owner: stands for the app.
    :param reads: what each of them does within what it is to do beside.
    """

    def recording_here(func: t.Callable[..., t.Any], site: int, **more: t.Any) -> t.Any:
        return recording(
            func, site, unless="_writer.owner is not _owner", _owner=owner, **within(more, reads)
        )

    return recording_here


def within(outer: dict[str, t.Any], inner: dict[str, t.Any]) -> dict[str, t.Any]:
    """Let a recorded function do the one around the other."""
    enter = [each["enter"] for each in (outer, inner) if "enter" in each]
    leave = [each["leave"] for each in (inner, outer) if "leave" in each]
    return {**outer, **inner, "enter": "; ".join(enter), "leave": "; ".join(leave)}


#: What all of them refer to: what is theirs alone is in their closures. A step is met cold, between
#: two pieces of other code: the less is read for it alone, the less time it takes.
_SHARED: dict[str, t.Any] = {
    "__name__": __name__,
    "__tracebackhide__": True,
    "_clock": clock,
    "_describe_error": describe_error,
    "_get_ident": get_ident,
    "_get_trace": current.get,
}


@lru_cache(1024)
def _maker(source: str, name: str, names: tuple[str, ...]) -> t.Callable[..., t.Any]:
    """Compile the function that makes a function with these names in its closure."""
    source = f"def _make({', '.join(names)}):\n{indent(source, '    ')}    return {name}\n"
    made: dict[str, t.Any] = {}
    exec(compile(source, "<flask_lifecycle>", "exec"), _SHARED, made)  # noqa: S102 - see above
    maker: t.Callable[..., t.Any] = made["_make"]
    return maker


def _signature(func: t.Callable[..., t.Any]) -> tuple[str, str, str, dict[str, t.Any]]:
    """Write a method's parameters, the arguments that pass them on, and the first after self."""
    plain = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters: list[str] = []
    arguments: list[str] = []
    defaults: dict[str, t.Any] = {}
    try:
        found = list(inspect.signature(func).parameters.values())
    except (TypeError, ValueError):
        found = []
    if not found or any(each.kind is not plain for each in found):
        passed = "self, *args, **kwargs"
        return passed, passed, "(args or (None,))[0]", {}
    for each in found:
        arguments.append(each.name)
        if each.default is each.empty:
            parameters.append(each.name)
        else:
            defaults[f"_default_{each.name}"] = each.default
            parameters.append(f"{each.name}=_default_{each.name}")
    argument = arguments[1] if len(arguments) > 1 else "None"
    return ", ".join(parameters), ", ".join(arguments), argument, defaults


__all__ = ["recording", "recording_for", "within"]
