"""Record an exception's frames with their locals, its chain, and the candidate handlers.

Only texts are stored: they keep neither a frame nor an exception alive after the request.
"""

from __future__ import annotations

import linecache
import typing as t
from collections import deque
from inspect import CO_OPTIMIZED
from sys import getrefcount
from types import FrameType, TracebackType

import flask

from ..faults import fail_open
from ..recorder.errors import GROUP, describe_error
from ..recorder.user_code import is_library, line_of
from ..redact import Redactor, weight
from ..trace.model import JsonObject
from ..trace.owner import Owner
from ..trace.writer import LiveTrace
from .handlers import Fate, look_up
from .patch import Patch

# The first and last frames of a deep traceback.
_FIRST = 10
_LAST = 40
_LOCALS = 40
_CAUSES = 8
_MEMBERS = 8
_NOTES = 10
# References to a dict: in a frame, in a variable, and as an argument.
_UNSHARED = 3
# Lines of context before and after the line that ran.
_AROUND = 3
_BEFORE = 60
_LONGEST = 4096
_CODE = (".py", ".html", ".jinja", ".jinja2", ".j2", ".txt", ".xml")

_patch = Patch()
_owners = _patch.owners


class Frame(t.NamedTuple):
    """One frame of a traceback."""

    file: str
    line: int
    function: str
    #: Whether it is the user's own; only those have locals.
    own: bool
    locals: dict[str, t.Any] | None

    def shown(self, redactor: Redactor) -> JsonObject:
        """Return it JSON-ready, with the lines around the line that ran."""
        lines: list[str] = []
        first = max(1, self.line - _AROUND)
        if self.own and self.file.endswith(_CODE):
            # Start some lines earlier: a multi-line string may begin there.
            begin = max(1, first - _BEFORE)
            found = linecache.getlines(self.file)[begin - 1 : self.line + _AROUND]
            text = "".join(f"{each.rstrip()[:_LONGEST]}\n" for each in found)
            lines = redactor.lines(text).split("\n")[first - begin : -1]
        return {**self._asdict(), "first": first, "lines": lines}


class Raised:
    """An exception and its chain, as texts alone."""

    __slots__ = ("cut", "error", "frames", "handlers", "notes", "others", "size")

    def __init__(self, error: BaseException, keeper: _Recorder) -> None:
        keeper.seen.add(id(error))
        described = describe_error(error)
        self.error: dict[str, str] = {"type": described.type, "message": described.message}
        self.frames: list[Frame]
        self.cut: int
        self.frames, self.cut = keeper.frames(error.__traceback__)
        self.notes: list[str] = keeper.notes(error)
        #: The relation, `cause`, `context` or `member`, and the other exception.
        self.others: list[tuple[str, Raised]] = []
        #: The app's handlers, once Flask has looked for one.
        self.handlers: list[JsonObject] | None = None
        #: The estimated bytes of all of its data.
        self.size: int = 0

    def detail(self, trace: LiveTrace) -> JsonObject:
        """Return it JSON-ready."""
        return {
            **self.error,
            "notes": self.notes,
            "frames": [each.shown(trace.redactor) for each in self.frames],
            "cut_frames": self.cut,
            "others": [{"as": how, **other.detail(trace)} for how, other in self.others],
            "handlers": self.handlers,
        }


class _Recorder:
    """Collects the data of exceptions, up to a size limit."""

    def __init__(self, redactor: Redactor, room: int) -> None:
        self.redactor = redactor
        self.room: int = room
        self.seen: set[int] = set()

    def frames(self, tb: TracebackType | None) -> tuple[list[Frame], int]:
        """Return the frames of a traceback, and the number of omitted ones."""
        first: list[tuple[FrameType, int]] = []
        last: deque[tuple[FrameType, int]] = deque(maxlen=_LAST)
        count = 0
        while tb is not None:
            count += 1
            (first if len(first) < _FIRST else last).append((tb.tb_frame, tb.tb_lineno))
            tb = tb.tb_next
        # The innermost are the most useful: they are stored first.
        found = [self._frame(*each) for each in reversed((*first, *last))]
        return found[::-1], count - len(found)

    def _frame(self, frame: FrameType, line: int) -> Frame:
        code = frame.f_code
        own = not is_library(code.co_filename)
        return Frame(
            code.co_filename,
            line_of(frame, line),
            code.co_name,
            own,
            self._locals_of(frame) if own and self.room > 0 else None,
        )

    def _locals_of(self, frame: FrameType) -> dict[str, t.Any]:
        held = frame.f_locals
        kept = self._locals(held)
        # Before Python 3.13 a function's frame caches this dict, which would keep its variables
        # alive, such as the exception itself. Code that has called `locals()` has the same dict.
        is_copy = type(held) is dict and frame.f_code.co_flags & CO_OPTIMIZED
        if is_copy and frame.f_trace is None and getrefcount(held) <= _UNSHARED:
            held.clear()
        return kept

    def _locals(self, held: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        kept: dict[str, t.Any] = {}
        names = [name for name in list(held)[:_LOCALS] if type(name) is str]
        for name in names:
            if self.room <= 0:
                break
            value = self.redactor.named(name, held.get(name), ("locals",))
            kept[self.redactor.text(name)] = value
            self.room -= len(name) + weight(value)
        return kept

    def notes(self, error: BaseException) -> list[str]:
        """Return the notes that were added to an exception."""
        notes = getattr(error, "__notes__", None)
        found = notes[:_NOTES] if type(notes) is list else []
        return [self.redactor.text(each) for each in found if type(each) is str]

    def tree(self, error: BaseException, depth: int = 0) -> Raised:
        """Return an exception with its chain and the members of a group."""
        raised = Raised(error, self)
        if depth >= _CAUSES:
            return raised
        for how, other in _others(error):
            if id(other) not in self.seen and len(self.seen) < 4 * _CAUSES:
                raised.others.append((how, self.tree(other, depth + 1)))
        return raised


def _others(error: BaseException) -> list[tuple[str, BaseException]]:
    found: list[tuple[str, BaseException]] = []
    if error.__cause__ is not None:
        found.append(("cause", error.__cause__))
    elif error.__context__ is not None and not error.__suppress_context__:
        found.append(("context", error.__context__))
    if isinstance(error, GROUP):
        found += [("member", each) for each in error.exceptions[:_MEMBERS]]
    return found


@fail_open
def record(
    app: flask.Flask | None,
    trace: LiveTrace,
    error: BaseException,
    place: int,
    fate: Fate = "user",
) -> None:
    """Record an exception that left the app's code.

    :param app: the app that looks for a handler, or None if none is looked for.
    :param place: the index of the step in which it was raised.
    :param fate: what the app does with it.
    """
    if trace.owner not in _owners:
        return
    step = max(0, place)
    known: Raised | None = trace.notes.added(step, "exception")
    if known is None or known.error["type"] != type(error).__name__:
        redactor = trace.redactor
        keeper = _Recorder(redactor, redactor.max_bytes)
        trace.detail_bytes -= known.size if known is not None else 0
        known = keeper.tree(error)
        trace.notes.add(step, "exception", known)
        known.size = 2000 + redactor.max_bytes - keeper.room
        trace.detail_bytes += known.size
    # Where Flask re-raises an exception, it has only looked for handlers of the exception itself.
    is_asked = (known.handlers is None) == (fate == "user") or fate == "server_error"
    if app is not None and is_asked:
        known.handlers = look_up(app, trace.blueprints, error, fate)


def install(owner: Owner) -> t.Callable[[], None]:
    """Record the exceptions that leave the code of an app."""
    return _patch.install(owner)


__all__ = ["install", "record"]
