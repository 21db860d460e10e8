"""Highlighted source code of a recorded step's function: lines of (token class, text) pairs."""

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
# Only code and templates can be read, whatever path a record has.
_SUFFIXES = frozenset((".py", ".html", ".htm", ".jinja", ".jinja2", ".j2", ".txt", ".xml"))


def excerpt(
    source: Source, asked_at: float, masked: Callable[[str], str] = str
) -> JsonObject | None:
    """Return the source lines of a function or template, or None if the file cannot be read.

    :param asked_at: when the request began, Unix time: templates had been reloaded by then.
    :param masked: masks secrets in lines of code; without it, the code is Flask's own.
    :returns: ``{"file", "line", "lines", "changed"}``: ``line`` is the number of the first line;
        a line is a list of ``[class, text]`` pairs, with the short classes of Pygments; ``changed``
        means that the file was modified after it had been loaded.
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
    """Return whether a file, and the target if it is a symbolic link, is code or a template."""
    try:
        return {Path(file).suffix, Path(file).resolve().suffix} <= _SUFFIXES
    except (OSError, RuntimeError, ValueError):  # a symlink loop, a NUL
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
