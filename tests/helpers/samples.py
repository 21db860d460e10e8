"""Random texts that match a pattern, for secrets that stand in no file."""

from __future__ import annotations

import random
import string
import sys
import typing as t
from pathlib import Path

if sys.version_info >= (3, 11):
    import re._constants as kinds  # type: ignore[import-not-found,unused-ignore]
    import re._parser as parser  # type: ignore[import-not-found,unused-ignore]
else:
    import sre_constants as kinds
    import sre_parse as parser

_LETTERS = string.ascii_letters + string.digits
_CLASSES = {
    kinds.CATEGORY_DIGIT: string.digits,
    kinds.CATEGORY_WORD: _LETTERS + "_",
    kinds.CATEGORY_SPACE: " ",
    kinds.CATEGORY_NOT_SPACE: _LETTERS,
}
_MOST = 6
#: Formats of keys, by the names of gitleaks' rules: what finds the key is the first group, or all.
KEY_FORMATS = dict(
    line.split(" ", 1)
    for line in (Path(__file__).parent / "key_formats.txt").read_text("utf-8").splitlines()
)


class Sampler:
    """Makes texts that match patterns, from a seed.

    :param seed: the same makes the same.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def sample(self, pattern: str) -> tuple[str, str]:
        """Return a text, and what its first group took of it, else the whole."""
        self._group = ""
        text = self._text(parser.parse(pattern))
        return text, self._group or text

    def _text(self, parsed: t.Any) -> str:
        return "".join(self._one(kind, given) for kind, given in parsed)

    def _one(self, kind: t.Any, given: t.Any) -> str:
        if kind is kinds.LITERAL:
            return chr(given)
        if kind is kinds.NOT_LITERAL:
            return "x" if given != ord("x") else "y"
        if kind is kinds.ANY:
            return self._random.choice(_LETTERS)
        if kind is kinds.IN:
            return self._random.choice(_in(given))
        if kind is kinds.BRANCH:
            return self._text(self._random.choice(given[1]))
        if kind is kinds.SUBPATTERN:
            text = self._text(given[3])
            if given[0] is not None and not self._group:
                self._group = text
            return text
        if kind in (kinds.MAX_REPEAT, kinds.MIN_REPEAT):
            least, most, repeated = given
            times = self._random.randint(least, max(least, min(most, least + _MOST)))
            return "".join(self._text(repeated) for _ in range(times))
        assert kind is kinds.AT, kind
        return ""


def _in(given: t.Any) -> str:
    found = ""
    for kind, each in given:
        if kind is kinds.NEGATE:
            return _LETTERS
        if kind is kinds.LITERAL:
            found += chr(each)
        elif kind is kinds.RANGE:
            found += "".join(map(chr, range(each[0], each[1] + 1)))
        else:
            found += _CLASSES[each]
    return found


__all__ = ["Sampler"]
