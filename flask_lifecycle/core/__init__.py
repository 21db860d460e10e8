"""What runs for each step: compiled, or its twin in Python. This is the one place that decides.

The environment variable ``FLASK_LIFECYCLE_PURE`` decides, if it is set: 1 for Python, 0 for the
compiled core, without which the import fails.
"""

from __future__ import annotations

import functools
import os
import sysconfig
import types
import typing as t
from importlib import import_module

from .twin import STEP, packed

_SWITCH = "FLASK_LIFECYCLE_PURE"
# That of _core.c.
_REVISION = 12


def _compiled() -> tuple[t.Any, str]:
    """Return the compiled core, or None, and why that is so."""
    asked = os.environ.get(_SWITCH)
    if asked == "1":
        return None, f"{_SWITCH} is 1"
    if asked != "0" and sysconfig.get_config_var("Py_GIL_DISABLED"):
        return None, f"it has not been tested on Python without a GIL; {_SWITCH}=0 tries it"
    try:
        found = import_module("._core", __name__)
    except ImportError:
        if asked == "0":
            raise
        return None, "it is not built for this Python"
    if found.REVISION != _REVISION:
        why = "it was built from other sources: install the package again"
        if asked == "0":
            raise ImportError(f"the compiled core cannot be used: {why}")
        return None, why
    return found, f"{_SWITCH} is 0" if asked == "0" else "it is built for this Python"


#: The compiled core, or None.
compiled: t.Any
#: Why, as ``flask lifecycle doctor`` shows it.
why: str
compiled, why = _compiled()

if t.TYPE_CHECKING or compiled is None:
    from .twin import Fields, Log, dumps, pack
else:
    Fields, Log = compiled.Fields, compiled.Log
    dumps, pack = compiled.dumps, compiled.pack

#: The types of functions: Python's own, and those of the compiled core.
FUNCTIONS: tuple[type, ...] = (
    (types.FunctionType,)
    if compiled is None
    else (types.FunctionType, compiled.Recording, compiled.Shortcut)
)

F = t.TypeVar("F", bound=t.Callable[..., t.Any])


def native(func: F) -> F:
    """Replace a function by the compiled one of the same name, if there is that."""
    return func if compiled is None else t.cast("F", getattr(compiled, func.__name__))


K = t.TypeVar("K", bound=type)


def slotted(kind: K) -> K:
    """Let the compiled core read and write the slots of a class directly."""
    if compiled is not None:
        compiled.know(kind)
    return kind


def untracked(kind: K) -> K:
    """Make a class with slots one whose objects the garbage collector does not visit.

    A trace is kept, and its details are many. They are of such classes if they refer to nothing
    that refers back to them: no collection could free them.
    """
    if compiled is None:
        return kind
    names: tuple[str, ...] = vars(kind)["__slots__"]
    made = compiled.untracked(names)
    for name, value in vars(kind).items():
        if name not in names:
            setattr(made, name, value)
    made.__name__, made.__qualname__ = kind.__name__, kind.__qualname__
    return t.cast("K", made)


def shortcut(name: str, data: t.Any) -> t.Callable[[F], F]:
    """Put a compiled function in front of one that it calls only when it has to.

    :param name: which one.
    :param data: what it decides by.
    """

    def put(func: F) -> F:
        if compiled is None:
            return func
        return t.cast("F", functools.update_wrapper(compiled.shortcut(name, data, func), func))

    return put


__all__ = [
    "FUNCTIONS",
    "STEP",
    "Fields",
    "Log",
    "compiled",
    "dumps",
    "native",
    "pack",
    "packed",
    "shortcut",
    "slotted",
    "untracked",
    "why",
]
