"""Secret arguments of an app's rules, found in whatever bears a path."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from .names import IsSecret

# An argument in a rule of Werkzeug's, with what tells how it is converted.
_ARGUMENT = re.compile(r"<([^<>]*)>")
_SEGMENT = r"""[^/?#&;\s"'<>]"""
_SEGMENTS = r"""[^?#&;\s"'<>]"""
_WORD = re.compile("[A-Za-z_]")


def secret_paths(rules: Sequence[str], is_secret: IsSecret) -> list[re.Pattern[str]]:
    """Make what finds the secret arguments of rules; its first group is what leads to one."""
    return [path for rule in rules for path in _of_rule(rule, rules, is_secret)]


def _of_rule(rule: str, rules: Sequence[str], is_secret: IsSecret) -> Iterable[re.Pattern[str]]:
    before = ""
    at = 0
    for found in _ARGUMENT.finditer(rule):
        fixed = rule[at : found.start()]
        at = found.end()
        # From the last word on: what leads to the app itself may differ.
        before = re.escape(fixed) if _WORD.search(fixed) else before and before + re.escape(fixed)
        converter, _, name = found[1].rpartition(":")
        value = _SEGMENTS if converter.startswith("path") else _SEGMENT
        if before and is_secret(name):
            others = {each for one in rules for each in re.findall(f"{before}({value}+)", one)}
            but = "|".join(map(re.escape, sorted(others)))
            yield re.compile(f"({before})(?!(?:{but})(?!{_SEGMENT})){value}+")
        before = before and f"{before}{value}{{1,256}}"


__all__ = ["secret_paths"]
