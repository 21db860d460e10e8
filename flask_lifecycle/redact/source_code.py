"""Mask the literals that code assigns to secret names."""

from __future__ import annotations

import re

from .key_values import NO_HOST
from .names import IsSecret
from .patterns import MASK
from .quotes import lines_mask

# password = "secret", token == "secret", {"pin": 1234}, f(key="secret") in code.
_ONE_LITERAL = (
    r"""[bBrRuUfF]{0,2}(?:\"{3}[\s\S]*?(?:\"{3}|\Z)|'{3}[\s\S]*?(?:'{3}|\Z)"""
    r"""|"(?:[^"\\\n]|\\[\s\S])*"?|'(?:[^'\\\n]|\\[\s\S])*'?)"""
)
_ASSIGNED = re.compile(
    # The name may have an annotation; an `else: ` has none.
    rf"""((?<![\w.-]){NO_HOST}([\w.-]+)["'\])]{{0,4}}[ \t]*"""
    r"""(?::[ \t]*("[^"\n]{1,64}"|[\w.]{1,64}(?:\[[^\]\n]{0,64}\])?(?: \| [\w.]{1,64})?)"""
    r"""[ \t]*(?==))?(?:[!=:+|]?=|:)[\s\\]*"""
    # The call that wraps it, or the expression that it is a default for.
    r"""(?:[\w.]{1,64}(?:\[[^\]\n]{0,64}\]|\([^()\n]{0,64}\))?[ ]or[ ])?"""
    r"""(?:(?:[\w.]{1,64}\.)?(?:str|bytes|bytearray|fromhex|unhexlify|\w{1,9}decode"""
    r"""|[Ss]ecret\w*)\(\s*)?"""
    r"""\(?\s*)"""
    rf"""({_ONE_LITERAL}(?:\s+{_ONE_LITERAL})*"""
    rf"""(?:[ ]if[ ][^"'\n]{{1,64}}[ ]else[ ]{_ONE_LITERAL})?"""
    r"""|\d[\w.]*)"""
)
# set_password("secret"), environ.setdefault("API_KEY", "secret") in code.
_LITERAL = r"""[bBrRuUfF]{0,2}(?:"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?)"""
_SETTER = re.compile(
    rf"""(\b((?:set|check|verify|hash|make|change|encrypt)_\w+)\(\s*)({_LITERAL})"""
    rf"""|(\b(?:setdefault|setattr|putenv|getenv|setenv|get|set|add|append)\([^"'()]*"""
    rf"""["']([\w.-]+)["']\s*,\s*)({_LITERAL})"""
)
# Several names at once, such as in a list; and inside a literal: "host=h password=secret".
_ASSIGNED_LIST = re.compile(
    r"""((?<![\w.-])([\w.-]+)["']?[ \t]*(?::[^=\n]{1,64})?[=:][ \t]*)"""
    rf"""([\[(](?:\s*{_LITERAL}[\s,]*)+)"""
)
_STRINGS = re.compile(_LITERAL)
_IN_STRING = re.compile(r"""(?<![\w.-])(([\w.-]+)=)([^\s"'\\&;,=<>%{}()]+)""")


def mask_literals(code: str, is_secret: IsSecret) -> str:
    """Mask the literals that code assigns to secret names."""

    def mask_assigned(match: re.Match[str]) -> str:
        secret = is_secret(match[2]) or (match[3] is not None and is_secret(match[3]))
        return f"{match[1]}{lines_mask(match[4])}" if secret else match[0]

    def mask_argument(match: re.Match[str]) -> str:
        before, name, value = match.groups()[:3] if match[1] else match.groups()[3:]
        return f"{before}{lines_mask(value)}" if is_secret(name) else match[0]

    def mask_list(match: re.Match[str]) -> str:
        if not is_secret(match[2]):
            return match[0]
        return match[1] + _STRINGS.sub(lambda each: lines_mask(each[0]), match[3])

    def mask_pair(match: re.Match[str]) -> str:
        return f"{match[1]}{MASK}" if is_secret(match[2]) else match[0]

    def mask_inside(match: re.Match[str]) -> str:
        return _IN_STRING.sub(mask_pair, match[0]) if "=" in match[0] else match[0]

    code = _STRINGS.sub(mask_inside, code)
    return _SETTER.sub(
        mask_argument, _ASSIGNED.sub(mask_assigned, _ASSIGNED_LIST.sub(mask_list, code))
    )


__all__ = ["mask_literals"]
