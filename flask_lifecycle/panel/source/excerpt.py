"""The source of a recorded step's function, coloured: pairs of a class and a text, by line."""

from __future__ import annotations

import inspect
import linecache
from collections.abc import Callable
from pathlib import Path

from pygments.lexers import get_lexer_for_filename
from pygments.token import STANDARD_TYPES
from pygments.util import ClassNotFound

from ...trace.model import JsonObject, Source
from ...trace.process import STARTED

_LINES = 120
_LONGEST = 400
# What a step can be written in: code and templates. Nothing else is read, whatever a record says.
_SUFFIXES = frozenset((".py", ".html", ".htm", ".jinja", ".jinja2", ".j2", ".txt", ".xml"))


def excerpt(
    source: Source, asked_at: float, masked: Callable[[str], str] = str
) -> JsonObject | None:
    """Return the lines of a function or template, or None where they cannot be had.

    :param asked_at: when the request began, Unix time: templates are read again by then.
    :param masked: masks what is secret in lines of code; without it, the code is Flask's own.
    :returns: ``{"file", "line", "lines", "changed"}``: ``line`` is the number of the first; a
        line is a list of ``[class, text]`` pairs, with the short classes of Pygments; ``changed``
        says that the file was written after it had been read.
    """
    if source.line < 1 or not _is_code(source.file):
        return None
    linecache.checkcache(source.file)
    lines = linecache.getlines(source.file)[source.line - 1 :]
    if not "".join(lines[:_LINES]).strip():
        return None
    is_code = source.file.endswith(".py")
    if is_code:
        lines = inspect.getblock(lines)
    text = masked("".join(line[:_LONGEST] for line in lines[:_LINES]))
    return {
        "file": source.file,
        "line": source.line,
        "lines": coloured(source.file, text),
        "changed": _written(source.file) > (STARTED if is_code else asked_at),
    }


def _is_code(file: str) -> bool:
    """Return whether a file, and what it leads to if it is a link, is code or a template."""
    try:
        return {Path(file).suffix, Path(file).resolve().suffix} <= _SUFFIXES
    except (OSError, RuntimeError, ValueError):  # a circle of links, a NUL
        return False


def _written(file: str) -> float:
    try:
        return Path(file).stat().st_mtime
    except OSError:
        return 0.0


def coloured(file: str, text: str) -> list[list[list[str]]]:
    try:
        lexer = get_lexer_for_filename(file, stripnl=False)
    except ClassNotFound:
        return [[["", line]] for line in text.splitlines()]
    lines: list[list[list[str]]] = [[]]
    for kind, part in lexer.get_tokens(text):
        name = STANDARD_TYPES.get(kind, "")
        for number, piece in enumerate(part.split("\n")):
            if number:
                lines.append([])
            if piece:
                lines[-1].append([name, piece])
    while lines and not lines[-1]:
        lines.pop()
    return lines


__all__ = ["coloured", "excerpt"]
