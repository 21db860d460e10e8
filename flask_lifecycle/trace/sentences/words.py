"""Names, numbers and values as a sentence has them: on one line, and cut where they are long."""

from __future__ import annotations

import re
import typing as t

# Texts come from clients and files, and are printed to terminals: no escape sequences, no changed
# direction of writing, no halves of surrogate pairs.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_NAME = 60
_TEXT = 100
_NAMES_SHOWN = 2


def readable_time(ns: int) -> str:
    """Write a time to three figures."""
    if ns == 0:
        return "0 µs"
    us = ns / 1e3
    if us < 999.5:
        return f"{us:.1f} µs" if us < 10 else f"{us:.0f} µs"
    ms = us / 1e3
    if ms < 999.95:
        return f"{ms:.2f} ms" if ms < 10 else f"{ms:.1f} ms"
    s = ms / 1e3
    return f"{s:.2f} s" if s < 100 else f"{s:,.0f} s"


def readable_size(size: int) -> str:
    """Write a number of bytes."""
    return f"{size / 1e6:,.1f} MB" if size >= 1e6 else f"{size / 1e3:,.0f} kB"


def cut(text: t.Any, most: int = _TEXT) -> str:
    """Return the beginning of a text, on one line."""
    text = _on_one_line(str(text)[: 4 * most])
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def short(name: t.Any) -> str:
    """Return a name; of a long one, its beginning and its end."""
    name = _on_one_line(str(name))
    half = _NAME // 2
    return name if len(name) <= _NAME else f"{name[: half - 1]}…{name[-half:]}"


def _on_one_line(text: str) -> str:
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", " ".join(text.split()))


def listed(parts: list[str]) -> str:
    """Join the parts of an enumeration."""
    *most, last = parts
    return f"{', '.join(most)} and {last}" if most else last


def some(names: t.Iterable[t.Any]) -> str:
    """Name the first few, and count the others."""
    names = [*names]
    shown = [short(each) for each in names[:_NAMES_SHOWN]]
    left = len(names) - len(shown)
    return listed([*shown, f"{left:,} more"] if left else shown)


def count(number: int, word: str) -> str:
    """Write a number of things."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def article(word: str) -> str:
    """Put the indefinite article before a word."""
    return f"{'an' if word[:1] in 'AEIOaeiou' else 'a'} {word}"


def value(returned: str) -> str:
    """Write what was returned, of which the type and the status are recorded."""
    kind, _, status = returned.partition(" ")
    if returned.startswith("(") or returned == "None":
        return short(returned)
    return f"{article(short(kind))}{f' with status {status}' if status else ''}"


__all__ = [
    "article",
    "count",
    "cut",
    "listed",
    "readable_size",
    "readable_time",
    "short",
    "some",
    "value",
]
