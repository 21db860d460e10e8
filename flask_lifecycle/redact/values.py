"""Convert values of any type to JSON types, masked."""

from __future__ import annotations

import array
import datetime as dt
import decimal
import math
import mmap
import types
import typing as t
import uuid
from collections.abc import Callable, Iterable
from itertools import islice

from .labels import NAME_KEYS, VALUE_KEYS
from .objects import CLASS, SEQUENCES, described, type_name
from .patterns import MASK, is_card

#: The path of a value: names of keys and indexes of items, outermost first.
Path = tuple[str | int, ...]
#: Takes a value and its path, and returns its displayed form.
Decide = Callable[[Path, t.Any], t.Any]

#: The maximum length of a text.
TEXT = 4096
#: How much of a longer text is masked beyond that: a secret that begins before the cut is
#: recognised by what follows it.
MARGIN = 4096
#: JavaScript represents integers below this exactly.
SAFE = 2**53
#: Every card number is larger.
SMALL = 10**12
#: Values of these types are never secret, unless the app says so.
OPEN: frozenset[type] = frozenset((bool, type(None)))
_DEPTH = 8
_ITEMS = 100
_ITEM_BYTES = 8
_LABEL = 32
_CUT = "…"

# Read with their own methods: an exported buffer can be neither resized nor closed by its owner.
_BUFFERS: tuple[tuple[type, Callable[[t.Any], int]], ...] = (
    (bytes, bytes.__len__),
    (bytearray, bytearray.__len__),
    (memoryview, lambda view: memoryview.nbytes.__get__(view)),
    (mmap.mmap, mmap.mmap.__len__),
    (array.array, lambda each: array.array.__len__(each) * array.array.itemsize.__get__(each)),
)
_BUFFER_METHODS = ("__buffer__", "__release_buffer__")
_SEQUENCES = (list, tuple, set, frozenset, *SEQUENCES)
_WRITTEN = (uuid.UUID, dt.date, dt.timedelta)
_TIMES = (dt.datetime, dt.time)
_ZONES = (type(None), dt.timezone)
_class_mro = type.__dict__["__mro__"].__get__
_class_dict = type.__dict__["__dict__"].__get__

#: Types without nested values, whose comparison and conversion run no code of the app.
SCALARS = frozenset((str, int, float, bool, bytes, type(None)))


class Masks(t.Protocol):
    """The masking rules for values."""

    #: The types of values that are shown under any name.
    open: frozenset[type]

    def is_secret(self, name: str) -> bool:
        """Return whether values under this name are masked."""
        ...

    def shown(self, value: str) -> str:
        """Mask and truncate a text."""
        ...


def walk(masks: Masks, value: t.Any, path: Path, budget: list[int], decided: Decide) -> t.Any:
    """Convert a value to JSON types, up to the size limit.

    :param budget: how many bytes may still be used; the size of the result is subtracted.
    :param decided: takes each value that is not masked, and returns its displayed form.
    """
    budget[0] -= _ITEM_BYTES
    kind = type(value)
    if issubclass(kind, str):
        shown = masks.shown(str.__getitem__(value, slice(None)))
        budget[0] -= len(shown) if shown.isascii() else len(shown.encode())
        return decided(path, shown)
    if issubclass(kind, dict) and len(path) < _DEPTH:
        return _mapping(masks, value, path, budget, decided)
    if issubclass(kind, _SEQUENCES) and len(path) < _DEPTH:
        return _items(masks, value, path, budget, decided)
    if kind not in SCALARS:
        found = described(value, masks.is_secret)
        if type(found) is dict and len(path) < _DEPTH:
            return _mapping(masks, found, path, budget, decided)
        if type(found) is str:
            shown = masks.shown(found)
            budget[0] -= len(shown)
            return decided(path, shown)
    return decided(path, scalar(value))


def _mapping(
    masks: Masks, value: t.Any, path: Path, budget: list[int], decided: Decide
) -> dict[str, t.Any]:
    result: dict[str, t.Any] = {}
    count = dict.__len__(value)
    pairs = _first(dict.items, value)
    # {"name": "password", "value": …}, as in forms, HAR, JSON Patch and others.
    has_name_key = any(_label(key) in NAME_KEYS and _is_label(masks, each) for key, each in pairs)
    for key, each in pairs:
        if budget[0] <= 0:
            break
        name = _key(key)
        shown = _unique(masks.shown(name), result)
        budget[0] -= len(shown)
        hidden = type(each) not in masks.open and (
            masks.is_secret(name)
            or (has_name_key and _label(key) in VALUE_KEYS)
            or (type(key) is tuple and _is_label(masks, key))
        )
        result[shown] = MASK if hidden else walk(masks, each, (*path, shown), budget, decided)
    if len(result) < count:
        result[_unique(_CUT, result)] = f"{count - len(result)} more"
    return result


def _items(masks: Masks, value: t.Any, path: Path, budget: list[int], decided: Decide) -> t.Any:
    base: t.Any = next(each for each in _SEQUENCES if issubclass(type(value), each))
    count = base.__len__(value)
    items = _first(base.__iter__, value)
    # A pair, as in lists of headers.
    if len(items) == 2 and type(items[0]) is str and path and masks.is_secret(items[0]):
        hidden = type(items[1]) not in masks.open
        return [masks.shown(items[0]), MASK if hidden else items[1]]
    names = _fields(type(value)) if base is tuple and type(value) is not tuple else ()
    if names and len(names) == count:
        named = {CLASS: type_name(type(value)), **dict(zip(names, items, strict=False))}
        return _mapping(masks, named, path, budget, decided)
    result: list[t.Any] = []
    for number, each in enumerate(items):
        if budget[0] <= 0:
            break
        if number < len(names) and type(each) not in masks.open and masks.is_secret(names[number]):
            result.append(MASK)
        else:
            result.append(walk(masks, each, (*path, number), budget, decided))
    if len(result) < count:
        result.append(f"{_CUT} {count - len(result)} more")
    return result


def _label(key: t.Any) -> str:
    return key.lower() if type(key) is str and len(key) < _LABEL else ""


def _is_label(masks: Masks, value: t.Any) -> bool:
    """Return whether a value is a secret name, or a path that contains one."""
    if type(value) is str:
        return masks.is_secret(value)
    return type(value) in (tuple, list) and any(
        type(each) is str and masks.is_secret(each) for each in value[:_DEPTH]
    )


def _fields(kind: type) -> tuple[str, ...]:
    """Return the names of a named tuple's fields, without running code of its class."""
    for base in _class_mro(kind):
        names = _class_dict(base).get("_fields")
        if type(names) is tuple and all(type(each) is str for each in names):
            return names
    return ()


def scalar(value: t.Any) -> t.Any:
    """Return a value without nested values as JSON, unchanged if possible."""
    kind = type(value)
    if value is None or kind is bool:
        return value
    if issubclass(kind, int):
        number = int.__int__(value)
        if number >= SMALL and number.bit_length() < 64 and is_card(str(number)):
            return MASK
        if abs(number) < SAFE:
            return number
        return str(number) if number.bit_length() < 1024 else f"<int of {number.bit_length()} bits>"
    if issubclass(kind, float):
        real = float.__float__(value)
        return real if math.isfinite(real) else float.__repr__(real)
    if kind in _WRITTEN or (kind in _TIMES and type(value.tzinfo) in _ZONES):
        return str(value)
    if kind is decimal.Decimal and value.__sizeof__() < 256:
        return str(value)
    size = _buffer_size(kind, value)
    return f"<{type_name(kind)}>" if size is None else f"<{size} bytes>"


def _buffer_size(kind: type, value: t.Any) -> int | None:
    """Return the size of a buffer in bytes; None for others, closed ones and the app's classes."""
    try:
        for each, size in _BUFFERS:
            if issubclass(kind, each):
                return size(value)
        if _runs_code(kind):
            return None
        with memoryview(value) as view:
            # A buffer without dimensions is a number, such as NumPy's.
            return view.nbytes if view.ndim else None
    except (TypeError, ValueError, BufferError):
        return None


def _runs_code(kind: type) -> bool:
    """Return whether a class exports its buffer by Python code, as it can since Python 3.12."""
    return any(
        not isinstance(_class_dict(each)[name], types.WrapperDescriptorType)
        for each in _class_mro(kind)
        for name in _BUFFER_METHODS
        if name in _class_dict(each)
    )


def _key(key: t.Any) -> str:
    kind = type(key)
    if issubclass(kind, str):
        return str.__getitem__(key, slice(None))
    if issubclass(kind, bytes):
        return bytes.__getitem__(key, slice(TEXT)).decode("latin-1")
    return str(scalar(key))


def _unique(name: str, used: dict[str, t.Any]) -> str:
    candidate, number = name, 2
    while candidate in used:
        candidate = f"{name} ({number})"
        number += 1
    return candidate


def _first(items: Callable[[t.Any], Iterable[t.Any]], value: t.Any) -> list[t.Any]:
    for _ in range(3):
        try:
            return list(islice(items(value), _ITEMS))
        except RuntimeError:  # another thread changes it
            continue
    return []


def fitted(shown: str, cap: int, length: int) -> str:
    """Escape what JSON cannot represent, and truncate.

    :param length: the length of the original.
    """
    shown = escaped(shown)
    return shown if length <= cap >= len(shown) else _cut(shown, cap, length)


def escaped(text: str) -> str:
    """Escape lone surrogates, which JSON cannot represent, as Python does: ``\\udce9``."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def _cut(text: str, cap: int, length: int) -> str:
    tail = f"{_CUT} ({length} characters)"
    if cap < 4 * len(tail):
        tail = _CUT
    return text[: cap - len(tail)].rstrip(MASK[0]) + tail


def weight(shown: t.Any) -> int:
    """Estimate the bytes that a JSON value uses."""
    if isinstance(shown, str):
        return 50 + len(shown)
    if isinstance(shown, dict):
        return 60 + sum(50 + len(name) + weight(each) for name, each in shown.items())
    if isinstance(shown, list):
        return 60 + sum(map(weight, shown))
    return 30


__all__ = [
    "MARGIN",
    "SAFE",
    "SCALARS",
    "SMALL",
    "TEXT",
    "Decide",
    "Path",
    "escaped",
    "fitted",
    "scalar",
    "type_name",
    "walk",
    "weight",
]
