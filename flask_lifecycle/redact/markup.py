"""Mask the content of secret elements of HTML and XML, and the values of such inputs."""

from __future__ import annotations

import re

from .names import IsSecret
from .patterns import MASK
from .quotes import quoted_mask

# <password>secret</password>, and <input name="password" value="secret">, also of other tags.
_ELEMENT = re.compile(r"(<([\w:.-]+)(?:\s[^<>]*)?(?<!/)>)")
_START = re.compile(r"<([\w:.-]+)")
_TAG = re.compile(r"<[A-Za-z][\w:.-]*\s[^<>]*>?")
_NAME_ATTRIBUTE = re.compile(r"""\b(?:name|id|key|type)\s*=\s*["']?([^\s"'<>]+)""", re.IGNORECASE)
_VALUE_ATTRIBUTE = re.compile(
    r"""(\b(?:value|content)\s*=\s*)("[^"]*"?|'[^']*'?|[^\s"'<>]+)""", re.IGNORECASE
)
# Elements whose text is the value of the field that they name.
_FIELDS = frozenset(
    [
        *("textarea", "option", "output", "button", "property", "prop", "string", "entry", "param"),
        *("parameter", "data", "field", "item", "value", "attribute", "attr", "setting", "var"),
        *("variable", "arg"),
    ]
)
# <key>password</key><string>secret</string>, as in property lists.
_KEY_ELEMENT = re.compile(
    r"(<(?:\w+:)?(?:name|key|field)>\s*([^<>]{1,128}?)\s*</(?:\w+:)?(?:name|key|field)>\s*"
    r"<((?:\w+:)?(?:value|string|val))>)([\s\S]*?)(?=</\3>|\Z)",
    re.IGNORECASE,
)


def mask_elements(text: str, is_secret: IsSecret) -> str:
    """Mask the content of secret elements of HTML or XML, and the values of such inputs."""

    def mask_tag(match: re.Match[str]) -> str:
        tag = match[0]
        lowercase = tag.lower()
        if ("value" in lowercase or "content" in lowercase) and any(
            map(is_secret, _NAME_ATTRIBUTE.findall(tag))
        ):
            return _VALUE_ATTRIBUTE.sub(lambda each: each[1] + quoted_mask(each[2]), tag)
        return tag

    def mask_key(match: re.Match[str]) -> str:
        return f"{match[1]}{MASK}" if is_secret(match[2]) else match[0]

    lowercase = text.lower()
    if "value" in lowercase or "content" in lowercase:
        text = _TAG.sub(mask_tag, text)
    text = _KEY_ELEMENT.sub(mask_key, text)
    names = set(_START.findall(text))
    secret = {name for name in names if is_secret(name)}
    fields = {name for name in names - secret if name.lower() in _FIELDS}
    if not secret and not fields:
        return text
    parts: list[str] = []
    at = 0
    is_document = text.lstrip().startswith("<")
    for match in _ELEMENT.finditer(text):
        name = match[2]
        if name not in secret and (name not in fields or not _names_secret(match, is_secret)):
            continue
        if match.start() < at:
            continue
        end = text.find(f"</{name}", match.end())
        if end < 0 and (is_document or text.startswith("<![CDATA[", match.end())):
            # It was truncated, or is a void element.
            end = len(text)
        if end > match.end():
            parts += (text[at : match.end()], MASK)
            at = end
    return "".join((*parts, text[at:])) if parts else text


def _names_secret(tag: re.Match[str], is_secret: IsSecret) -> bool:
    return any(map(is_secret, _NAME_ATTRIBUTE.findall(tag[0])))


__all__ = ["mask_elements"]
