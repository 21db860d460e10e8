"""The details of a template's rendering: source location, loader and context.

Pages are rendered again and again with the same names and types of values: the displayed form of
these is made once, as an outline.
"""

from __future__ import annotations

import typing as t
import weakref
from functools import partial

import jinja2

from ...core import shortcut, untracked
from ...redact import MASK, SCALARS, Redactor, type_name
from ...trace.model import JsonObject
from ...trace.owner import Owner
from ...trace.writer import LiveTrace, Writer

_NAMES = 60
_join = jinja2.Environment.concat
_TEXT = 1000
_SMALL = 10
# Of values of other types, only the type is recorded.
_SHOWN = SCALARS | {list, tuple, dict}
_STRINGS = {str}
_OUTLINES = 256


class _Outline(t.NamedTuple):
    """The displayed form of all contexts with the same names and types of values."""

    #: Weak references that drop it when a type dies, as its id may be reused.
    kinds: tuple[weakref.ref[type], ...]
    #: By name: the type, or the mask; None for names whose values are recorded.
    shown: JsonObject
    #: The names whose values are recorded, as displayed and as they are.
    valued: tuple[tuple[str, str], ...]


_NOTHING = _Outline((), {}, ())
# By owner, then by the names and the ids of the types in a context.
_outlines: dict[Owner | None, dict[t.Any, _Outline]] = {}


def remember_outlines(owner: Owner) -> None:
    """Cache the outlines of an app's contexts from now on."""
    _outlines[owner] = {}


def forget_outlines(owner: Owner) -> None:
    """Drop the outlines of an app's contexts."""
    _outlines.pop(owner, None)


def _value(redactor: Redactor, name: str, value: t.Any) -> t.Any:
    kind = type(value)
    if kind in (list, tuple, dict):
        size = len(value)
        parts = value.values() if kind is dict else value
        if size > _SMALL or not all(type(each) in SCALARS for each in (*parts, *value)):
            return f"<{kind.__name__} of {size}>"
        return redactor.named(name, value, ("context",))
    return redactor.value(value[:_TEXT] if kind in (str, bytes) else value, ("context", name))


@untracked
class Rendering:
    """The details of a rendering: source location, loader and context."""

    __slots__ = ("begun", "count", "joins", "loader", "outline", "place", "values", "whole")

    def __init__(self, template: t.Any, place: tuple[str, int] | None) -> None:
        #: Whether the template's own code has started.
        self.begun: bool = False
        #: Whether it is rendered as a whole, not as a stream.
        self.whole: bool = True
        #: Whether its parts are joined to a text in the end.
        self.joins: bool = template.environment.concat is _join
        self.place: tuple[str, int] | None = place
        # A template from a string has none.
        loader = None if template.name is None else template.environment.loader
        self.loader: str | None = None if loader is None else type(loader).__name__
        self.outline: _Outline = _NOTHING
        self.values: dict[str, t.Any] | None = None
        #: The number of names.
        self.count: int = 0

    @shortcut("take", (_outlines, _value))
    def take(self, context: dict[str, t.Any], writer: Writer) -> None:
        """Record what is displayed of a context, masked."""
        if {*map(type, context)} != _STRINGS:
            context = {name: context[name] for name in context if type(name) is str}
        names, values = tuple(context), context.values()
        outlines = _outlines[writer.owner]
        key = names, tuple(map(id, map(type, values)))
        redactor = writer.trace.redactor
        outline = outlines.get(key)
        if outline is None:
            if len(outlines) >= _OUTLINES:
                outlines.clear()
            gone = partial(_forget, outlines, key)
            kinds = tuple(map(type, values))
            outline = _outline(redactor, names, kinds, tuple(weakref.ref(k, gone) for k in kinds))
            outlines[key] = outline
        self.outline = outline
        self.count = len(names)
        if outline.valued:
            self.values = {
                shown: _value(redactor, name, context.get(name)) for shown, name in outline.valued
            }

    def detail(self, _trace: LiveTrace) -> JsonObject:
        """Return it JSON-ready."""
        shown = self.outline.shown
        return {
            "place": self.place and {"file": self.place[0], "line": self.place[1]},
            "loader": self.loader,
            "context": {**shown, **(self.values or {})},
            "more": max(0, self.count - _NAMES),
        }


#: What the compiled core makes the details with.
DETAILS = Rendering, _join, _NOTHING, Rendering.take


def _forget(outlines: dict[t.Any, _Outline], key: t.Any, _kind: weakref.ref[type]) -> None:
    outlines.pop(key, None)


def _outline(
    redactor: Redactor,
    names: tuple[str, ...],
    kinds: tuple[type, ...],
    refs: tuple[weakref.ref[type], ...],
) -> _Outline:
    shown: JsonObject = {}
    valued: list[tuple[str, str]] = []
    for name, kind in list(zip(names, kinds, strict=False))[:_NAMES]:
        label = redactor.text(name)
        if kind not in _SHOWN:
            shown[label] = f"<{type_name(kind)}>"
        elif kind in SCALARS and kind not in redactor.open and redactor.is_secret(name):
            shown[label] = MASK
        else:
            shown[label] = None
            valued.append((label, name))
    return _Outline(refs, shown, tuple(valued))


__all__ = ["DETAILS", "Rendering", "forget_outlines", "remember_outlines"]
