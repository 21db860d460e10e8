"""Highlighted source code of a recorded step: lines of (token class, text) pairs."""

from __future__ import annotations

import ast
import inspect
import linecache
from collections.abc import Callable
from pathlib import Path

from pygments.lexers import get_lexer_for_filename
from pygments.token import STANDARD_TYPES
from pygments.util import ClassNotFound

from ..trace.model import JsonObject, Source
from ..trace.process import STARTED

_LINES = 120
_LONGEST = 400
# Only code and templates can be read, whatever path a record has.
_SUFFIXES = frozenset((".py", ".html", ".htm", ".jinja", ".jinja2", ".j2", ".txt", ".xml"))


def excerpt(
    source: Source,
    asked_at: float,
    masked: Callable[[str], str] = str,
    loaded_at: float = 0.0,
) -> JsonObject | None:
    """Return the source lines of a function or template, or None if the file cannot be read.

    :param asked_at: when the request began, Unix time: templates had been reloaded by then.
    :param masked: masks secrets in lines of code; without it, the code is Flask's own.
    :param loaded_at: when the request's process began, Unix time; 0 if that is not known.
    :returns: ``{"file", "line", "lines", "changed"}``: ``line`` is the number of the first line;
        a line is a list of ``[class, text]`` pairs, with the short classes of Pygments; ``changed``
        means that the file was modified after it had been loaded.
    """
    lines = _lines(source)[source.line - 1 :]
    if source.file.endswith(".py"):
        lines = inspect.getblock(lines) if lines else lines
    return _shown(source, lines, asked_at, masked, loaded_at)


def surroundings(
    source: Source, asked_at: float, masked: Callable[[str], str], loaded_at: float = 0.0
) -> JsonObject | None:
    """Return the function or template around a line, or None if the file cannot be read.

    :returns: the same as :func:`excerpt`, and the line as ``"at"``.
    """
    lines, at = _lines(source), source.line
    if at > len(lines):
        return None
    first, last = _block("".join(lines), at) if source.file.endswith(".py") else (1, len(lines))
    if at >= first + _LINES:
        first = at - _LINES // 2
    found = _shown(Source(source.file, first), lines[first - 1 : last], asked_at, masked, loaded_at)
    return None if found is None else {**found, "at": at}


def _block(code: str, at: int) -> tuple[int, int]:
    """Return the first and the last line of the innermost function around a line.

    Around one that is in no function, of a part of the module.
    """
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    block = max(1, at - _LINES // 8), at + _LINES // 8
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError):  # changed since, a NUL, too deep
        return block
    # Inner ones come after those around them.
    for node in ast.walk(tree):
        if isinstance(node, functions):
            first = min((each.lineno for each in node.decorator_list), default=node.lineno)
            if first <= at <= (node.end_lineno or at):
                block = first, node.end_lineno or at
    return block


def _lines(source: Source) -> list[str]:
    if source.line < 1 or not _is_code(source.file):
        return []
    linecache.checkcache(source.file)
    return linecache.getlines(source.file)


def _shown(
    source: Source,
    lines: list[str],
    asked_at: float,
    masked: Callable[[str], str],
    loaded_at: float,
) -> JsonObject | None:
    """Return lines of a file, from the one of a source location on."""
    if not "".join(lines[:_LINES]).strip():
        return None
    text = masked("".join(line[:_LONGEST] for line in lines[:_LINES]))
    started = min(loaded_at or STARTED, STARTED)
    loaded = started if source.file.endswith(".py") else asked_at
    return {
        "file": source.file,
        "line": source.line,
        "lines": coloured(source.file, text),
        "changed": _written(source.file) > loaded,
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


def highlighted_frames(exception: JsonObject) -> JsonObject:
    """Highlight the recorded lines of an exception's frames, and of those that belong to it."""
    return {
        "frames": [
            coloured(each["file"], "\n".join(each["lines"])) for each in exception["frames"]
        ],
        "others": [highlighted_frames(each) for each in exception["others"]],
    }


__all__ = ["coloured", "excerpt", "highlighted_frames", "surroundings"]
