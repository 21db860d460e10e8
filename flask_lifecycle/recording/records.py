"""Records from JSON: each value is checked against the annotation of its field."""

from __future__ import annotations

import dataclasses
import json
import math
import types
import typing as t
from collections.abc import Callable
from functools import cache
from keyword import iskeyword

#: Larger numbers are not exact in browsers.
LARGEST = 2**53 - 1
#: The only numbers that are not whole are Unix times; the last second that Python's calendar has.
LATEST = 253_402_300_799
_DEEPEST = 100
_CUT = 60
_MISSING = object()

Reader = Callable[[t.Any], t.Any]


class FieldError(ValueError):
    """A value that its field does not take; the message has the path of the field."""

    def __init__(self, value: t.Any, takes: str) -> None:
        super().__init__(f"is {_shown(value)}; it takes {takes}.")
        self._path = ""

    def inside(self, key: str | int) -> FieldError:
        """Add the key or index of the container, on the way out of it."""
        step = f"[{key}]" if isinstance(key, int) else f".{key}"
        self._path = f"{step}{self._path}"
        return self

    def __str__(self) -> str:
        return f"{self._path.lstrip('.') or 'it'} {self.args[0]}"


@cache
def reader(hint: t.Any) -> Reader:
    """Return a function that converts JSON to a value of a type.

    It raises :class:`FieldError` where the JSON is of another shape, and ignores unknown fields.

    :param hint: the type of a record's field, or a record.
    """
    origin, arguments = t.get_origin(hint), t.get_args(hint)
    if origin is t.Annotated:
        return _one_of(arguments[1])
    if origin is t.Literal:
        return _one_of(arguments)
    if origin in (t.Union, types.UnionType):
        return _either([each for each in arguments if each is not types.NoneType])
    if origin is tuple:
        return _items(arguments)
    if origin is dict:
        return _any_object if arguments[1] is t.Any else _named(reader(arguments[1]))
    if dataclasses.is_dataclass(hint):
        return _record(t.cast("type", hint))
    return _SCALARS[hint]


def read(record: t.Any, value: t.Any) -> t.Any:
    """Return a record, converted from JSON.

    :raises FieldError: the JSON is of another shape.
    """
    return reader(record)(value)


def fields_of(record: type) -> dict[str, tuple[t.Any, bool]]:
    """Return the types of a record's fields, and whether the JSON must have them.

    A name that is a keyword in Python has an underscore at the end there.
    """
    hints = t.get_type_hints(record, include_extras=True)
    return {
        field.name.removesuffix("_"): (hints[field.name], field.default is dataclasses.MISSING)
        for field in dataclasses.fields(record)
    }


def _scalar(takes: str, test: Callable[[t.Any], bool]) -> Reader:
    def check(value: t.Any) -> t.Any:
        if not test(value):
            raise FieldError(value, takes)
        return value

    return check


# Exact types: True is an int, too.
_SCALARS: dict[t.Any, Reader] = {
    str: _scalar("text", lambda value: type(value) is str),
    bool: _scalar("true or false", lambda value: type(value) is bool),
    int: _scalar(
        f"a whole number from 0 to {LARGEST:,}",
        lambda value: type(value) is int and 0 <= value <= LARGEST,
    ),
    float: _scalar(
        "a Unix time, in seconds",
        lambda value: type(value) in (int, float) and 0 <= value <= LATEST,
    ),
}


def _one_of(values: tuple[t.Any, ...]) -> Reader:
    takes = f"one of {', '.join(map(json.dumps, values))}"

    def check(value: t.Any) -> t.Any:
        if type(value) not in (str, int) or value not in values:
            raise FieldError(value, takes)
        return value

    return check


def _either(hints: list[t.Any]) -> Reader:
    # There are no unions but those with None.
    (hint,) = hints
    check = reader(hint)
    return lambda value: None if value is None else check(value)


def _items(hints: tuple[t.Any, ...]) -> Reader:
    # Either any number of one type, or one of each.
    is_any = hints[-1] is ...
    checks = [reader(hint) for hint in hints if hint is not ...]
    takes = "a list" if is_any else f"a list of {len(checks)}"

    def check(value: t.Any) -> t.Any:
        if type(value) is not list or not (is_any or len(value) == len(checks)):
            raise FieldError(value, takes)
        made = []
        for index, each in enumerate(value):
            try:
                made.append(checks[0 if is_any else index](each))
            except FieldError as error:
                raise error.inside(index) from None
        return tuple(made)

    return check


def _record(record: type) -> Reader:
    checks = {
        name: (reader(hint), is_required) for name, (hint, is_required) in fields_of(record).items()
    }

    def check(value: t.Any) -> t.Any:
        if type(value) is not dict:
            raise FieldError(value, "an object")
        made = {}
        for name, (field, is_required) in checks.items():
            given = value.get(name, _MISSING)
            if given is _MISSING and not is_required:
                continue
            try:
                made[f"{name}_" if iskeyword(name) else name] = field(given)
            except FieldError as error:
                raise error.inside(name) from None
        return record(**made)

    return check


def _named(check: Reader) -> Reader:
    def check_all(value: t.Any) -> t.Any:
        for name, each in _any_object(value).items():
            try:
                check(each)
            except FieldError as error:
                raise error.inside(name) from None
        return value

    return check_all


def _any_object(value: t.Any) -> t.Any:
    """Check that JSON of any shape can be written again, and walked without end of the stack."""
    if type(value) is not dict:
        raise FieldError(value, "an object")
    left: list[tuple[t.Any, int]] = [(value, 0)]
    while left:
        each, depth = left.pop()
        if isinstance(each, (dict, list)):
            if depth == _DEEPEST:
                raise FieldError(each, f"at most {_DEEPEST} levels")
            left += [
                (inner, depth + 1) for inner in (each.values() if isinstance(each, dict) else each)
            ]
        elif isinstance(each, float) and not math.isfinite(each):
            raise FieldError(each, "numbers that are finite")
    return value


def _shown(value: t.Any) -> str:
    if value is _MISSING:
        return "missing"
    if type(value) in (dict, list):
        return "an object" if type(value) is dict else f"a list of {len(value):,}"
    text = json.dumps(value[:_CUT] if type(value) is str else value)
    return text if len(text) <= _CUT else f"{text[:_CUT]}…"


__all__ = ["LARGEST", "LATEST", "FieldError", "fields_of", "read", "reader"]
