"""The redactor of one app: masks by the app's secret names, and caches its results."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterable

from ..core import shortcut
from .caches import CACHED, KnownNames, bounded
from .names import IsSecret, secret_texts
from .patterns import MASK, SHORTEST_KEY
from .sql import Placeholders, secret_placeholders
from .texts import Kind, Mask, Texts
from .values import MARGIN, OPEN, SMALL, TEXT, Decide, Path, escaped, fitted, scalar, walk

# The maximum length of a cached text, and the number of cached sets of texts.
_KNOWN_HEADER = 512
_KNOWN_TOGETHER = 4096
_TOGETHER = 256
_SHORT = 11
_WHOLE = frozenset((int, bool))
_GROUPS = (tuple, list, dict)
# A query whose pairs are shorter than any key: only its names say what is secret.
_PAIR = rf"(?=[^&]{{2,{SHORTEST_KEY - 1}}}(?:&|\Z))[a-zA-Z_]\w*=\w*"
_is_simple = re.compile(rf"{_PAIR}(?:&{_PAIR}){{0,20}}", re.ASCII).fullmatch
_names_in = re.compile(r"(\w+)=", re.ASCII).findall
# A path without what separates a name from a value, and the numbers in it: shorter than those that
# are masked, and between slashes, where no key has digits.
_is_plain_path = re.compile(r"/[\w/.-]*", re.ASCII).fullmatch
_NUMBER = re.compile(r"(?<=/)[0-9]{1,9}(?![^/])")


class Redactor:
    """Mask by name and by pattern, and truncate.

    :param names: names to mask in addition to the built-in ones; compared as substrings, ignoring
        case, hyphens, underscores, dots and spaces.
    :param max_bytes: the size limit of one captured value.
    :param decide: takes each value that is not masked, with its path, and returns its displayed
        form: it can mask more, never less. If it fails, the value is masked.
    """

    def __init__(
        self, names: Iterable[str] = (), max_bytes: int = 65536, decide: Decide | None = None
    ) -> None:
        names = tuple(names)
        #: Returns whether values under a name are masked.
        self.is_secret: IsSecret = KnownNames(names).is_secret
        #: The types of values that are shown under any name, if the app adds none.
        self.open: frozenset[type] = frozenset() if names else OPEN
        self._texts = Texts(self.is_secret, secret_texts(names), shows_open=not names)
        self._masks: dict[Kind, Mask] = {
            "text": self._texts.text,
            "query": self._texts.query,
            "sql": self._texts.sql,
        }
        self.max_bytes = max_bytes
        self._cap = min(TEXT, max_bytes)
        # Together, this many texts never exceed the limit.
        self._few = max_bytes // max(1, self._cap)
        self._decide = decide
        # Earlier results, by hashes.
        self._placeholders: dict[int, Placeholders] = {}
        #: Headers in their displayed form.
        self._headers: dict[int, tuple[str, str]] = {}
        #: Texts that were masked together, in their displayed form.
        self._together: dict[int, tuple[str, ...]] = {}
        self._statements: dict[int, bool] = {}
        #: For each kind of masking, the texts that it leaves unchanged.
        self._plain: dict[Kind, set[int]] = {"text": set(), "query": set(), "sql": set()}
        self._plain_texts = self._plain["text"]
        #: The names of queries, all of which are not secret.
        self._open_queries: set[int] = set()
        #: Names that are shown unchanged, and under which values are not masked.
        self._usual: set[int] = set()

        #: What the compiled core knows of texts that are shown unchanged: the hashes of usual
        #: names, of texts, and the length of the longest; and the mask. None if the app decides of
        #: each.
        self.plain: tuple[set[int], set[int], int, str] | None = (
            (self._usual, self._plain_texts, self._cap, MASK) if decide is None else None
        )

    def learn(self, rules: t.Sequence[str]) -> None:
        """Mask the secret arguments of these URL rules in any text that contains a path.

        :param rules: all of the app's, such as ``"/reset/<token>"``. A rule without a word before
            such an argument, as ``"/<token>"``, only applies if a text as a whole is a path or URL.
        """
        self._texts.learn(rules)
        self._headers.clear()
        self._together.clear()
        self._statements.clear()
        self._usual.clear()
        for texts in self._plain.values():
            texts.clear()

    @shortcut("text", None)
    def text(self, value: str, path: Path = ()) -> str:
        """Mask strings that look like secrets, escape what JSON cannot represent, and truncate.

        ``name=value`` and ``name: value`` are masked by the name, JSON by its keys.
        """
        # Hashing a long one would take longer than masking the displayed part.
        if len(value) <= self._cap and hash(value) in self._plain_texts:
            return value
        shown = self.shown(value)
        return shown if self._decide is None else self._decided_text(path, shown)

    @shortcut("query", SHORTEST_KEY)
    def query(self, value: str, path: Path = ()) -> str:
        """Mask the values of a query string by their names."""
        if self._decide is None and _is_simple(value):
            names = _names_in(value)
            key = hash(tuple(names))
            if key in self._open_queries:
                return value
            if True not in map(self.is_secret, names):
                bounded(self._open_queries).add(key)
                return value
        shown = self.shown(value, "query")
        return shown if self._decide is None else self._decided_text(path, shown)

    def shape(self, path: str) -> str | None:
        """Return a path with zeros for its numbers: it is shown unchanged if that is.

        None where more decides: the app, or a rule with a secret argument.
        """
        if self._decide is not None or self._texts.knows_paths or not _is_plain_path(path):
            return None
        return _NUMBER.sub(lambda number: "0" * len(number[0]), path)

    def sql(self, value: str, path: Path = ()) -> str:
        """Mask the literals of a statement that names a secret, and what looks like a secret."""
        return self._decided_text(path, self.shown(value, "sql"))

    def code(self, line: str) -> str:
        """Mask the literals that code assigns to secret names, and whatever looks like a secret."""
        masked = self._texts.code(line[: self._cap + MARGIN])
        return self._decided_text((), fitted(masked, self._cap, len(line)))

    def lines(self, code: str) -> str:
        """Mask several lines as `code` does; literals may span lines.

        :param code: only the lines to display; the same number of lines is returned.
        """
        masked = self._texts.code(code)
        if self._decide is not None:
            masked = "\n".join(self._decided_text((), each) for each in masked.split("\n"))
        return fitted(masked, len(masked), len(masked))

    def parameters(self, statement: str, values: t.Any, path: Path = ()) -> t.Any:
        """Convert the parameters of one execution to JSON types, masked by their columns.

        :param values: a dict, or a list or tuple in the order of the placeholders. If the
            meaning of a placeholder is unknown and the statement names a secret, its value is
            masked.
        """
        kind = type(values)
        if kind is dict:
            placeholders = self.placeholders(statement)
            labelled = placeholders.labelled and any(map(self._names_secret, values.values()))
            secret = {
                name: MASK
                for name, each in values.items()
                if (placeholders.named.get(name) and self._hides(each))
                or (labelled and type(each) is str and not self.is_secret(each))
            }
            return self.value({**values, **secret}, path)
        shown = self.value(values, path)
        if kind not in (list, tuple):
            return shown
        placeholders = self.placeholders(statement)
        labelled = placeholders.labelled and any(map(self._names_secret, values))
        return [
            MASK
            if (placeholders.is_secret(index) and self._hides(each))
            or (labelled and type(each) is str and not self.is_secret(each))
            else masked
            for index, (each, masked) in enumerate(zip(values, shown, strict=False))
        ]

    def _names_secret(self, value: t.Any) -> bool:
        return type(value) is str and " " not in value[:TEXT] and self.is_secret(value)

    def _hides(self, value: t.Any) -> bool:
        return value is not None

    def placeholders(self, statement: str) -> Placeholders:
        """Return, for each placeholder of a statement, whether its value is masked."""
        key = hash(statement)
        known = self._placeholders.get(key)
        if known is None:
            known = bounded(self._placeholders)[key] = secret_placeholders(
                statement[: TEXT + MARGIN], self.is_secret, self._texts.may_name
            )
        return known

    @shortcut("is_plain", None)
    def is_plain(self, statement: str, values: t.Any) -> bool:
        """Return whether a statement and its parameters can be shown unchanged, by a fast test.

        False if a full parse is needed: most statements only have a few integers.
        """
        key = hash(statement)
        plain = self._statements.get(key)
        if plain is None:
            plain = bounded(self._statements)[key] = (
                self._decide is None
                and self.sql(statement) == statement
                and self.placeholders(statement).plain
            )
        # Whatever is of another type may have methods of the app.
        return plain and (
            values is None
            or (type(values) in _GROUPS and not values)
            or (
                type(values) is tuple
                and len(values) <= self._few
                and _WHOLE.issuperset(map(type, values))
                and sum(map(abs, values)) < SMALL
            )
        )

    def header(self, name: str, value: str, path: Path = ()) -> str:
        """Mask a header's value; the name and attributes of a cookie stay."""
        folded = name.lower()
        if folded == "cookie":
            return escaped("; ".join(f"{cookie}={MASK}" for cookie in cookie_names(value)))
        if folded == "set-cookie":
            cookie, semicolon, attributes = value.partition(";")
            name = escaped(cookie.partition("=")[0])
            return f"{name}={MASK}{semicolon}{self.text(attributes, path)}"
        return MASK if self.is_secret(name) else self.query(value, path)

    @shortcut("headers", None)
    def headers(self, pairs: t.Sequence[t.Any], path: Path) -> tuple[tuple[str, str], ...]:
        """Mask a list of headers; leave out invalid items."""
        known = self._headers.get
        valid = filter(_is_header, pairs)
        return tuple([known(hash(each)) or self._pair(each, path) for each in valid])

    def _pair(self, pair: tuple[str, str], path: Path) -> tuple[str, str]:
        name, value = pair
        shown = self.text(name), self.header(name, value, (*path, name))
        if self._decide is None and len(name) + len(value) < _KNOWN_HEADER:
            bounded(self._headers)[hash(pair)] = shown
        return shown

    def queries(self, values: tuple[t.Any, ...], paths: t.Sequence[Path | None]) -> tuple[str, ...]:
        """Mask several texts as `query` does; usually the same ones have been masked before.

        :param paths: the path of each; None for texts that are masked already.
        """
        key = hash(values)
        known = self._together.get(key)
        if known is not None:
            return known
        shown = tuple(
            [
                ""
                if type(value) is not str
                else escaped(value)
                if path is None
                else self.query(value, path)
                for value, path in zip(values, paths, strict=True)
            ]
        )
        if self._decide is None and sum(map(len, shown)) < _KNOWN_TOGETHER:
            if len(self._together) >= _TOGETHER:
                self._together.clear()
            self._together[key] = shown
        return shown

    def value(self, value: t.Any, path: Path = ()) -> t.Any:
        """Convert any value to JSON types. Only built-in types are traversed."""
        kind = type(value)
        if kind is str:
            if len(value) <= self._cap and hash(value) in self._plain_texts:
                return value
            shown = self.shown(value)
            return shown if self._decide is None else self._decided(path, shown)
        if kind is int and -SMALL < value < SMALL and self._decide is None:
            return value
        return walk(self, value, path, [self.max_bytes], self._decided)

    def named(self, name: str, value: t.Any, path: Path = ()) -> t.Any:
        """Convert a value under a name to JSON types; masked if the name is secret.

        :param path: the path of the name.
        """
        hidden = type(value) not in self.open and self.is_secret(name)
        return MASK if hidden else self.value(value, (*path, name))

    def pair(self, name: str, value: t.Any, path: Path = ()) -> tuple[str, t.Any]:
        """Convert a name and the value under it; as `text` and `named` do.

        :param path: the path of the name.
        """
        if self._decide is None and hash(name) in self._usual:
            kind = type(value)
            if kind is int and -SMALL < value < SMALL:
                return name, value
            if kind is str and len(value) <= self._cap and hash(value) in self._plain_texts:
                return name, value
            return name, self.value(value, (*path, name))
        shown = self.text(name)
        if shown == name and len(name) < _KNOWN_HEADER and not self.is_secret(name):
            if len(self._usual) >= CACHED:
                self._usual.clear()
            self._usual.add(hash(name))
        return shown, self.named(name, value, path)

    def _decided(self, path: Path, shown: t.Any) -> t.Any:
        if self._decide is None or shown == MASK:
            return shown
        try:
            decided = self._decide(path, shown)
        except Exception:
            return MASK
        if type(decided) is str:
            return fitted(decided, self._cap, len(decided))
        known = decided is None or type(decided) in (bool, int, float)
        return scalar(decided) if known else MASK

    def _decided_text(self, path: Path, shown: str) -> str:
        return shown if self._decide is None else str(self._decided(path, shown))

    def shown(self, value: str, kind: Kind = "text") -> str:
        """Mask a text with one kind of masking, and truncate it, without calling ``decide``."""
        cap = self._cap
        length = len(value)
        if length > cap:
            return fitted(self._masks[kind](value[: cap + MARGIN], self), cap, length)
        plain = self._plain[kind]
        key = hash(value)
        if key in plain:
            return value
        if length < _SHORT and value.isalnum() and value.isascii():
            # One short word: neither a pair nor in any secret format.
            shown = value
        else:
            shown = self._masks[kind](value, self)
            if shown is not value or not value.isascii():
                shown = fitted(shown, cap, length)
        if shown == value and self._decide is None:
            if len(plain) >= CACHED:
                plain.clear()
            plain.add(key)
        return shown


def _is_header(pair: t.Any) -> bool:
    """Return whether a header is a pair of Python's own texts, whose methods are not the app's."""
    return type(pair) is tuple and len(pair) == 2 and type(pair[0]) is type(pair[1]) is str


def cookie_names(header: str) -> list[str]:
    """Return the names of the cookies in a header."""
    return [each.partition("=")[0].strip()[:TEXT] for each in header.split(";") if "=" in each]


__all__ = ["Redactor", "cookie_names"]
