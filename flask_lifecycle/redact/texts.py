"""Mask texts of one app, in all formats that a text may contain."""

from __future__ import annotations

import json
import re
import typing as t
from collections.abc import Callable
from functools import partial

from .commands import mask_commands
from .documents import mask_inputs, mask_manifests, mask_parts
from .harmless import is_harmless
from .key_values import mask_pairs
from .labels import mask_labelled
from .markup import mask_elements
from .names import IsSecret
from .patterns import MASK, mask_patterns, mask_private_keys
from .query_strings import mask_arguments
from .source_code import mask_literals
from .sql import mask_statement
from .sql_messages import mask_messages
from .url_paths import secret_paths
from .values import MARGIN, TEXT, Path, walk
from .values import Masks as MasksOfValues

_ROUNDS = 4

#: Kinds of texts.
Kind = t.Literal["text", "query", "sql"]


class Masks(MasksOfValues, t.Protocol):
    """Masks the values that a text contains."""

    def parameters(self, statement: str, values: t.Any) -> t.Any:
        """Mask the parameters of a statement."""
        ...


#: Masks a text of one kind, with what masks the values in it.
Mask = Callable[[str, Masks], str]


class Texts:
    """Masks texts by secret names, by patterns, and by the paths of the app.

    :param is_secret: returns whether a name is secret.
    :param may_name: returns False for texts that contain no secret name.
    :param shows_open: whether None, True and False count as not secret.
    """

    def __init__(
        self, is_secret: IsSecret, may_name: Callable[[str], bool], *, shows_open: bool
    ) -> None:
        self.is_secret: IsSecret = is_secret
        self.may_name: Callable[[str], bool] = may_name
        self._shows_open = shows_open
        # The prefix of a secret in a path, and the secret.
        self._paths: list[re.Pattern[str]] = []

    def learn(self, rules: t.Sequence[str]) -> None:
        """Mask the secret arguments of these URL rules in any text that contains a path."""
        self._paths = secret_paths(rules, self.is_secret)

    @property
    def knows_paths(self) -> bool:
        """Return whether a rule has a secret argument."""
        return bool(self._paths)

    def text(self, text: str, masks: Masks) -> str:
        """Mask a text of any kind."""
        # Most apps have no such paths.
        if is_harmless(text, self.may_name) and not (self._paths and self._has_path(text)):
            return text
        named = (_may_pair(text) or "," in text or "<" in text) and self.may_name(text)
        if (named or "\\" in text) and text[:1] in ("{", "["):
            text = self._json(text, masks)
        for path in self._paths:
            text = path.sub(rf"\1{MASK}", text)
        text = mask_messages(text, self.is_secret, partial(self.sql, masks=masks), masks.parameters)
        text = mask_commands(text, self.is_secret)
        if "input_value=" in text:
            text = mask_inputs(text, self.is_secret)
        if not named:
            return _settled(mask_patterns, text)
        if "<" in text:
            text = mask_elements(text, self.is_secret)
        if "ata:" in text or 'ata"' in text:
            text = mask_manifests(text)
        if "name=" in text and "\n" in text and "form-data;" in text.lower():
            text = mask_parts(text, self.is_secret)
        return _settled(self._pairs_and_patterns, text)

    def _has_path(self, text: str) -> bool:
        return any(path.search(text) for path in self._paths)

    def _pairs_and_patterns(self, text: str) -> str:
        if "," in text and ('"' in text or "'" in text):
            text = mask_labelled(text, self.is_secret)
        if _may_pair(text):
            text = mask_pairs(text, self.is_secret, shows_open=self._shows_open)
        return mask_patterns(text)

    def _json(self, text: str, masks: Masks) -> str:
        try:
            parsed = json.loads(text)
        except (ValueError, RecursionError):
            return text
        masked = walk(masks, parsed, (), [2 * (TEXT + MARGIN)], _undecided)
        written = json.dumps(masked, ensure_ascii=False)
        return written if MASK in written else text

    def query(self, text: str, masks: Masks) -> str:
        """Mask a query string, or a form."""
        if "=" not in text:
            return self.text(text, masks)
        is_plain = "%" not in text and "+" not in text and is_harmless(text, self.may_name)
        if is_plain and not self._has_path(text):
            return text
        return _settled(partial(self._query_once, masks), text)

    def _query_once(self, masks: Masks, text: str) -> str:
        if " " in text or "\n" in text:
            # No query, or a body that is not encoded: its values may contain a query's separators.
            text = self.text(text, masks)
            query = self._arguments(text, masks)
            return text if query == text else self.text(query, masks)
        return self.text(self._arguments(text, masks), masks)

    def _arguments(self, query: str, masks: Masks) -> str:
        if "%" in query or "+" in query or self.may_name(query):
            return mask_arguments(query, self.is_secret, partial(self.text, masks=masks))
        return query

    def sql(self, text: str, masks: Masks) -> str:
        """Mask a statement."""
        return mask_statement(text, self.is_secret, self.may_name, partial(self.text, masks=masks))

    def code(self, code: str) -> str:
        """Mask lines of code; their number stays."""
        masked = mask_private_keys(code)
        if self.may_name(masked):
            masked = mask_labelled(mask_literals(masked, self.is_secret), self.is_secret)
        return mask_patterns(masked)


def _may_pair(text: str) -> bool:
    # Separators may be encoded, as in a part of a URL.
    return ":" in text or "=" in text or "%" in text or "\uff1a" in text or "\uff1d" in text


def _settled(mask: t.Callable[[str], str], text: str) -> str:
    """Mask a text until nothing changes: a mask may expose another secret."""
    for _ in range(_ROUNDS):
        before = text
        text = mask(before)
        if text == before:
            break
    return text


def _undecided(_path: Path, shown: t.Any) -> t.Any:
    return shown


__all__ = ["Kind", "Mask", "Texts"]
