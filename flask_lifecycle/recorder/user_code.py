"""Whose code a frame runs: the user's, a library's or this package's, told by its file."""

from __future__ import annotations

import os
import sys
import sysconfig
import typing as t
import weakref
from pathlib import Path
from sys import _getframe
from types import CodeType, FrameType

from .._compat import TEMPLATE

#: Begins the name of code that this package compiles.
COMPILED = "<flask_lifecycle"

_OURS = (str(Path(__file__).parent.parent) + os.sep, COMPILED)
_LIBRARIES = tuple(
    {
        *(
            sysconfig.get_path(name) + os.sep
            for name in ("stdlib", "platstdlib", "purelib", "platlib")
        ),
        *_OURS,
        # Not read from a file, but generated.
        "<",
    }
)
_INSTALLED = ("site-packages", "dist-packages")
_OWN_TEMPLATE = "<template>"  # as Jinja names one that was a string
_CACHED = 4096


class _Files(dict[str, bool]):
    """Remembers the answer to a question about each file."""

    def __init__(self, ask: t.Callable[[str], bool]) -> None:
        super().__init__()
        self._ask = ask

    def __missing__(self, file: str) -> bool:
        if len(self) >= _CACHED:
            self.clear()
        answer = self[file] = self._ask(file)
        return answer


def _ask_library(file: str) -> bool:
    return file != _OWN_TEMPLATE and (
        file.startswith(_LIBRARIES) or any(name in file for name in _INSTALLED)
    )


def _ask_ours(file: str) -> bool:
    return file.startswith(_OURS)


_libraries = _Files(_ask_library)
_ours = _Files(_ask_ours)
# By the id of some code, and an instruction in it. The code is not kept: a template's that was a
# string has that string in it.
_locations: dict[tuple[int, int], tuple[weakref.ref[CodeType], tuple[str, int]]] = {}


def is_library(file: str) -> bool:
    """Return whether a file is the standard library's, an installed package's or one of ours."""
    return _libraries[file]


def is_ours(file: str) -> bool:
    """Return whether a file, or code that was compiled from none, is this package's."""
    return _ours[file]


def caller() -> FrameType | None:
    """Return the innermost frame that is not this package's: whoever called it."""
    ours = _ours
    frame: FrameType | None = _getframe(1)
    while frame is not None and ours[frame.f_code.co_filename]:
        frame = frame.f_back
    return frame


def user_location() -> tuple[str, int] | None:
    """Return the file and line of the user's code that led here; a template has its own."""
    return user_location_of(_getframe(1))


def user_location_of(frame: FrameType | None) -> tuple[str, int] | None:
    """Return the file and line of the user's code that led to a frame."""
    libraries = _libraries
    while frame is not None:
        code = frame.f_code
        if not libraries[code.co_filename]:
            known = _locations.get((id(code), frame.f_lasti))
            if known is not None and known[0]() is code:
                return known[1]
            return _location(frame)
        frame = frame.f_back
    return _outside_greenlet() if "greenlet" in sys.modules else None


def _location(frame: FrameType) -> tuple[str, int]:
    code = frame.f_code
    location = code.co_filename, line_of(frame, frame.f_lineno)
    # A template that was a string is compiled each time.
    if code.co_filename != _OWN_TEMPLATE:
        if len(_locations) >= _CACHED:
            _locations.clear()
        _locations[id(code), frame.f_lasti] = weakref.ref(code), location
    return location


def line_of(frame: FrameType, number: int) -> int:
    """Return the line of the file that was written, where a template was made into code."""
    template = frame.f_globals.get(TEMPLATE)
    if template is None:
        return number
    line: int = template.get_corresponding_lineno(number)
    return line


def _outside_greenlet() -> tuple[str, int] | None:
    """Go on in the greenlet that waits for this one, as where SQLAlchemy awaits a driver."""
    greenlet: t.Any = sys.modules["greenlet"]
    outer = greenlet.getcurrent().parent
    while outer is not None:
        frame = outer.gr_frame
        while frame is not None:
            if not is_library(frame.f_code.co_filename):
                return _location(frame)
            frame = frame.f_back
        outer = outer.parent
    return None


__all__ = [
    "COMPILED",
    "caller",
    "is_library",
    "is_ours",
    "line_of",
    "user_location",
    "user_location_of",
]
