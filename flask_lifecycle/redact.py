"""Mask and cap values before they are kept.

Pure: no object of the user's is changed, and no code of its class is run. Only built-in types
are looked into, by their own methods, also where a class derives from them. The one call out is
the function of ``LIFECYCLE_REDACT_WITH``, which is given what the rules here have left.
"""

from __future__ import annotations

import datetime as dt
import decimal
import json
import math
import re
import typing as t
import uuid
from collections.abc import Callable, Iterable
from itertools import islice
from urllib.parse import unquote_plus

MASK = "••••••"

#: Where a value stands: names of keys and numbers of items, outermost first.
Path = tuple[str | int, ...]
Decide = Callable[[Path, t.Any], t.Any]

M = t.TypeVar("M", dict[int, bool], dict[int, list[bool]], dict[int, tuple[str, str]], set[int])

# Compared without case and without what separates the words of a name. An author is no secret.
_NAMES = (
    "passw",
    "passphrase",
    "passcode",
    "(?<!com)(?<!by)pass$",
    "pwd",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "encryptionkey",
    "signingkey",
    "subscriptionkey",
    "jwt",
    "bearer",
    "auth(?!or(?!i[sz]))",
    "cookie",
    "credential",
    "creditcard",
    "cardnumber",
    "cvv",
    "private",
    "session",
    "csrf",
    "xsrf",
    "signature",
    "dsn",
    "otp$",
    "^sig$",
)
_SEPARATORS = str.maketrans("", "", "-_. ")


def _pattern(hint: str, pattern: str) -> tuple[str, re.Pattern[str]]:
    return hint, re.compile(pattern, re.IGNORECASE)


# Secrets that can be told by their looks alone, each with what a text must hold for it.
_LOOKS = (
    _pattern("eyj", r"\beyJ[\w-]{8,}(?:\.[\w-]*){0,4}"),  # JSON in base64: JWT, Flask's session
    _pattern(".ej", r"\.eJ[\w-]{8,}\.[\w-]{6}\.[\w-]{20,}"),  # the latter, compressed
    _pattern("bearer ", r"(?<=bearer )[\w.~+/=-]{8,}"),
    _pattern("basic ", r"(?<=basic )(?=\S*(?-i:[\dA-Z=]))[\w+/]{6,}={0,2}"),
    _pattern(
        "-----begin",
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    ),
    _pattern("akia", r"\bAKIA[0-9A-Z]{16}\b"),
    _pattern("asia", r"\bASIA[0-9A-Z]{16}\b"),
    _pattern("aiza", r"\bAIza[\w-]{35}"),
    _pattern("gh", r"\bgh[opsur]_\w{20,}"),
    _pattern("github_pat_", r"\bgithub_pat_\w{20,}"),
    _pattern("glpat-", r"\bglpat-[\w-]{16,}"),
    _pattern("xox", r"\bxox[a-z]-[\w-]{10,}"),
    _pattern("_live_", r"\b[rs]k_live_\w{10,}"),
    _pattern("_test_", r"\b[rs]k_test_\w{10,}"),
    _pattern("sk-", r"\bsk-[\w-]{20,}"),
    _pattern("sg.", r"\bSG\.[\w-]{16,}\.[\w-]{16,}"),
    _pattern("pypi-", r"\bpypi-[\w-]{16,}"),
    _pattern("hooks.slack", r"(?<=hooks\.slack\.com/services/)[\w/]+"),
    _pattern("/webhooks/", r"(?<=/webhooks/)\d+/[\w-]{20,}"),
    _pattern("npm_", r"\bnpm_\w{20,}"),
    _pattern("hf_", r"\bhf_\w{20,}"),
    # Hashed passwords: bcrypt, argon2, and Werkzeug's own.
    _pattern("$", r"\$(?:2[abxy]|argon2\w{1,2}|pbkdf2[\w-]*|scrypt)\$[\w./$=,+-]{16,}"),
    _pattern("$", r"\b(?:pbkdf2|scrypt)(?::\w+){1,3}\$\w+\$[\da-f]{16,}"),
)

# What stands before the host of a URL, also where a password bears "@" or "/" itself.
_USERINFO = re.compile(
    r"""(?<=://)(?:[^\s/?#"'<>@:]{0,128}:(?!\d{1,5}(?:[/?#\s]|$))[^\s"'<>]{0,256}"""
    r"""|[^\s/?#"'<>]{1,256})(?=@)"""
)

# A name, of at most two words, and what parts it from its value; not a host and its port.
_NAME = re.compile(
    r"""(?<![\w.-])(?!(?<=://)[\w.-]+:\d{1,5}\b)"""
    r"""((?:[\w.-]+ )?[\w.-]+)[\\"'`\])}]{0,4}\s*(?:=>|[=:])\s*"""
)
_ESCAPED = re.compile(r"""(\\+["'])[\s\S]*?(?:\1|\Z)""")
_QUOTED = re.compile(r"""[bBrRuU]{0,2}(?:"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.|'')*'?)""", re.DOTALL)
_LINE = re.compile(r"[^\r\n]*")
_BARE = re.compile(r"""(?:(?:bearer|basic|digest|token)\s+)?[^\s&"'<>]+""", re.IGNORECASE)
_QUOTES = re.compile(r"""^([bBrRuU]{0,2}\\*["']).*?(\\*["'])?$""", re.DOTALL)
_IN_BRACKETS = re.compile(r"""[{}\[\]()]|"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?""", re.DOTALL)
# Headers whose values have parts.
_HEADERS = re.compile("authorization|cookie", re.IGNORECASE)
# password = "secret", token == "secret", {"pin": 1234}, f(key="secret") in code.
_GIVEN = re.compile(
    r"""((?<![\w.-])([\w.-]+)["'\])]{0,4}\s*(?::\s*[\w.]+\s*(?==))?(?:[!=]?=|:)\s*)"""
    r"""([bBrRuUfF]{0,2}(?:\"{3}[\s\S]*?(?:\"{3}|\Z)|'{3}[\s\S]*?(?:'{3}|\Z)"""
    r"""|"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?)|\d[\w.]*)"""
)
# --password secret, also as a list of arguments is written.
_OPTION = re.compile(r"""((?<![\w-])--([\w-]+)(?:["'],)? +["']?)([^\s"',\])-][^\s"',\])]*)""")
# <password>secret</password>, and <input name="password" value="secret">, also of other tags.
_ELEMENT = re.compile(r"(<([\w:.-]+)(?: [^<>]*)?>)([^<>]+)(?=</\2>)")
_TAG = re.compile(r"<(?:input|meta|button|option|param)\b[^<>]*>", re.IGNORECASE)
_NAMED = re.compile(r"""\b(?:name|id)\s*=\s*["']?([^\s"'<>]+)""", re.IGNORECASE)
_VALUED = re.compile(
    r"""(\b(?:value|content)\s*=\s*)("[^"]*"?|'[^']*'?|[^\s"'<>]+)""", re.IGNORECASE
)
# An argument in a rule of Werkzeug's, with what tells how it is converted.
_OF_RULE = re.compile(r"<([^<>]*)>")
_SEGMENT = r"""[^/?#&;\s"'<>]"""
_SEGMENTS = r"""[^?#&;\s"'<>]"""
_ARGUMENT = re.compile(r"([^&=\s?;]+)=([^&\s]*)")

_WORD = re.compile(r"[A-Za-z_][\w$]*")
_LITERAL = re.compile(
    r"\$(\w*)\$[\s\S]*?(?:\$\1\$|\Z)|'(?:[^']|'')*(?:'|\Z)"
    r"|(?<![\w$.:%?])-?(?:0[xX][\da-fA-F]+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.])"
)
_STRING = re.compile(r'"(?:[^"]|"")*(?:"|\Z)')
_ALL_STRINGS = re.compile(r"""["'][\s\S]*["']""")
_VALUES = re.compile(r'\bvalues\b|(?:=|\blike\b|\bin\s*\()\s*(?=")', re.IGNORECASE)
_COMMENT = re.compile(r"/\*[\s\S]*?(?:\*/|\Z)|--[^\r\n]*")
_PLACEHOLDER = re.compile(r"\?|%s|\$\d+\b")
_COLUMNS = re.compile(r"\binto\s+[^()]*\(([^()]*)\)\s*values\b", re.IGNORECASE)
_UNNAMED = re.compile(r"\binto\s+[^\s()]+\s+(?:values|select)\b", re.IGNORECASE)
_COMPARED = re.compile(
    r"""([\w."`\[\]]+)\s*(?:[=<>!]{1,2}|\b(?:not\s+)?i?like\b|\bin\s*\([\s?,%$\ds]*"""
    r"""|(?<=limit)|(?<=offset))\s*$""",
    re.IGNORECASE,
)

_DEPTH = 8
_ITEMS = 100
_ITEM_BYTES = 8
_TEXT = 4096
# A secret that begins before the cut is told by what follows it.
_MARGIN = 4096
_ROUNDS = 4
_CACHED_LENGTH = 128
# How long what is remembered as it is shown may be, and how many sets of texts are.
_KNOWN_HEADER = 512
_KNOWN_TOGETHER = 4096
_TOGETHER = 256
_CACHED = 4096
_SHORT = 11
# JavaScript tells whole numbers below from each other.
_SAFE = 2**53
_CUT = "…"

_BYTES = (bytes, bytearray)
_SEQUENCES = (list, tuple, set, frozenset)
_WHOLE = frozenset((int, bool))
_WRITTEN = (uuid.UUID, dt.date, dt.timedelta)
_TIMES = (dt.datetime, dt.time)
_ZONES = (type(None), dt.timezone)
_class_name = type.__dict__["__qualname__"].__get__
_class_module = type.__dict__["__module__"].__get__


class Redactor:
    """Mask by name and by pattern, and cap.

    :param names: more names to mask, beside the built-in ones; compared as substrings, without
        case, hyphens, underscores, dots and spaces.
    :param max_bytes: what one capture may hold.
    :param decide: is given each value that is left, with its path, and returns what is to be
        shown of it: it can mask more, never less. Where it fails, the value is masked.
    """

    def __init__(
        self, names: Iterable[str] = (), max_bytes: int = 65536, decide: Decide | None = None
    ) -> None:
        more = (re.escape(folded) for name in names if (folded := _folded(name)))
        self._names = re.compile("|".join((*_NAMES, *more)))
        self.max_bytes = max_bytes
        self._cap = min(_TEXT, max_bytes)
        # So many texts are surely not too much together.
        self._few = max_bytes // max(1, self._cap)
        self._decide = decide
        # What was found before, by hashes: a text that may be a secret is remembered nowhere.
        self._known: dict[int, bool] = {}
        self._placed: dict[int, list[bool]] = {}
        #: Headers as they are shown.
        self._headers: dict[int, tuple[str, str]] = {}
        #: Texts that were masked together, as they are shown.
        self._together: dict[int, tuple[str, ...]] = {}
        self._statements: dict[int, bool] = {}
        #: For each way to mask, the texts that it leaves as they are.
        self._plain: dict[str, set[int]] = {name: set() for name in ("text", "query", "sql")}
        self._texts = self._plain["text"]
        # What leads to a secret in a path, and the secret.
        self._paths: list[re.Pattern[str]] = []

    def learn(self, rules: t.Sequence[str]) -> None:
        """Mask what stands for secret arguments of these rules, in whatever bears a path.

        :param rules: all of the app's, such as ``"/reset/<token>"``. One that has nothing of its
            own before such an argument, as ``"/<token>"``, cannot be told from others.
        """
        self._paths = [path for rule in rules for path in self._secret_paths(rule, rules)]
        self._headers.clear()
        for texts in self._plain.values():
            texts.clear()

    def is_secret(self, name: str) -> bool:
        """Tell whether values under this name are masked."""
        known = self._known.get(hash(name))
        if known is None:
            known = self._is_secret(name)
            if len(name) < _CACHED_LENGTH:
                _room(self._known)[hash(name)] = known
        return known

    def text(self, value: str, path: Path = ()) -> str:
        """Mask what looks like a secret, replace what JSON cannot hold, cap the length.

        ``name=value`` and ``name: value`` are masked by the name, JSON by its keys.
        """
        # To hash a long one would take longer than to mask what is shown of it.
        if len(value) <= self._cap and hash(value) in self._texts:
            return value
        return self._decided_text(path, self._shown(value))

    def query(self, value: str, path: Path = ()) -> str:
        """Mask the values of a query string by their names."""
        return self._decided_text(path, self._shown(value, "query"))

    def sql(self, value: str, path: Path = ()) -> str:
        """Mask the literals of a statement that names something secret, and what looks secret."""
        return self._decided_text(path, self._shown(value, "sql"))

    def code(self, line: str) -> str:
        """Mask the literals that code gives to secret names, and what looks secret in it."""
        masked = _without_looks(_GIVEN.sub(self._literal, line[: self._cap + _MARGIN]))
        return self._decided_text((), self._fitted(masked, len(line)))

    def parameters(self, statement: str, values: t.Any, path: Path = ()) -> t.Any:
        """Turn the parameters of one execution into JSON's types, masked by their columns.

        :param values: a dict, or a list or tuple in the order of the placeholders. Where it
            cannot be told what a placeholder stands for, and the statement names something
            secret, it is masked.
        """
        kind = type(values)
        if kind not in (list, tuple) or len(statement) > _TEXT + _MARGIN:
            return self.value(values, path)
        names = self.placed(statement)
        return [
            MASK if each is not None and names[min(place, len(names) - 1)] else shown
            for place, (each, shown) in enumerate(
                zip(values, self.value(values, path), strict=False)
            )
        ]

    def placed(self, statement: str) -> list[bool]:
        """Tell of each placeholder of a statement whether what it stands for is masked."""
        key = hash(statement)
        names = self._placed.get(key)
        if names is None:
            names = _room(self._placed)[key] = self._find_placed(statement)
        return names

    def is_plain(self, statement: str, values: t.Any) -> bool:
        """Tell at a glance that a statement and its parameters are to be shown as they are.

        False, where it takes a closer look: what most statements have is a few whole numbers.
        """
        key = hash(statement)
        plain = self._statements.get(key)
        if plain is None:
            plain = _room(self._statements)[key] = (
                self._decide is None
                and self.sql(statement) == statement
                and True not in self.placed(statement)
            )
        return plain and (
            not values
            or (
                type(values) is tuple
                and len(values) <= self._few
                and _WHOLE.issuperset(map(type, values))
                and min(values) > -_SAFE
                and max(values) < _SAFE
            )
        )

    def header(self, name: str, value: str, path: Path = ()) -> str:
        """Mask a header's value; of a cookie, its name and attributes stay."""
        folded = name.lower()
        if folded == "cookie":
            return "; ".join(f"{cookie}={MASK}" for cookie in cookie_names(value))
        if folded == "set-cookie":
            cookie, semicolon, attributes = value.partition(";")
            return f"{cookie.partition('=')[0]}={MASK}{semicolon}{self.text(attributes, path)}"
        return MASK if self.is_secret(name) else self.query(value, path)

    def headers(self, pairs: t.Sequence[t.Any], path: Path) -> tuple[tuple[str, str], ...]:
        """Mask a list of headers; leave out what is none."""
        known = self._headers.get
        try:
            shown = [known(hash(each)) or self._pair(each, path) for each in pairs]
        except TypeError:  # there are lists among them
            shown = [self._pair(each, path) for each in pairs]
        return tuple(shown if None not in shown else filter(None, shown))

    def _pair(self, pair: t.Any, path: Path) -> t.Any:
        name, value = pair if type(pair) is tuple and len(pair) == 2 else (None, None)
        if type(name) is not str or type(value) is not str:
            return None
        shown = self.text(name), self.header(name, value, (*path, name))
        if self._decide is None and len(name) + len(value) < _KNOWN_HEADER:
            _room(self._headers)[hash(pair)] = shown
        return shown

    def queries(self, values: tuple[t.Any, ...], paths: t.Sequence[Path | None]) -> tuple[str, ...]:
        """Mask several texts as `query` does; most often they were met together before.

        :param paths: where each stands; None for those that are masked already.
        """
        key = hash(values)
        known = self._together.get(key)
        if known is not None:
            return known
        shown = tuple(
            [
                value if path is None else self.query(value, path) if type(value) is str else ""
                for value, path in zip(values, paths, strict=True)
            ]
        )
        if self._decide is None and sum(map(len, shown)) < _KNOWN_TOGETHER:
            if len(self._together) >= _TOGETHER:
                self._together.clear()
            self._together[key] = shown
        return shown

    def value(self, value: t.Any, path: Path = ()) -> t.Any:
        """Turn any value into JSON's types. Only built-in types are looked into."""
        kind = type(value)
        if kind is str:
            if len(value) <= self._cap and hash(value) in self._texts:
                return value
            return self._decided(path, self._shown(value))
        if kind is int and -_SAFE < value < _SAFE and self._decide is None:
            return value
        return self._any(value, path, [self.max_bytes], self._decided)

    def named(self, name: str, value: t.Any, path: Path = ()) -> t.Any:
        """Turn a value under a name into JSON's types; masked where the name is secret.

        :param path: where the name stands.
        """
        return MASK if self.is_secret(name) else self.value(value, (*path, name))

    def _is_secret(self, name: str) -> bool:
        return self._names.search(_folded(name[: _TEXT + _MARGIN])) is not None

    def _decided(self, path: Path, shown: t.Any) -> t.Any:
        if self._decide is None or shown == MASK:
            return shown
        try:
            decided = self._decide(path, shown)
        except Exception:
            return MASK
        if type(decided) is str:
            return self._fitted(decided, len(decided))
        known = decided is None or type(decided) in (bool, int, float)
        return _scalar(decided) if known else MASK

    # Texts

    def _decided_text(self, path: Path, shown: str) -> str:
        return shown if self._decide is None else str(self._decided(path, shown))

    def _shown(self, value: str, how: str = "text") -> str:
        cap = self._cap
        length = len(value)
        plain = self._plain[how]
        key = hash(value) if length <= cap else 0
        if key in plain:
            return value
        if length < _SHORT and length <= cap and value.isalnum() and value.isascii():
            # One short word: no pair, and none of the looks.
            shown = value
        else:
            masked = {"text": self._masked, "query": self._masked_query, "sql": self._masked_sql}
            text = masked[how](value if length <= cap else value[: cap + _MARGIN])
            shown = self._fitted(text, length)
        if key and shown == value and self._decide is None:
            _room(plain).add(key)
        return shown

    def _fitted(self, shown: str, length: int) -> str:
        """Replace what JSON cannot hold, and cut; so long was what it was made from."""
        cap = self._cap
        if not shown.isascii():
            shown = shown.encode("utf-8", "replace").decode()
        return shown if length <= cap >= len(shown) else _cut(shown, cap, length)

    def _secret_paths(self, rule: str, rules: t.Sequence[str]) -> Iterable[re.Pattern[str]]:
        before = ""
        at = 0
        for found in _OF_RULE.finditer(rule):
            fixed = rule[at : found.start()]
            at = found.end()
            # From the last word on: what leads to the app itself may differ.
            before = (
                re.escape(fixed) if _WORD.search(fixed) else before and before + re.escape(fixed)
            )
            converter, _, name = found[1].rpartition(":")
            value = _SEGMENTS if converter.startswith("path") else _SEGMENT
            if before and self.is_secret(name):
                others = {each for one in rules for each in re.findall(f"{before}({value}+)", one)}
                but = "|".join(map(re.escape, sorted(others)))
                yield re.compile(f"({before})(?!(?:{but})(?!{_SEGMENT})){value}+")
            before = before and f"{before}{value}{{1,256}}"

    def _masked(self, text: str) -> str:
        paired = ":" in text or "=" in text
        if paired and text[:1] in ("{", "["):
            text = self._json(text)
        for path in self._paths:
            text = path.sub(rf"\1{MASK}", text)
        if "--" in text:
            text = _OPTION.sub(self._after_name, text)
        if "<" in text:
            text = _ELEMENT.sub(self._after_name, _TAG.sub(self._tag, text))
        for _ in range(_ROUNDS):
            before = text
            if paired:
                text = self._pairs(text)
            text = _without_looks(text)
            if text is before or text == before:
                break
        return text

    def _json(self, text: str) -> str:
        try:
            parsed = json.loads(text)
        except (ValueError, RecursionError):
            return text
        masked = self._any(parsed, (), [2 * (_TEXT + _MARGIN)], _undecided)
        written = json.dumps(masked, ensure_ascii=False)
        return written if MASK in written else text

    def _literal(self, found: re.Match[str]) -> str:
        return f"{found[1]}{_quoted_mask(found[3])}" if self.is_secret(found[2]) else found[0]

    def _after_name(self, found: re.Match[str]) -> str:
        return f"{found[1]}{MASK}" if self.is_secret(found[2]) else found[0]

    def _tag(self, found: re.Match[str]) -> str:
        if any(map(self.is_secret, _NAMED.findall(found[0]))):
            return _VALUED.sub(lambda each: each[1] + _quoted_mask(each[2]), found[0])
        return found[0]

    def _pairs(self, text: str) -> str:
        parts: list[str] = []
        at = 0
        for found in _NAME.finditer(text):
            begin = found.end()
            if found.start() < at or not self.is_secret(found[1]):
                continue
            end = _value_end(text, begin, found[1])
            if end > begin:
                parts += (text[at:begin], _quoted_mask(text[begin:end]))
                at = end
        return "".join((*parts, text[at:])) if parts else text

    def _masked_query(self, text: str) -> str:
        return self._masked(_ARGUMENT.sub(self._argument, text) if "=" in text else text)

    def _argument(self, found: re.Match[str]) -> str:
        name, value = found[1], _decoded(found[2])
        hidden = self.is_secret(_decoded(name)) or (
            value != found[2] and self._masked(value) != value
        )
        return f"{name}={MASK}" if hidden else found[0]

    def _masked_sql(self, text: str) -> str:
        if self._names_secret(text):
            if "\\" in text:
                # An escape in MySQL, a character in others: what ends a string cannot be told.
                text = _ALL_STRINGS.sub(MASK, text)
            begin = _VALUES.search(text) if '"' in text else None
            if begin is not None:
                # Strings in MySQL, names elsewhere: strings, where values stand.
                text = text[: begin.end()] + _STRING.sub(MASK, text[begin.end() :])
            text = _LITERAL.sub(MASK, text)
        if "--" in text or "/*" in text:
            text = _COMMENT.sub(lambda found: self._masked(found[0]), text)
        return _without_looks(text)

    def _names_secret(self, statement: str) -> bool:
        # Without the columns' names, any may be secret.
        return _UNNAMED.search(statement) is not None or any(
            self.is_secret(word) for word in set(_WORD.findall(statement))
        )

    def _find_placed(self, statement: str) -> list[bool]:
        """Tell of each placeholder whether what it stands for is masked."""
        unknown = self._names_secret(statement)
        places = [found.start() for found in _PLACEHOLDER.finditer(statement)]
        columns = _COLUMNS.search(statement)
        if columns is not None and places:
            names = columns[1].split(",")
            if len(places) % len(names) == 0:
                return [self.is_secret(names[at % len(names)]) for at in range(len(places))]
        found = (_COMPARED.search(statement[max(0, place - 200) : place]) for place in places)
        secret = [unknown if each is None else self.is_secret(each[1]) for each in found]
        return secret or [unknown]

    # Values

    def _any(
        self, value: t.Any, path: Path, left: list[int], decided: Callable[[Path, t.Any], t.Any]
    ) -> t.Any:
        left[0] -= _ITEM_BYTES
        kind = type(value)
        if issubclass(kind, str):
            shown = self._shown(str.__getitem__(value, slice(None)))
            left[0] -= len(shown) if shown.isascii() else len(shown.encode())
            return decided(path, shown)
        if issubclass(kind, dict) and len(path) < _DEPTH:
            return self._mapping(value, path, left, decided)
        if issubclass(kind, _SEQUENCES) and len(path) < _DEPTH:
            return self._items(value, path, left, decided)
        return decided(path, _scalar(value))

    def _mapping(
        self, value: t.Any, path: Path, left: list[int], decided: Callable[[Path, t.Any], t.Any]
    ) -> dict[str, t.Any]:
        result: dict[str, t.Any] = {}
        count = dict.__len__(value)
        pairs = _first(dict.items, value)
        # {"name": "password", "value": …}, as forms and HAR write it.
        labels = [each for key, each in pairs if type(key) is str and key in ("name", "key")]
        labelled = any(type(each) is str and self.is_secret(each) for each in labels)
        for key, each in pairs:
            if left[0] <= 0:
                break
            name = _key(key)
            shown = _unique(self._shown(name), result)
            left[0] -= len(shown)
            hidden = self.is_secret(name) or (labelled and name == "value")
            result[shown] = MASK if hidden else self._any(each, (*path, shown), left, decided)
        if len(result) < count:
            result[_unique(_CUT, result)] = f"{count - len(result)} more"
        return result

    def _items(
        self, value: t.Any, path: Path, left: list[int], decided: Callable[[Path, t.Any], t.Any]
    ) -> list[t.Any]:
        base: t.Any = next(each for each in _SEQUENCES if issubclass(type(value), each))
        count = base.__len__(value)
        items = _first(base.__iter__, value)
        # A pair, as in lists of headers.
        if len(items) == 2 and type(items[0]) is str and self.is_secret(items[0]) and path:
            return [self._shown(items[0]), MASK]
        result: list[t.Any] = []
        for number, each in enumerate(items):
            if left[0] <= 0:
                break
            result.append(self._any(each, (*path, number), left, decided))
        if len(result) < count:
            result.append(f"{_CUT} {count - len(result)} more")
        return result


def _room(memo: M) -> M:
    """Return a memo that has room for one more."""
    if len(memo) >= _CACHED:
        memo.clear()
    return memo


def weight(shown: t.Any) -> int:
    """Estimate the bytes that a value of JSON's types takes."""
    if isinstance(shown, str):
        return 50 + len(shown)
    if isinstance(shown, dict):
        return 60 + sum(50 + len(name) + weight(each) for name, each in shown.items())
    if isinstance(shown, list):
        return 60 + sum(map(weight, shown))
    return 30


def type_name(kind: type) -> str:
    """Return a class's module and name, also where its metaclass would say something else."""
    module = _class_module(kind)
    return f"{module if type(module) is str else '?'}.{_class_name(kind)}"


def _undecided(_path: Path, shown: t.Any) -> t.Any:
    return shown


def cookie_names(header: str) -> list[str]:
    """List the names of the cookies in a header."""
    return [each.partition("=")[0].strip()[:_TEXT] for each in header.split(";") if "=" in each]


def _scalar(value: t.Any) -> t.Any:
    kind = type(value)
    if value is None or kind is bool:
        return value
    if issubclass(kind, int):
        number = int.__int__(value)
        if abs(number) < _SAFE:
            return number
        return str(number) if number.bit_length() < 1024 else f"<int of {number.bit_length()} bits>"
    if issubclass(kind, float):
        real = float.__float__(value)
        return real if math.isfinite(real) else float.__repr__(real)
    for each in _BYTES:
        if issubclass(kind, each):
            return f"<{each.__len__(value)} bytes>"
    if kind in _WRITTEN or (kind in _TIMES and type(value.tzinfo) in _ZONES):
        return str(value)
    if kind is decimal.Decimal and value.__sizeof__() < 256:
        return str(value)
    return f"<{type_name(kind)}>"


def _key(key: t.Any) -> str:
    kind = type(key)
    if issubclass(kind, str):
        return str.__getitem__(key, slice(None))
    if issubclass(kind, bytes):
        return bytes.__getitem__(key, slice(_TEXT)).decode("latin-1")
    return str(_scalar(key))


def _unique(name: str, taken: dict[str, t.Any]) -> str:
    found, number = name, 2
    while found in taken:
        found = f"{name} ({number})"
        number += 1
    return found


def _first(items: Callable[[t.Any], Iterable[t.Any]], value: t.Any) -> list[t.Any]:
    for _ in range(3):
        try:
            return list(islice(items(value), _ITEMS))
        except RuntimeError:  # another thread changes it
            continue
    return []


def _folded(name: str) -> str:
    return name.casefold().translate(_SEPARATORS)


def _cut(text: str, cap: int, length: int) -> str:
    tail = f"{_CUT} ({length} characters)"
    if cap < 4 * len(tail):
        tail = _CUT
    return text[: cap - len(tail)].rstrip(MASK[0]) + tail


def _without_looks(text: str) -> str:
    if "://" in text and "@" in text:
        text = _USERINFO.sub(MASK, text)
    folded = text.lower()
    for hint, pattern in _LOOKS:
        if hint in folded:
            text = pattern.sub(MASK, text)
    return text


def _value_end(text: str, begin: int, name: str) -> int:
    """Find where the value ends that begins here."""
    if text.startswith(MASK, begin):
        return begin
    found = _ESCAPED.match(text, begin) or _QUOTED.match(text, begin)
    if found is None and _HEADERS.search(name):
        found = _LINE.match(text, begin)
    if found is None and text.startswith(("{", "[", "("), begin):
        return _bracket_end(text, begin)
    found = found or _BARE.match(text, begin)
    if found is None:
        return begin
    # What a cut or a list leaves behind the value is none of it.
    return begin + len(text[begin : found.end()].rstrip(",;"))


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


def _decoded(text: str) -> str:
    for _ in range(_ROUNDS):
        plain = unquote_plus(text)
        if plain == text:
            break
        text = plain
    return text


__all__ = ["MASK", "Decide", "Path", "Redactor", "cookie_names", "type_name", "weight"]
