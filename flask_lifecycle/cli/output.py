"""Write to the terminal, a pipe or a file: styled text, Markdown or JSON.

Texts of a trace come from clients and databases. Whatever they are, no control character of theirs
reaches a terminal.
"""

from __future__ import annotations

import os
import re
import sys
import typing as t
from collections.abc import Iterable

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text
from rich.theme import Theme

from ..recording.json_text import write_json

# Escape sequences, changes of the direction of writing, halves of surrogate pairs.
_CONTROLS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
# The space between a number and its unit, at which no line is broken; rich breaks at all spaces.
_QUANTITY = re.compile(r"(?<=\d)[ \xa0](?=(?:µs|ms|s|min|h|d|kB|MB)\b)")
_JOINER = "\ue000"
# One character for one, so that columns stay.
_ASCII = str.maketrans("µ−×✕…→←↩↳·•≈±│├└─━╸╺–“”‘’\xa0", "u-xx~><<>-*~+||`-=---\"\"'' ")
_THEME = {
    "quiet": "dim",
    "name": "bold",
    "request": "blue",
    "response": "cyan",
    "view": "bold",
    "sql": "dark_orange",
    "template": "magenta",
    "inner": "dim",
    "change": "green",
    "count": "bold",
    "running": "bold",
    "error": "bold red",
    "short": "bold yellow",
    "skipped": "dim italic",
    "guide": "dim",
    "ink": "bold",
    "success": "green",
    "redirect": "dim",
    "added": "green",
    "gone": "red",
    "slower": "red",
    "faster": "green",
}
#: The narrowest output that is laid out; narrower terminals wrap it.
NARROWEST = 32


class _Encodable:
    """A text stream that replaces what its encoding does not have."""

    def __init__(self, stream: t.TextIO) -> None:
        self._stream = stream
        self.encoding: str = stream.encoding or "ascii"

    def write(self, text: str) -> int:
        try:
            text.encode(self.encoding)
        except UnicodeEncodeError:
            text = text.translate(_ASCII).encode(self.encoding, "replace").decode(self.encoding)
        return self._stream.write(text)

    def __getattr__(self, name: str) -> t.Any:
        return getattr(self._stream, name)


class Output:
    """Where a command writes."""

    def __init__(self, stream: t.TextIO | None = None) -> None:
        stream = sys.stdout if stream is None else stream
        colour: dict[str, t.Any] = {}
        if os.environ.get("NO_COLOR"):
            # Not bold either: who sets it wants no escape sequences.
            colour = {"color_system": None}
        elif os.environ.get("FORCE_COLOR") == "0":
            colour = {"force_terminal": False}
        self._console = Console(
            file=t.cast("t.TextIO", _Encodable(stream)),
            theme=Theme(_THEME),
            highlight=False,
            markup=False,
            emoji=False,
            legacy_windows=False,
            **colour,
        )

    @property
    def width(self) -> int:
        """Return how many columns a line has."""
        return max(NARROWEST, self._console.width)

    @property
    def has_colour(self) -> bool:
        """Return whether styles are shown."""
        return self._console.color_system is not None

    def wrapped(self, text: Text, width: int) -> list[Text]:
        """Return a text in lines of a width."""
        text = text.copy()
        text.plain = _QUANTITY.sub(_JOINER, clean(text.plain))
        lines = text.wrap(self._console, width)
        for line in lines:
            line.plain = line.plain.replace(_JOINER, " ")
        return [*lines]

    def lines(self, lines: Iterable[Text | str]) -> None:
        """Write lines of text; one that is too long is wrapped by the terminal, if at all."""
        for line in lines:
            text = Text(line) if isinstance(line, str) else line
            text.plain = clean(text.plain)
            text.rstrip()
            self._console.print(text, soft_wrap=True)
        self._console.file.flush()

    def rule(self, text: str) -> None:
        """Write a line across, with a text on it."""
        line = Text(f"── {text} ", style="quiet")
        self.lines([line.append("─" * max(0, self.width - line.cell_len - 1))])

    def json(self, value: t.Any) -> None:
        """Write a value as JSON on one line."""
        self._write(write_json(value))

    def markdown(self, lines: Iterable[str]) -> None:
        """Write lines of Markdown."""
        self._write("\n".join(map(clean, lines)))

    def _write(self, text: str) -> None:
        self._console.file.write(f"{text}\n")
        self._console.file.flush()


def clean(text: str) -> str:
    """Replace what a terminal would act on."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)


def fitted(text: Text, width: int, *, right: bool = False) -> Text:
    """Return a text with exactly a number of columns: cut, or padded."""
    text = text.copy()
    text.plain = clean(text.plain)
    text.truncate(width, overflow="ellipsis")
    space = " " * (width - cell_len(text.plain))
    return Text(space).append_text(text) if right else text.append(space)


# Underscores inside of words mean nothing.
_SPECIAL = re.compile(r"([\\`*\[\]<>|]|(?<![^\W_])_|_(?![^\W_])|~(?=~)|&(?=#?\w+;))")


def escaped(text: str) -> str:
    """Escape a text for Markdown."""
    return _SPECIAL.sub(r"\\\1", text)


def code(text: str) -> str:
    """Return a name as code in Markdown."""
    return f"`{text.replace('`', '')}`" if text else ""


__all__ = ["NARROWEST", "Output", "clean", "code", "escaped", "fitted"]
