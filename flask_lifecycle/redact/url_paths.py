"""Find the secret arguments of an app's rules in any text that contains a path."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from .names import IsSecret

# An argument in a Werkzeug rule, with its converter.
_ARGUMENT = re.compile(r"<([^<>]*)>")
_SEGMENT = r"""[^/?#&;\s"'<>]"""
_SEGMENTS = r"""[^?#&;\s"'<>]"""
_WORD = re.compile("[A-Za-z_]")
# Where no word identifies a path as the app's, the whole text must be a path or a URL.
_WHOLE = rf"^(?:https?://{_SEGMENT}+)?"


def secret_paths(rules: Sequence[str], is_secret: IsSecret) -> list[re.Pattern[str]]:
    """Return patterns for the secret arguments of rules; the first group is the text before one."""
    return [path for rule in rules for path in _of_rule(rule, rules, is_secret)]


def _of_rule(rule: str, rules: Sequence[str], is_secret: IsSecret) -> Iterable[re.Pattern[str]]:
    before = _WHOLE
    at = 0
    for match in _ARGUMENT.finditer(rule):
        fixed = rule[at : match.start()]
        at = match.end()
        # From the last word on: the app's own prefix may differ.
        before = re.escape(fixed) if _WORD.search(fixed) else before + re.escape(fixed)
        value = _value(match[1])
        if is_secret(match[1].rpartition(":")[2]):
            # An argument of another rule is not a word.
            known = (_ARGUMENT.sub("\0", each) for each in rules)
            others = {each for one in known for each in re.findall(f"{before}({value}+)", one)}
            but = "|".join(map(re.escape, sorted(others)))
            after = f"(?={_to_the_end(rule[at:])})" if before.startswith(_WHOLE) else ""
            yield re.compile(f"({before})(?!(?:{but})(?!{_SEGMENT})){value}+{after}")
        before = f"{before}{value}{{1,256}}"


def _value(argument: str) -> str:
    return _SEGMENTS if argument.startswith("path") and ":" in argument else _SEGMENT


def _to_the_end(rest: str) -> str:
    fixed_and_arguments = _ARGUMENT.split(rest.removesuffix("/"))
    parts = [
        f"{_value(part)}+" if index % 2 else re.escape(part)
        for index, part in enumerate(fixed_and_arguments)
    ]
    return "".join(parts) + "/?(?:[?#]|$)"


__all__ = ["secret_paths"]
