"""Mask values beside a secret name in a text, in many formats."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote_plus

from .names import IsSecret
from .patterns import MASK

#: The keys that name another member of an object, and the keys of that member.
LABELS = frozenset(
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
LABELLED = frozenset(
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


# A host before its port is not a name before its value.
_NO_HOST = (
    r"(?!(?:(?<=://)[\w.-]+|[\w.-]+\.(?:com|net|org|io|dev|app|cloud|local|localhost|internal|lan"
    r"|svc|test|example)):\d{1,5}\b)"
)


def _named(letter: str, blank: str) -> re.Pattern[str]:
    # Group 2 prevents backtracking into the last word.
    return re.compile(
        rf"""(?<![{letter}]){_NO_HOST}"""
        rf"""((?:[{letter}]+ ){{0,2}}(?=([{letter}]+))\2)"""
        rf"""(?:[\\"'`\])}}]|%(?:25)*(?:5[dD]|2[27])){{0,4}}{blank}*"""
        rf"""(?:=>|[:!=]?={{1,2}}|[:\uff1a\uff1d]|%(?:25)*3[aAdD]){blank}*"""
    )


# A name, of at most three words, and what parts it from its value; not a host and its port. Its
# letters are also the marks of scripts that write vowels by them, and what is not seen.
_NAME = _named(
    r"\w.\-\u00ad\u0300-\u036f\u0610-\u065f\u0900-\u0dff\u200b-\u200f\u2060\ufeff", r"\s"
)
# The same for ASCII texts, where letters and blanks are looked up in a table.
_ASCII_NAME = _named(r"A-Za-z0-9_.\-", r"[ \t-\r\x1c-\x1f]")
# Values that are not secrets, where they are not text.
_OPEN = re.compile(r"(?:None|True|False|null|true|false)(?=[\s,;)\]}&<]|$)")
_ESCAPED = re.compile(r"""(\\+["'])[\s\S]*?(?:\1|\Z)""")
# A quote is the closing one if what follows can follow a value.
_END = r"""[\s,;:)\]}>&|<\\]|$"""
_QUOTED = re.compile(
    rf"""[bBrRuU]{{0,2}}(?:"(?:[^"\\]|\\.|"(?!{_END}))*"?|'(?:[^'\\]|\\.|'(?!{_END}))*'?)""",
    re.DOTALL,
)
_LINE = re.compile(r"[^\r\n]*")
# In an SQL statement, where values have other delimiters.
_PLACEHOLDER = re.compile(r"(?:\?|%s|%\(\w+\)s|\$\d+)(?=[\s,;)\]]|$)")
_CALL = re.compile(r"[A-Za-z_][\w.]*(?=\()")
_TAG_NAMES = "br|p|div|span|t[drh]|li|ul|ol|h[1-6]|em|strong|code|pre|input|form|body|html|table"
# Up to a blank. The end of a quotation, an argument or an element ends it too.
_BARE = re.compile(
    rf"""(?:(?:bearer|basic|digest|token|negotiate)\s+)?"""
    rf"""(?:[^\s&"'<]|&(?!(?:amp;)?[\w.\[\]%-]+=|\s|$)|["'](?!{_END})"""
    rf"""|<(?!/|!|(?:{_TAG_NAMES})\b))+""",
    re.IGNORECASE,
)
# More of the value after a blank: neither prose nor a pair of its own.
_MORE = re.compile(
    r"""[ \t]+(?![\w.-]+["']?[ \t]*[=:])"""
    r"""(?=\S*[\w][&$^*~|#<]|[&$^*~#]\w|[A-Za-z]\d[A-Za-z])[^\s"']+"""
)
# Parts of a connection string, which may contain blanks.
_PART = re.compile(r"""[^;=\r\n&"'<]{1,512}(?=;\s*[A-Za-z][\w .]{0,40}=)""")
_LAST_PART = re.compile(r"""[^;\r\n"'<]+""")
_QUOTES = re.compile(r"""^([bBrRuU]{0,2}\\*["']).*?(\\*["'])?$""", re.DOTALL)
_IN_BRACKETS = re.compile(r"""[{}\[\]()]|"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?""", re.DOTALL)
# Headers whose values have parts.
_HEADERS = re.compile("authorization|cookie", re.IGNORECASE)
# A YAML text or mapping below its name.
_BLOCK = re.compile(r"[ \t]*(?:[|>][+-]?\d?[+-]?)?[ \t]*\r?\n")
# {"field": "password", "value": "x"}, in either order, and ("password", "x").
_OBJECT = re.compile(r"\{[^{}]*\}?")
_STRING = r"""(?:\\*"(?:[^"\\]|\\[^"]|\\")*?(?:\\*"|\Z)|\\*'(?:[^'\\]|\\.)*?(?:\\*'|\Z))"""
_SCALAR = rf"""(?:[bBuUrR]{{0,2}}{_STRING}|-?\d[\w.]*)"""
_LABEL = re.compile(
    rf"""["'](?:{"|".join(sorted(LABELS))})\\*["']\s*[:=]\s*\\*["']([^"'\\]+)""", re.IGNORECASE
)
_LABELLED = re.compile(
    rf"""(["'](?:{"|".join(sorted(LABELLED))})\\*["']\s*:\s*)({_SCALAR})""", re.IGNORECASE
)
_PAIR = re.compile(
    rf"""([\[(]\s*[bu]?\\*["']([^"'\\]{{1,64}})\\*["']\s*,\s*)({_SCALAR}|\[[^\[\]]*(?:\]|\Z))"""
)
# The same two, each on a line of its own, as in YAML.
_LABEL_LINE = (
    rf"""["']?(?:{"|".join(sorted(LABELS))})["']?[ \t]*[:=][ \t]*["']?([\w./\[\]-]+)["']?[ \t]*"""
)
_VALUE_LINE = rf"""["']?(?:{"|".join(sorted(LABELLED))})["']?[ \t]*[:=][ \t]*"""
_LINES = re.compile(
    rf"""((?:^|(?<=[\r\n]))[ \t]*(?:-[ \t]+)?{_LABEL_LINE}\r?\n[ \t]*{_VALUE_LINE})(\S[^\r\n]*)""",
    re.IGNORECASE,
)
_LINES_REVERSED = re.compile(
    rf"""((?:^|(?<=[\r\n]))[ \t]*(?:-[ \t]+)?{_VALUE_LINE})(\S[^\r\n]*)"""
    rf"""(?=\r?\n[ \t]*{_LABEL_LINE}(?:[\r\n]|\Z))""",
    re.IGNORECASE,
)
# pydantic's report of a field: its location, the error, and the input.
_INPUT = re.compile(
    r"""(?:^|(?<=\n))([^\s][^\n]*)(\n[ \t]+[^\n]*?\binput_value=)([\s\S]*?)(?=, input_type=|\Z)"""
)
_INPUT_ALONE = re.compile(r"""(\binput_value=)([{\[(A-Z][\s\S]*?)(?=, input_type=|\Z)""")
_PLACE = re.compile(r"[\w.\[\]-]+")
# A Kubernetes secret.
_MANIFEST = re.compile(r"""\bkind["']?:\s*["']?secret\b""", re.IGNORECASE)
_DATA = re.compile(
    rf"""(\b(?:string)?data["']?:\s*)(?!{MASK})\S[\s\S]*?(?=\r?\n\S|\bkind:|\Z)""", re.IGNORECASE
)
# A part of a multipart form.
_PART_OF_FORM = re.compile(
    r"""(\bname="?([^"\r\n;]*)"?[^\r\n]*(?:\r?\n[^\r\n]+){0,8}(?:\r?\n){2})([\s\S]*?)(?=\r?\n--|\Z)"""
)
# password = "secret", token == "secret", {"pin": 1234}, f(key="secret") in code.
_ONE_LITERAL = (
    r"""[bBrRuUfF]{0,2}(?:\"{3}[\s\S]*?(?:\"{3}|\Z)|'{3}[\s\S]*?(?:'{3}|\Z)"""
    r"""|"(?:[^"\\\n]|\\[\s\S])*"?|'(?:[^'\\\n]|\\[\s\S])*'?)"""
)
_GIVEN = re.compile(
    # The name may have an annotation; an `else: ` has none.
    rf"""((?<![\w.-]){_NO_HOST}([\w.-]+)["'\])]{{0,4}}[ \t]*"""
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
_GIVEN_MANY = re.compile(
    r"""((?<![\w.-])([\w.-]+)["']?[ \t]*(?::[^=\n]{1,64})?[=:][ \t]*)"""
    rf"""([\[(](?:\s*{_LITERAL}[\s,]*)+)"""
)
_STRINGS = re.compile(_LITERAL)
_IN_STRING = re.compile(r"""(?<![\w.-])(([\w.-]+)=)([^\s"'\\&;,=<>%{}()]+)""")
# <password>secret</password>, and <input name="password" value="secret">, also of other tags.
_ELEMENT = re.compile(r"(<([\w:.-]+)(?:\s[^<>]*)?(?<!/)>)")
_OPENED = re.compile(r"<([\w:.-]+)")
_TAG = re.compile(r"<[A-Za-z][\w:.-]*\s[^<>]*>?")
_NAMED = re.compile(r"""\b(?:name|id|key|type)\s*=\s*["']?([^\s"'<>]+)""", re.IGNORECASE)
_VALUED = re.compile(
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
_ARGUMENT = re.compile(r"([^&=\s?;]+)=([^&\s]*)")
_ENCODED_TIMES = 4


def mask_elements(text: str, is_secret: IsSecret) -> str:
    """Mask the content of secret elements of HTML or XML, and the values of such inputs."""

    def tag(found: re.Match[str]) -> str:
        written = found[0]
        folded = written.lower()
        if ("value" in folded or "content" in folded) and any(
            map(is_secret, _NAMED.findall(written))
        ):
            return _VALUED.sub(lambda each: each[1] + _quoted_mask(each[2]), written)
        return written

    def key(found: re.Match[str]) -> str:
        return f"{found[1]}{MASK}" if is_secret(found[2]) else found[0]

    folded = text.lower()
    if "value" in folded or "content" in folded:
        text = _TAG.sub(tag, text)
    text = _KEY_ELEMENT.sub(key, text)
    names = set(_OPENED.findall(text))
    secret = {name for name in names if is_secret(name)}
    fields = {name for name in names - secret if name.lower() in _FIELDS}
    if not secret and not fields:
        return text
    parts: list[str] = []
    at = 0
    document = text.lstrip().startswith("<")
    for found in _ELEMENT.finditer(text):
        name = found[2]
        if name not in secret and (name not in fields or not _is_named(found, is_secret)):
            continue
        if found.start() < at:
            continue
        end = text.find(f"</{name}", found.end())
        if end < 0 and (document or text.startswith("<![CDATA[", found.end())):
            # It was truncated, or is a void element.
            end = len(text)
        if end > found.end():
            parts += (text[at : found.end()], MASK)
            at = end
    return "".join((*parts, text[at:])) if parts else text


def _is_named(tag: re.Match[str], is_secret: IsSecret) -> bool:
    return any(map(is_secret, _NAMED.findall(tag[0])))


def mask_labelled(text: str, is_secret: IsSecret) -> str:
    """Mask the values of objects and pairs whose first member is a secret name."""

    def labelled(found: re.Match[str]) -> str:
        if any(map(is_secret, _LABEL.findall(found[0]))):
            return _LABELLED.sub(lambda each: each[1] + _quoted_mask(each[2]), found[0])
        return found[0]

    def pair(found: re.Match[str]) -> str:
        return f"{found[1]}{_quoted_mask(found[3])}" if is_secret(found[2]) else found[0]

    if "{" in text:
        text = _OBJECT.sub(labelled, text)
    return _PAIR.sub(pair, text)


def mask_inputs(text: str, is_secret: IsSecret) -> str:
    """Mask the input values of secret fields in validation errors."""

    def placed(found: re.Match[str]) -> str:
        return f"{found[1]}{found[2]}{MASK}" if is_secret(found[1]) else found[0]

    # For a whole object, pydantic shows a part of it: its fields are unknown.
    return _INPUT_ALONE.sub(rf"\1{MASK}", _INPUT.sub(placed, text))


def mask_manifests(text: str) -> str:
    """Mask the data of a Kubernetes secret."""
    return _DATA.sub(rf"\1{MASK}", text) if _MANIFEST.search(text) else text


def mask_parts(text: str, is_secret: IsSecret) -> str:
    """Mask the secret parts of a ``multipart/form-data`` body."""

    def part(found: re.Match[str]) -> str:
        return f"{found[1]}{MASK}" if is_secret(found[2]) else found[0]

    return _PART_OF_FORM.sub(part, text)


def mask_literals(code: str, is_secret: IsSecret) -> str:
    """Mask the literals that code assigns to secret names."""

    def literal(found: re.Match[str]) -> str:
        secret = is_secret(found[2]) or (found[3] is not None and is_secret(found[3]))
        return f"{found[1]}{_lines_mask(found[4])}" if secret else found[0]

    def setter(found: re.Match[str]) -> str:
        before, name, value = found.groups()[:3] if found[1] else found.groups()[3:]
        return f"{before}{_lines_mask(value)}" if is_secret(name) else found[0]

    def many(found: re.Match[str]) -> str:
        if not is_secret(found[2]):
            return found[0]
        return found[1] + _STRINGS.sub(lambda each: _lines_mask(each[0]), found[3])

    def pair(found: re.Match[str]) -> str:
        return f"{found[1]}{MASK}" if is_secret(found[2]) else found[0]

    def inside(found: re.Match[str]) -> str:
        return _IN_STRING.sub(pair, found[0]) if "=" in found[0] else found[0]

    code = _STRINGS.sub(inside, code)
    return _SETTER.sub(setter, _GIVEN.sub(literal, _GIVEN_MANY.sub(many, code)))


def mask_arguments(query: str, is_secret: IsSecret, masked: Callable[[str], str]) -> str:
    """Mask the secret arguments of a query string.

    :param masked: masks a text; it is called for encoded values.
    """

    def argument(found: re.Match[str]) -> str:
        name, value = found[1], _decoded(found[2])
        hidden = is_secret(_decoded(name)) or (value != found[2] and masked(value) != value)
        return f"{name}={MASK}" if hidden else found[0]

    return _ARGUMENT.sub(argument, query)


def mask_pairs(text: str, is_secret: IsSecret, *, shows_open: bool = True) -> str:
    """Mask the values of secret names in ``name=value`` and ``name: value``.

    :param shows_open: whether None, True and False count as not secret.
    """
    if "\n" in text:
        text = _mask_lines(text, is_secret)
    parts: list[str] = []
    at = 0
    # A mask contains no letters.
    is_ascii = text.isascii() or text.replace(MASK, "").isascii()
    for found in (_ASCII_NAME if is_ascii else _NAME).finditer(text):
        name = found[1]
        if text.startswith("=", found.start() - 1):
            # type=password name=x: only the text before the blank is a value.
            name = name.rpartition(" ")[2]
        if found.start() < at or not is_secret(name):
            continue
        if shows_open and _OPEN.match(text, found.end()):
            continue
        begin, end = _value(text, found)
        if end > begin:
            parts += (text[at:begin], _quoted_mask(text[begin:end]))
            at = end
    return "".join((*parts, text[at:])) if parts else text


def _mask_lines(text: str, is_secret: IsSecret) -> str:
    def labelled(found: re.Match[str]) -> str:
        return f"{found[1]}{_quoted_mask(found[3])}" if is_secret(found[2]) else found[0]

    def before(found: re.Match[str]) -> str:
        return f"{found[1]}{_quoted_mask(found[2])}" if is_secret(found[3]) else found[0]

    return _LINES_REVERSED.sub(before, _LINES.sub(labelled, text))


def _value(text: str, named: re.Match[str]) -> tuple[int, int]:
    """Return the start and end of the value that follows this name."""
    begin, name = named.end(), named[1]
    if text.startswith(MASK, begin) or _PLACEHOLDER.match(text, begin):
        return begin, begin
    found = _ESCAPED.match(text, begin) or _QUOTED.match(text, begin)
    if found is None and _HEADERS.search(name):
        found = _LINE.match(text, begin)
    if found is None and text.startswith(("{", "[", "("), begin):
        return begin, _bracket_end(text, begin)
    if found is not None:
        return begin, _without_list(text, begin, found.end())

    start = max(text.rfind("\n", 0, named.start()), text.rfind("\r", 0, named.start())) + 1
    indent = text[start : named.start()]
    if " " not in name and not indent.strip(" \t-"):
        block = _block(text, named, len(indent))
        if block is not None:
            return block
        separator = text[named.end(1) : begin]
        if separator[-1:] in (" ", "\t") and "\n" not in separator:
            # A line of its own, in a settings file.
            found = _LINE.match(text, begin)
            return begin, begin if found is None else _without_list(text, begin, found.end())
    call = _CALL.match(text, begin)
    if call is not None:
        return begin, _bracket_end(text, call.end())
    return begin, _bare_end(text, named, begin)


def _block(text: str, named: re.Match[str], indent: int) -> tuple[int, int] | None:
    """Return the lines below a name that belong to it, in YAML's texts and mappings."""
    colon = text.find(":", named.end(1))
    found = _BLOCK.match(text, colon + 1) if 0 <= colon < named.end() else None
    if found is None:
        return None
    end = begin = found.end()
    # The lines below a name are indented deeper, except the items of a list.
    lines = re.compile(rf"(?:[ \t]{{{indent}}}(?:[ \t]|-[ \t])[^\r\n]*(?:\r?\n|\Z)|[ \t]*\r?\n)+")
    deeper = lines.match(text, begin)
    if deeper is None:
        return None
    end = begin + len(text[begin : deeper.end()].rstrip())
    begin += len(text[begin:end]) - len(text[begin:end].lstrip())
    return (begin, begin) if text.startswith(MASK, begin) else (begin, end)


def _bare_end(text: str, named: re.Match[str], begin: int) -> int:
    part = _PART.match(text, begin)
    if part is None and text[max(0, named.start() - 8) : named.start()].rstrip(" ").endswith(";"):
        part = _LAST_PART.match(text, begin)
    if part is not None and part.end() > begin:
        return part.end()
    found = _BARE.match(text, begin)
    if found is None:
        return begin
    end = found.end()
    while more := _MORE.match(text, end):
        end = more.end()
    return _without_list(text, begin, end)


def _without_list(text: str, begin: int, end: int) -> int:
    # A truncation mark or a list's delimiter after the value is not part of it.
    return begin + len(text[begin:end].rstrip(",;"))


def _bracket_end(text: str, begin: int) -> int:
    depth = 0
    for found in _IN_BRACKETS.finditer(text, begin):
        depth += (found[0] in "{[(") - (found[0] in "}])")
        if not depth:
            return found.end()
    return len(text)


def _quoted_mask(value: str) -> str:
    found = _QUOTES.match(value)
    return MASK if found is None else f"{found[1]}{MASK}{found[2] or ''}"


def _lines_mask(literal: str) -> str:
    # A line of code stays one line.
    return _quoted_mask(literal) + "\n" * literal.count("\n")


def _decoded(text: str) -> str:
    for _ in range(_ENCODED_TIMES):
        plain = unquote_plus(text)
        if plain == text:
            break
        text = plain
    return text


__all__ = [
    "LABELLED",
    "LABELS",
    "mask_arguments",
    "mask_elements",
    "mask_inputs",
    "mask_labelled",
    "mask_literals",
    "mask_manifests",
    "mask_pairs",
    "mask_parts",
]
