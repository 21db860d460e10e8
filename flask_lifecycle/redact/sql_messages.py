"""Mask the values in error messages of databases and SQLAlchemy."""

from __future__ import annotations

import ast
import re
import typing as t
from collections.abc import Callable

from .names import IsSecret
from .patterns import MASK

_STATEMENT = re.compile(r"(\[SQL: )([\s\S]*?)(?=\]\s*(?:\\n)*\s*(?:\[param|\(Back|$)|\Z)")
_PARAMETERS = re.compile(
    r"(\[parameters: )([\s\S]*?)(?=\](?:\s|\\n)*(?:\(Background|$)|\]['\"),]|\Z)"
)
_NAMES = re.compile(r"[^\W\d][\w$]*")
# Messages about a row, or about a key whose columns are not named.
_ROW = re.compile(
    r"""((?:Failing row contains|duplicate key value is) \()(?:[\s\S]*?)"""
    r"""(?=\)\.?(?:\s*$|[\r\n]|\\[rn]|['"])|\Z)""",
    re.MULTILINE,
)
_ENTRY = re.compile(
    r"""(Duplicate entry )(\\*['"])[\s\S]*?(?=\2 for key |\Z)"""
    r"""(?!\2 for key \\*['"](?:[\w.]+\.)?PRIMARY)"""
)
_ARGUMENT = re.compile(r"(query argument \$\d+: )[^\r\n]*?(?= \(|$)", re.MULTILINE)
_KEY = re.compile(
    r"(\bKey \(((?:[^()]|\([^()]*\))*)\)=\()([\s\S]*?)"
    r"(?=\) (?:already exists|is not present|is still referenced|conflicts)|\)\.?(?:\s|\Z)|\Z)"
)


def mask_messages(
    text: str,
    is_secret: IsSecret,
    masked_statement: Callable[[str], str],
    masked_parameters: Callable[[str, t.Any], t.Any],
) -> str:
    """Mask the values in error messages of databases."""
    if "[" in text and ("[SQL: " in text or "[parameters: " in text):
        match = _STATEMENT.search(text)
        statement = None if match is None else match[2]

        def parameters(match: re.Match[str]) -> str:
            return f"{match[1]}{_parameters(match[2], statement, is_secret, masked_parameters)}"

        text = _PARAMETERS.sub(parameters, text)
        text = _STATEMENT.sub(lambda each: f"{each[1]}{masked_statement(each[2])}", text)
    bracketed = "(" in text
    if bracketed and ("row contains (" in text or "key value is (" in text):
        text = _ROW.sub(rf"\1{MASK}", text)
    if "Duplicate entry" in text:
        text = _ENTRY.sub(rf"\1\2{MASK}", text)
    if bracketed and "Key (" in text:
        text = _KEY.sub(lambda match: _key(match, is_secret), text)
    if "$" in text and "query argument $" in text:
        text = _ARGUMENT.sub(rf"\1{MASK}", text)
    return text


def _parameters(
    written: str,
    statement: str | None,
    is_secret: IsSecret,
    masked: Callable[[str, t.Any], t.Any],
) -> str:
    if statement is not None and not any(map(is_secret, _NAMES.findall(statement + written))):
        return written
    try:
        values = ast.literal_eval(written)
    except Exception:
        # Of other types, or truncated.
        return MASK
    if statement is None or type(values) not in (list, tuple, dict):
        return MASK
    sets = values if type(values) is list else [values]
    shown = [_like(each, masked(statement, each)) for each in sets]
    return repr(shown if type(values) is list else shown[0])


def _like(values: t.Any, shown: t.Any) -> t.Any:
    return tuple(shown) if type(values) is tuple else shown


def _key(match: re.Match[str], is_secret: IsSecret) -> str:
    names = _NAMES.findall(match[2])
    return f"{match[1]}{MASK}" if any(map(is_secret, names)) else match[0]


__all__ = ["mask_messages"]
