"""Describe objects by what Python itself stores of them, without running code of their classes.

Their attributes are read from the instance's dict and slots, never by name: a class may compute
what it does not have, load it from a database, or raise.
"""

from __future__ import annotations

import collections
import dataclasses
import enum
import functools
import pathlib
import sys
import types
import typing as t
import uuid
from collections.abc import Callable
from itertools import islice

from ..core import FUNCTIONS

#: The parts of an object by name, to be converted and masked as a dict is.
Parts = dict[str, t.Any]

#: Names the class among the parts of an object.
CLASS = "__class__"
_FIELDS = 100
_KEYS = 8
_class_name = type.__dict__["__qualname__"].__get__
_class_module = type.__dict__["__module__"].__get__
_class_mro = type.__dict__["__mro__"].__get__
_class_dict = type.__dict__["__dict__"].__get__
_PATHS: tuple[type, ...] = (
    pathlib.PosixPath,
    pathlib.WindowsPath,
    pathlib.PurePosixPath,
    pathlib.PureWindowsPath,
)
# SQLAlchemy's own attribute of each object that it maps, and its class there.
_STATE, _STATE_CLASS = "_sa_instance_state", ("sqlalchemy.orm.state", "InstanceState")
_ROW_CLASS = ("sqlalchemy.engine.row", "Row")
_SQLITE_ROW = ("sqlite3", "Row")


def type_name(kind: type) -> str:
    """Return a class's module and name, even if its metaclass overrides them."""
    module = _class_module(kind)
    return f"{module if type(module) is str else '?'}.{_class_name(kind)}"


def described(value: t.Any, is_secret: Callable[[str], bool]) -> Parts | str | None:
    """Return the parts of an object or a text for it; None if nothing is known beside its class."""
    kind = type(value)
    describe = _DESCRIBED.get(kind)
    if describe is not None:
        return describe(value)
    if issubclass(kind, type):
        return f"<class {type_name(value)}>"
    if issubclass(type(kind), enum.EnumMeta):
        name = (_attributes(value) or {}).get("_name_")
        return f"<{type_name(kind)}.{name}>" if type(name) is str else None
    held = _attributes(value)
    state = None if held is None else held.get(_STATE)
    if state is not None and _is(type(state), _STATE_CLASS):
        return _mapped(kind, state, is_secret)
    if _is(kind, _SQLITE_ROW):
        return dict(zip(value.keys(), value, strict=False))
    if _is(kind, _ROW_CLASS):
        # Documented attributes, as those of a named tuple, of a class of SQLAlchemy's own.
        return dict(zip(map(str, value._fields), tuple(value), strict=False))
    return _fields(kind, value, held)


def _attributes(value: t.Any) -> dict[str, t.Any] | None:
    """Return an object's dict, or None if it has none or its class overrides it."""
    for kind in _class_mro(type(value)):
        own = _class_dict(kind).get("__dict__")
        if own is not None:
            held = own.__get__(value) if type(own) is types.GetSetDescriptorType else None
            return held if type(held) is dict else None
    return None


def _is(kind: type, named: tuple[str, str]) -> bool:
    module, name = named
    found = sys.modules.get(module)
    return found is not None and vars(found).get(name) is kind


def _mapped(kind: type, state: t.Any, is_secret: Callable[[str], bool]) -> str:
    """Describe an object of SQLAlchemy's by its class and the identity that is known of it."""
    key = vars(state).get("key")
    identity = key[1] if type(key) is tuple and len(key) > 1 else None
    if type(identity) is not tuple:
        return f"<{type_name(kind)}, not stored yet>"
    mapper = _class_dict(key[0]).get("__mapper__") if issubclass(type(key[0]), type) else None
    columns = () if mapper is None else vars(mapper).get("primary_key") or ()
    names = [vars(each).get("key") for each in columns]
    names += [None] * (len(identity) - len(names))
    parts = [
        _key_part(name, each, is_secret)
        for name, each in islice(zip(names, identity, strict=False), _KEYS)
    ]
    return f"<{type_name(kind)} {' '.join(parts)}>"


def _key_part(name: t.Any, value: t.Any, is_secret: Callable[[str], bool]) -> str:
    kind = type(value)
    text = str(value) if kind in (int, str, uuid.UUID) else f"<{type_name(kind)}>"
    if type(name) is not str:
        return text
    return f"{name}={'••••••' if is_secret(name) else text}"


def _fields(kind: type, value: t.Any, held: dict[str, t.Any] | None) -> Parts | None:
    """Return the fields of a dataclass that its own text would have."""
    fields = next(
        (
            each
            for base in _class_mro(kind)
            if (each := _class_dict(base).get("__dataclass_fields__")) is not None
        ),
        None,
    )
    if type(fields) is not dict:
        return None
    parts: Parts = {CLASS: type_name(kind)}
    for name, field in islice(fields.items(), _FIELDS):
        if type(field) is not dataclasses.Field or field.repr is not True:
            continue
        if held is not None and name in held:
            parts[name] = held[name]
            continue
        homes = (_class_dict(each) for each in _class_mro(kind))
        slot = next((each[name] for each in homes if name in each), None)
        if type(slot) is types.MemberDescriptorType:
            try:
                parts[name] = slot.__get__(value)
            except AttributeError:
                continue
    return parts


def _function(value: t.Any) -> str:
    return f"<function {_home(value)}{value.__qualname__}>"


def _builtin(value: types.BuiltinFunctionType) -> str:
    return f"<function {_home(value)}{value.__name__}>"


def _method(value: types.MethodType) -> str | None:
    func = value.__func__
    if type(func) not in FUNCTIONS:
        return None
    return f"<method {_home(func)}{func.__qualname__}>"


def _partial(value: functools.partial[t.Any]) -> str | None:
    func = value.func
    return f"<partial of {_function(func)}>" if type(func) in FUNCTIONS else None


def _module(value: types.ModuleType) -> str | None:
    name = vars(value).get("__name__")
    return f"<module {name}>" if type(name) is str else None


def _home(value: t.Any) -> str:
    module = value.__module__
    return f"{module}." if type(module) is str else ""


#: By the exact type: a subclass may have methods of its own.
_DESCRIBED: dict[type, Callable[[t.Any], Parts | str | None]] = {
    **dict.fromkeys(FUNCTIONS, _function),
    types.BuiltinFunctionType: _builtin,
    types.MethodType: _method,
    types.ModuleType: _module,
    functools.partial: _partial,
    range: repr,
    complex: repr,
    **dict.fromkeys(_PATHS, str),
}

#: Beside lists, tuples and sets.
SEQUENCES: tuple[type, ...] = (collections.deque,)

__all__ = ["CLASS", "SEQUENCES", "Parts", "described", "type_name"]
