"""Whose code a frame runs: the user's, a library's or this package's, decided by its file."""

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
from ..core import shortcut

#: The name prefix of code that this package compiles.
COMPILED = "<flask_lifecycle"

# Where calls of an app come in.
_CALLS = f"{__package__.partition('.')[0]}.instrumentation.wsgi"
_OURS = (str(Path(__file__).parent.parent) + os.sep, COMPILED)
_LIBRARIES = tuple(
    {
        *(
            sysconfig.get_path(name) + os.sep
            for name in ("stdlib", "platstdlib", "purelib", "platlib")
        ),
        *_OURS,
        # Generated, not read from a file.
        "<",
    }
)
_INSTALLED = ("site-packages", "dist-packages")
_OWN_TEMPLATE = "<template>"  # Jinja's name for a template from a string
_CACHED = 4096


class _Files(dict[str, bool]):
    """A cache of a predicate's result for each file."""

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
# By the id of a code object, and an instruction in it. The code is not kept alive: that of a
# template from a string contains the string.
_locations: dict[tuple[int, int], tuple[weakref.ref[CodeType], tuple[str, int]]] = {}


def is_library(file: str) -> bool:
    """Return whether a file belongs to the standard library, an installed package or this one."""
    return _libraries[file]


def is_ours(file: str) -> bool:
    """Return whether a file, or code compiled without a file, belongs to this package."""
    return _ours[file]


def is_entry(frame: FrameType) -> bool:
    """Return whether a frame is the one in which a server, or other code, calls a recorded app."""
    if frame.f_globals.get("__name__") != _CALLS:
        return False
    name = frame.f_code.co_name
    # Middleware lies between the two, if there is any.
    return name == "__call__" or (name == "wsgi_app" and frame.f_locals.get("is_inside") is False)


def caller() -> FrameType | None:
    """Return the innermost frame outside of this package: its caller."""
    ours = _ours
    frame: FrameType | None = _getframe(1)
    while frame is not None and ours[frame.f_code.co_filename]:
        frame = frame.f_back
    return frame


@shortcut("user_location", (_libraries, _locations))
def user_location() -> tuple[str, int] | None:
    """Return the file and line of the user's code that led here; for templates, their own."""
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
    # A template from a string is compiled each time.
    if code.co_filename != _OWN_TEMPLATE:
        if len(_locations) >= _CACHED:
            _locations.clear()
        _locations[id(code), frame.f_lasti] = weakref.ref(code), location
    return location


def line_of(frame: FrameType, number: int) -> int:
    """Return the line in the source file; compiled templates have other line numbers."""
    template = frame.f_globals.get(TEMPLATE)
    if template is None:
        return number
    line: int = template.get_corresponding_lineno(number)
    return line


def _outside_greenlet() -> tuple[str, int] | None:
    """Continue in the greenlet that waits for this one, as when SQLAlchemy awaits a driver."""
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
    "is_entry",
    "is_library",
    "is_ours",
    "line_of",
    "user_location",
    "user_location_of",
]
