"""Mask values whose secret name is itself a value: ``{"field": "password", "value": "x"}``."""

from __future__ import annotations

import re

from .names import IsSecret
from .quotes import quoted_mask

#: The keys of a member that names another member of its object, and the keys of that one.
NAME_KEYS = frozenset(
    [
        "name",
        "key",
        "field",
        "path",
        "id",
        "label",
        "header",
        "property",
        "attribute",
        "parameter",
        "param",
        "option",
        "variable",
        "setting",
        "loc",
        "column",
        "k",
        "n",
    ]
)
VALUE_KEYS = frozenset(
    [
        "value",
        "val",
        "values",
        "v",
        "data",
        "content",
        "text",
        "input",
        "default",
        "current",
        "old",
        "new",
        "given",
        "oldvalue",
        "newvalue",
        "old_value",
        "new_value",
        "rejectedvalue",
        "rejected_value",
        "initial",
        "raw",
    ]
)

# {"field": "password", "value": "x"}, in either order, and ("password", "x").
_OBJECT = re.compile(r"\{[^{}]*\}?")
_STRING = r"""(?:\\*"(?:[^"\\]|\\[^"]|\\")*?(?:\\*"|\Z)|\\*'(?:[^'\\]|\\.)*?(?:\\*'|\Z))"""
_SCALAR = rf"""(?:[bBuUrR]{{0,2}}{_STRING}|-?\d[\w.]*)"""
_NAME = re.compile(
    rf"""["'](?:{"|".join(sorted(NAME_KEYS))})\\*["']\s*[:=]\s*\\*["']([^"'\\]+)""", re.IGNORECASE
)
_MEMBER = re.compile(
    rf"""(["'](?:{"|".join(sorted(VALUE_KEYS))})\\*["']\s*:\s*)({_SCALAR})""", re.IGNORECASE
)
_PAIR = re.compile(
    rf"""([\[(]\s*[bu]?\\*["']([^"'\\]{{1,64}})\\*["']\s*,\s*)({_SCALAR}|\[[^\[\]]*(?:\]|\Z))"""
)
# The same two, each on a line of its own, as in YAML.
_NAME_LINE = (
    rf"""["']?(?:{"|".join(sorted(NAME_KEYS))})["']?[ \t]*[:=]"""
    r"""[ \t]*["']?([\w./\[\]-]+)["']?[ \t]*"""
)
_VALUE_LINE = rf"""["']?(?:{"|".join(sorted(VALUE_KEYS))})["']?[ \t]*[:=][ \t]*"""
_LINES = re.compile(
    rf"""((?:^|(?<=[\r\n]))[ \t]*(?:-[ \t]+)?{_NAME_LINE}\r?\n[ \t]*{_VALUE_LINE})(\S[^\r\n]*)""",
    re.IGNORECASE,
)
_LINES_REVERSED = re.compile(
    rf"""((?:^|(?<=[\r\n]))[ \t]*(?:-[ \t]+)?{_VALUE_LINE})(\S[^\r\n]*)"""
    rf"""(?=\r?\n[ \t]*{_NAME_LINE}(?:[\r\n]|\Z))""",
    re.IGNORECASE,
)


def mask_labelled(text: str, is_secret: IsSecret) -> str:
    """Mask the values of objects and pairs whose first member is a secret name."""

    def mask_object(match: re.Match[str]) -> str:
        if any(map(is_secret, _NAME.findall(match[0]))):
            return _MEMBER.sub(lambda each: each[1] + quoted_mask(each[2]), match[0])
        return match[0]

    def mask_pair(match: re.Match[str]) -> str:
        return f"{match[1]}{quoted_mask(match[3])}" if is_secret(match[2]) else match[0]

    if "{" in text:
        text = _OBJECT.sub(mask_object, text)
    return _PAIR.sub(mask_pair, text)


def mask_labelled_lines(text: str, is_secret: IsSecret) -> str:
    """Mask the same if name and value are on a line each, as in YAML."""

    def mask_below(match: re.Match[str]) -> str:
        return f"{match[1]}{quoted_mask(match[3])}" if is_secret(match[2]) else match[0]

    def mask_above(match: re.Match[str]) -> str:
        return f"{match[1]}{quoted_mask(match[2])}" if is_secret(match[3]) else match[0]

    return _LINES_REVERSED.sub(mask_above, _LINES.sub(mask_below, text))


__all__ = ["NAME_KEYS", "VALUE_KEYS", "mask_labelled", "mask_labelled_lines"]
