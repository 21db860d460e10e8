"""Functions compiled from source, with the exact parameters of others.

Passing ``*args, **kwargs`` on costs more than the rest of a step, and signatures stay the same.
``linecache`` has the source, so that a debugger can step through it.
"""

from __future__ import annotations

import inspect
import linecache
import sys
import typing as t
from collections.abc import Callable
from functools import partial
from textwrap import indent

if sys.version_info >= (3, 14):
    from annotationlib import Format

    # Annotations may name what is there for a type checker alone.
    _signature = partial(inspect.signature, annotation_format=Format.STRING)
else:
    _signature = inspect.signature

_GUARDED = """\
try:
{statement}
except Exception as _failure:
    {otherwise}_failed({name}, _failure)
"""


class Parameters(t.NamedTuple):
    """The parameters of a function, as source and by name."""

    declared: str
    #: The arguments that pass them on.
    passed: str
    #: The names of all that can be passed by position, and of those with an asterisk or two.
    names: tuple[str, ...]
    args: str | None
    kwargs: str | None
    #: Expressions for its arguments, by the names that :func:`call` uses.
    named: dict[str, str]
    #: The default values of the last parameters, by their placeholders.
    defaults: dict[str, t.Any]


def written(parameters: str) -> Parameters:
    """Return parameters from their source, without defaults."""
    declared = [each for each in parameters.split(", ") if each]
    stars = {each.count("*"): each.lstrip("*") for each in declared}
    names = [each.lstrip("*") for each in declared]
    named = dict(zip(names, names, strict=True))
    return Parameters(
        parameters,
        parameters,
        tuple(each for each in declared if not each.startswith("*")),
        stars.get(1),
        stars.get(2),
        {**named, "last": names[-1]} if names else {},
        {},
    )


#: For the first and the last of the arguments, where only those of ``*args`` are known.
FIRST, LAST = "(args or (None,))[0]", "(args or (None,))[-1]"
_OPAQUE = Parameters(
    "self, *args, **kwargs",
    "self, *args, **kwargs",
    ("self",),
    "args",
    "kwargs",
    {"instance": "self", "first": FIRST, "last": LAST},
    {},
)


def signature(method: t.Any) -> Parameters:
    """Return the parameters of a method."""
    plain = inspect.Parameter.POSITIONAL_OR_KEYWORD
    try:
        found = list(_signature(method).parameters.values())
    except (TypeError, ValueError):
        found = []
    if not found or any(each.kind is not plain for each in found):
        return _OPAQUE
    names = [each.name for each in found]
    defaults = {each.name: each.default for each in found if each.default is not each.empty}
    named = dict(zip(names, names, strict=True))
    first = names[1] if len(names) > 1 else "None"
    return Parameters(
        ", ".join(f"{each}=_default_{each}" if each in defaults else each for each in names),
        ", ".join(names),
        tuple(names),
        None,
        None,
        {**named, "instance": names[0], "first": first, "last": names[-1]},
        {f"_default_{each}": value for each, value in defaults.items()},
    )


def names_of(called: Callable[..., t.Any]) -> list[str]:
    """Return the names of a callable's parameters."""
    return list(_signature(called).parameters)


V = t.TypeVar("V")


def asked_by(called: Callable[..., t.Any], values: t.Mapping[str, V]) -> list[V]:
    """Return the values that a callable has parameters for.

    :param values: by the names of parameters; others come last and have defaults.
    """
    asked = _signature(called).parameters.values()
    return [
        values[each.name] for each in asked if each.name in values or each.default is each.empty
    ]


def call(name: str, called: Callable[..., t.Any], named: dict[str, str]) -> str:
    """Return the source of a call with the arguments that the callable has parameters for.

    :param named: expressions by parameter.
    """
    return f"{name}({', '.join(asked_by(called, named))})"


def guarded(
    statement: str,
    name: str,
    called: Callable[..., t.Any],
    named: dict[str, str],
    otherwise: str = "",
) -> str:
    """Return the source of a statement with such a call, and of the fallback to ``_failed``.

    :param statement: with ``{call}`` in it.
    """
    statement = statement.replace("{call}", call(name, called, named))
    return _GUARDED.format(statement=indent(statement, "    "), name=name, otherwise=otherwise)


def maker(
    source: str, name: str, names: tuple[str, ...], shared: dict[str, t.Any]
) -> Callable[..., t.Any]:
    """Compile a function factory with these names in its closure.

    :param source: the function's definition.
    :param name: the name that it defines.
    :param shared: its globals.
    """
    source = f"def _make({', '.join(names)}):\n{indent(source, '    ')}    return {name}\n"
    file = f"<flask_lifecycle {name} {hash(source) & 0xFFFFFFFF:08x}>"
    # An entry without a modification time stays in the cache.
    linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file
    made: dict[str, t.Any] = {}
    exec(compile(source, file, "exec"), shared, made)  # noqa: S102 - see above
    return t.cast("Callable[..., t.Any]", made["_make"])


__all__ = [
    "FIRST",
    "LAST",
    "Parameters",
    "asked_by",
    "call",
    "guarded",
    "maker",
    "names_of",
    "signature",
    "written",
]
