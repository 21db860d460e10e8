"""Describe what a view or hook returned, by types and status alone."""

from __future__ import annotations

import typing as t

from werkzeug.exceptions import HTTPException

from .._compat import STATUS_CODE
from ..faults import fail_open

#: The descriptions of the usual types.
USUAL: dict[type, str] = {
    str: "str",
    dict: "dict",
    list: "list",
    bytes: "bytes",
    type(None): "None",
}


def returned(value: t.Any) -> str:
    """Describe a return value."""
    return USUAL.get(type(value)) or _returned(value) or type(value).__name__


@fail_open
def _returned(value: t.Any) -> str:
    if isinstance(value, tuple) and 2 <= len(value) <= 3:
        return f"({', '.join(_part(each) for each in value)})"
    if isinstance(value, HTTPException):
        return type(value).__name__
    status = vars(value).get(STATUS_CODE) if hasattr(value, "__dict__") else None
    return f"{type(value).__name__} {status}" if isinstance(status, int) else _part(value)


def _part(value: t.Any) -> str:
    if type(value) is int:
        return str(value)
    return "None" if value is None else type(value).__name__


__all__ = ["USUAL", "returned"]
