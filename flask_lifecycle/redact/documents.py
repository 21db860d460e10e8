"""Mask values in formats with more than a separator between a name and its value."""

from __future__ import annotations

import re

from .names import IsSecret
from .patterns import MASK

# pydantic's report of a field: its location, the error, and the input.
_INPUT = re.compile(
    r"""(?:^|(?<=\n))([^\s][^\n]*)(\n[ \t]+[^\n]*?\binput_value=)([\s\S]*?)(?=, input_type=|\Z)"""
)
_INPUT_ALONE = re.compile(r"""(\binput_value=)([{\[(A-Z][\s\S]*?)(?=, input_type=|\Z)""")
# A Kubernetes secret.
_MANIFEST = re.compile(r"""\bkind["']?:\s*["']?secret\b""", re.IGNORECASE)
_DATA = re.compile(
    rf"""(\b(?:string)?data["']?:\s*)(?!{MASK})\S[\s\S]*?(?=\r?\n\S|\bkind:|\Z)""", re.IGNORECASE
)
# A part of a multipart form.
_PART_OF_FORM = re.compile(
    r"""(\bname="?([^"\r\n;]*)"?[^\r\n]*(?:\r?\n[^\r\n]+){0,8}(?:\r?\n){2})([\s\S]*?)(?=\r?\n--|\Z)"""
)


def mask_inputs(text: str, is_secret: IsSecret) -> str:
    """Mask the input values of secret fields in validation errors."""

    def mask_input(match: re.Match[str]) -> str:
        return f"{match[1]}{match[2]}{MASK}" if is_secret(match[1]) else match[0]

    # Of a whole object, pydantic shows only a part: the fields are unknown.
    return _INPUT_ALONE.sub(rf"\1{MASK}", _INPUT.sub(mask_input, text))


def mask_manifests(text: str) -> str:
    """Mask the data of a Kubernetes secret."""
    return _DATA.sub(rf"\1{MASK}", text) if _MANIFEST.search(text) else text


def mask_parts(text: str, is_secret: IsSecret) -> str:
    """Mask the secret parts of a ``multipart/form-data`` body."""

    def mask_part(match: re.Match[str]) -> str:
        return f"{match[1]}{MASK}" if is_secret(match[2]) else match[0]

    return _PART_OF_FORM.sub(mask_part, text)


__all__ = ["mask_inputs", "mask_manifests", "mask_parts"]
