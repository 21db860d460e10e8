"""Find the layers around an app's ``wsgi_app`` without running any of their code.

A middleware may run any code when an attribute is read: delegate to the app, query, raise. So only
what Python itself stores of an object is read.
"""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Iterator
from itertools import chain, islice
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)

import flask

from ..recorder.callables import callable_name, source_of
from ..recorder.packages import package_of
from ..trace.model import Source
from ..trace.tracepoint import Tracepoint

#: A tracepoint for layers that exist and cannot be identified.
UNKNOWN = Tracepoint("middleware", "unknown middleware")

_MOST = 1000
_MOST_ITEMS = 100
_partial: t.Any = functools.partial
_CONTAINERS = (list, tuple, dict)
_NO_LAYERS = (flask.Flask, type, ModuleType, BuiltinFunctionType)
_mro = type.__dict__["__mro__"].__get__
_namespace = type.__dict__["__dict__"].__get__


class Layer(t.NamedTuple):
    """A callable around an app."""

    #: The function, method or object that is called.
    target: t.Any
    #: The code of the call; None if it is not written in Python.
    code: CodeType | None

    def tracepoint(self, own: str) -> Tracepoint:
        """Return its tracepoint: name, source location and package.

        :param own: the import name of the app.
        """
        named = self.target
        code = self.code
        source = source_of(type(named)) if code is None else Source(*_place(code))
        if type(named) not in (FunctionType, MethodType):
            named = type(named)
        if type(named) is FunctionType and named.__module__ != named.__globals__.get("__name__"):
            # With functools.wraps, it has the name of the Flask function that it wraps.
            name, written = named.__code__.co_name, _written_name(named)
        else:
            name, written = named.__name__, callable_name(named)
        package = package_of(
            written.partition(":")[0], None if source is None else source.file, own
        )
        return Tracepoint("middleware", name, written, source, package=package)


class Layers(t.NamedTuple):
    """The layers around an app."""

    #: All candidates, outermost first.
    all: list[Layer]
    #: The layers that are called, outermost first, up to where the path to the app branches.
    chain: list[Layer]
    #: Whether that is all of them.
    whole: bool
    #: The import name of the app.
    own: str = ""


def find_layers(app: flask.Flask) -> Layers:
    """Find the layers around an app, by following each one's references to the next."""
    outermost = vars(app).get("wsgi_app")
    if outermost is None or _is_apps(app, outermost):
        return Layers([], [], whole=True)
    found = {id(outermost): outermost}
    inside: dict[int, list[int]] = {}
    left = [outermost]
    while left and len(found) < _MOST:
        layer = left.pop()
        inside[id(layer)] = following = []
        for each in _candidates(layer):
            if _is_apps(app, each):
                following.append(id(app))
            elif _is_layer(each):
                following.append(id(each))
                if id(each) not in found:
                    found[id(each)] = each
                    left.append(each)

    leading = _leading(inside, id(app))
    path, whole = _path(inside, leading, id(outermost), id(app))
    others = [each for key, each in found.items() if key in leading and each is not outermost]
    every = [_layer(each) for each in (outermost, *others)]
    return Layers(every, [_layer(found[key]) for key in path], whole, app.import_name)


def _leading(inside: dict[int, list[int]], app: int) -> set[int]:
    """Return all objects from which the app is reachable."""
    outside: dict[int, list[int]] = {}
    for layer, following in inside.items():
        for each in following:
            outside.setdefault(each, []).append(layer)
    leading: set[int] = set()
    left = [app]
    while left:
        new = set(outside.get(left.pop(), ())) - leading
        leading |= new
        left += new
    return leading


def _path(
    inside: dict[int, list[int]], leading: set[int], outermost: int, app: int
) -> tuple[list[int], bool]:
    """Follow the path to the app, up to where it branches."""
    path = [outermost]
    while True:
        following = {each for each in inside.get(path[-1], ()) if each == app or each in leading}
        if following == {app}:
            return path, True
        if len(following) != 1 or following & {app, *path}:
            return path, False
        path += following


def _layer(found: t.Any) -> Layer:
    target = found
    while _is_a(target, _partial):
        target = _partial.func.__get__(target)
    return Layer(target, _code(target))


def _code(target: t.Any) -> CodeType | None:
    if type(target) is MethodType:
        target = target.__func__
    if type(target) is not FunctionType:
        target = _call_of(type(target))
    return target.__code__ if type(target) is FunctionType else None


def _written_name(func: FunctionType) -> str:
    code = func.__code__
    # Python 3.10 does not keep it.
    name = getattr(code, "co_qualname", code.co_name)
    return f"{func.__globals__.get('__name__') or '?'}:{name}"


def _place(code: CodeType) -> tuple[str, int]:
    return code.co_filename, code.co_firstlineno


def _is_a(value: t.Any, kind: type | tuple[type, ...]) -> bool:
    """Do the same as ``isinstance``, without running the value's code."""
    return issubclass(type(value), kind)


def _is_apps(app: flask.Flask, value: t.Any) -> bool:
    # Once it is recorded, the class has no other objects than the app and its copies.
    return type(value) is MethodType and (
        value.__self__ is app or type(value.__self__) is type(app)
    )


def _is_layer(value: t.Any) -> bool:
    if _is_a(value, _NO_LAYERS):
        return False
    if type(value) is MethodType:
        return not _is_a(value.__self__, flask.Flask)
    return _call_of(type(value)) is not None


def _call_of(kind: type) -> t.Any:
    return next(
        (_namespace(each)["__call__"] for each in _mro(kind) if "__call__" in _namespace(each)),
        None,
    )


def _candidates(layer: t.Any) -> Iterator[t.Any]:
    """Yield the objects that a layer refers to, and the items of its lists and dicts."""
    for each in islice(_held(layer), _MOST):
        if type(each) in _CONTAINERS:
            items = each.values() if type(each) is dict else each
            yield from islice(list(items), _MOST_ITEMS)
        else:
            yield each


def _held(layer: t.Any) -> Iterator[t.Any]:
    kind = type(layer)
    if issubclass(kind, _partial):
        yield from _partial.args.__get__(layer)
        yield from list(_partial.keywords.__get__(layer).values())
        yield from _held(_partial.func.__get__(layer))
    elif kind is MethodType:
        yield from _held(layer.__func__)
        yield from _attributes(layer.__self__)
    elif kind is FunctionType:
        yield from _held_by_function(layer)
    else:
        yield from _attributes(layer)
        call = _call_of(kind)
        if type(call) is FunctionType:
            yield from _held_by_function(call)


def _held_by_function(function: FunctionType) -> Iterator[t.Any]:
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # it is empty
            continue
    yield from function.__defaults__ or ()
    yield from (function.__kwdefaults__ or {}).values()
    names = function.__globals__
    yield from (names[name] for name in function.__code__.co_names if name in names)


def _attributes(value: t.Any) -> Iterator[t.Any]:
    for kind in _mro(type(value)):
        for name, member in list(_namespace(kind).items()):
            if type(member) is MemberDescriptorType:
                try:
                    yield member.__get__(value)
                except AttributeError:  # it is not set
                    continue
            elif name == "__dict__" and type(member) is GetSetDescriptorType:
                yield from list(member.__get__(value).values())


def helpers_of(layers: list[Layer]) -> set[int]:
    """Return the ids of the code of all methods of the layers' classes."""
    kinds = (_mro(type(each.target)) for each in layers)
    return {
        id(member.__code__)
        for kind in chain.from_iterable(kinds)
        for member in _namespace(kind).values()
        if type(member) is FunctionType
    }


__all__ = ["UNKNOWN", "Layer", "Layers", "find_layers", "helpers_of"]
