"""Where in the user's own code something was done: the nearest frame that is no library's."""

from __future__ import annotations

import sys
import sysconfig
import typing as t
import weakref
from pathlib import Path
from types import CodeType, FrameType

from .._compat import TEMPLATE

_LIBRARIES = tuple(
    {
        *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
        str(Path(__file__).parent.parent),
        # Not read from a file, but generated.
        "<",
    }
)
_OWN_TEMPLATE = "<template>"  # as Jinja names one that was a string
_CACHED = 4096


class _Known(dict[str, bool]):
    """Tells of each file whether it is a library's."""

    def __missing__(self, file: str) -> bool:
        if len(self) >= _CACHED:
            self.clear()
        found = self[file] = file != _OWN_TEMPLATE and (
            file.startswith(_LIBRARIES) or "site-packages" in file or "dist-packages" in file
        )
        return found


_known = _Known()
# By the id of some code, and an instruction in it. The code is not kept: a template's that was a
# string has that string in it.
_places: dict[tuple[int, int], tuple[weakref.ref[CodeType], tuple[str, int]]] = {}


def is_library(file: str) -> bool:
    """Tell whether a file is the standard library's, an installed package's or one of ours."""
    return _known[file]


def users_place(frame: FrameType | None) -> tuple[str, int] | None:
    """Find the file and line of the user's code that led to a frame; a template has its own."""
    known = _known
    while frame is not None:
        code = frame.f_code
        if not known[code.co_filename]:
            found = _places.get((id(code), frame.f_lasti))
            return found[1] if found is not None and found[0]() is code else _place_of(frame)
        frame = frame.f_back
    return _outside_greenlet() if "greenlet" in sys.modules else None


def _place_of(frame: FrameType) -> tuple[str, int]:
    code = frame.f_code
    place = code.co_filename, line_of(frame, frame.f_lineno)
    # A template that was a string is compiled anew each time.
    if code.co_filename != _OWN_TEMPLATE:
        if len(_places) >= _CACHED:
            _places.clear()
        _places[id(code), frame.f_lasti] = weakref.ref(code), place
    return place


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
                return _place_of(frame)
            frame = frame.f_back
        outer = outer.parent
    return None


__all__ = ["is_library", "line_of", "users_place"]
