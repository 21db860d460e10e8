"""Detect what each of the user's functions changed in ``g`` and the session.

Before and after each function, the contents are compared with the last known ones, object by
object. A difference is attributed to the innermost function that ran in between. No code of the
app is called: the session is read with the methods of ``dict``, not its own, and only if Flask has
opened it; ``__eq__`` and ``__repr__`` are not called. Values of built-in types are compared by
value, and nested lists and dicts are compared up to the limits below; other objects count as
changed only when they are replaced by another object.
"""

from __future__ import annotations

import typing as t
from itertools import chain, islice
from operator import is_

import flask.globals

from ..._compat import APP_CONTEXT, REQUEST_CONTEXT, SESSION
from ...core import shortcut
from ...faults import fault
from ...redact import SCALARS, Redactor, weight
from ...trace.changes import Changed
from ...trace.header_changes import NAMES_KEPT, Names
from ...trace.notes import Facts
from ...trace.writer import Writer
from .record import changes_of, owners

_app_variable = vars(flask.globals)[APP_CONTEXT]
_request_variable = vars(flask.globals)[REQUEST_CONTEXT]
_app_context, _request_context = _app_variable.get, _request_variable.get

_STRINGS = frozenset((str,))
_LARGE = frozenset((str, list, dict))
# The number, depth and size of nested lists and dicts that are compared.
_CONTAINERS = 50
_DEPTH = 4
_ITEMS = 500
# The elements of a difference as it is noted.
_FOUND = 4
# Stands for a value that exceeds the limits.
_CUT = "…"
# An object that nothing else refers to.
_END = (object(),)

#: What was added, changed and removed.
Difference = tuple[Names, Names, t.Sequence[str]]
#: Lists and dicts with their contents.
Containers = tuple[tuple[t.Any, tuple[t.Any, ...]], ...]

_chain = chain.from_iterable


class _Seen(t.Protocol):
    """A dict's contents at a comparison; compiled, there is another class of these."""

    @property
    def keys(self) -> tuple[t.Any, ...]: ...
    @property
    def values(self) -> tuple[t.Any, ...]: ...
    @property
    def containers(self) -> Containers: ...


class _Contents:
    """A dict, with its contents at the last comparison."""

    __slots__ = ("containers", "held", "keys", "values", "views")

    #: All compared containers with their contents; each ends with a unique object.
    views: tuple[t.Iterable[t.Any], ...]
    held: tuple[t.Any, ...]

    def __init__(self, mapping: dict[t.Any, t.Any]) -> None:
        # With the methods of dict: a subclass may override them.
        keys, values = dict.keys(mapping), dict.values(mapping)
        self.keys: tuple[t.Any, ...] = tuple(keys)
        self.values: tuple[t.Any, ...] = tuple(values)
        self.containers: Containers = ()
        self.views = keys, values, _END
        self.held = self.keys + self.values + _END
        if not SCALARS.issuperset(map(type, self.values)):
            self.containers = _nested(self.values)
            for container, held in self.containers:
                self.views = *self.views, container, *_values(container), _END
                self.held += *held, *_END


def _nested(values: tuple[t.Any, ...]) -> Containers:
    """Return the lists and dicts in some values, with their contents."""
    found: list[tuple[t.Any, tuple[t.Any, ...]]] = []
    for value in values:
        _add_nested(found, value, 0)
    return tuple(found)


def _add_nested(found: list[tuple[t.Any, tuple[t.Any, ...]]], value: t.Any, depth: int) -> None:
    kind = type(value)
    if kind is not list and kind is not dict and kind is not tuple:
        return
    if depth >= _DEPTH or len(found) >= _CONTAINERS or len(value) > _ITEMS:
        return
    held = _items(value)
    if kind is not tuple:
        found.append((value, held))
    for each in held:
        if type(each) not in SCALARS:
            _add_nested(found, each, depth + 1)


def _difference(before: _Seen, now: _Seen) -> Difference:
    """Compare two contents: return what was added, changed and removed."""
    keys, values = now.keys, now.values
    count = len(before.keys)
    if len(keys) < count or not all(map(is_, before.keys, keys)):
        return _reordered(before, now)
    # The usual case: at most more names than before.
    added: Names = {}
    changed: Names = {}
    for place in range(count, len(keys)):
        name = keys[place]
        if type(name) is str:
            added[name] = values[place]
    if before.containers or not all(map(is_, before.values, values)):
        mutated = _mutated(before) if before.containers else None
        for name, held, value in zip(keys, before.values, values, strict=False):
            if held is value and not mutated:
                continue
            if type(name) is str and _is_changed(held, value, mutated):
                changed[name] = value
    return added, changed, ()


def _reordered(then: _Seen, now: _Seen) -> Difference:
    before, after = _named(then.keys, then.values), _named(now.keys, now.values)
    mutated = _mutated(then)
    added = {name: value for name, value in after.items() if name not in before}
    changed = {
        name: value
        for name, value in after.items()
        if name in before and _is_changed(before[name], value, mutated)
    }
    return added, changed, [name for name in before if name not in after]


def _mutated(before: _Seen) -> set[int]:
    """Return the ids of the nested containers whose contents have changed."""
    return {
        id(container)
        for container, held in before.containers
        if not _equal(held, _items(container))
    }


def _named(keys: tuple[t.Any, ...], values: tuple[t.Any, ...]) -> Names:
    """Return contents as a dict, without keys that may have methods of the app."""
    return {name: value for name, value in zip(keys, values, strict=False) if type(name) is str}


def _is_changed(before: t.Any, now: t.Any, mutated: set[int] | None) -> bool:
    """Return whether a value is another one, or contains one of the containers."""
    if before is not now:
        return not _equal(before, now)
    return mutated is not None and bool(mutated) and _holds(now, mutated)


def _values(value: t.Any) -> tuple[t.Any, ...]:
    """Return the items of a list or the values of a dict."""
    return (value.values(),) if type(value) is dict else ()


def _items(value: t.Any) -> tuple[t.Any, ...]:
    """Return the items of a list, tuple or dict; a dict's keys come first."""
    return (*value, *value.values()) if type(value) is dict else tuple(value)


def _equal(one: t.Any, other: t.Any, depth: int = 0) -> bool:
    """Compare built-in types by value, and all other objects by identity."""
    if one is other:
        return True
    kind = type(one)
    if kind is not type(other):
        return False
    if kind in SCALARS:
        return bool(one == other)
    if kind not in (list, tuple, dict) or len(one) != len(other) or depth > _DEPTH:
        return False
    if len(one) > _ITEMS:
        return False
    return all(
        _equal(mine, its, depth + 1) for mine, its in zip(_items(one), _items(other), strict=False)
    )


def _holds(value: t.Any, wanted: set[int], depth: int = 0) -> bool:
    """Return whether a value is or contains one of the containers."""
    if id(value) in wanted:
        return True
    if type(value) not in (list, tuple, dict) or depth >= _DEPTH or len(value) > _ITEMS:
        return False
    return any(_holds(each, wanted, depth + 1) for each in _items(value))


class _LastLook:
    """The last known contents of one app context, and of the session of its request."""

    __slots__ = ("g", "held", "session", "source", "views")

    def __init__(self, g: _Contents) -> None:
        self.g = g
        self.session: _Contents | None = None
        self.source: t.Any = None
        # While there is no session, it is looked for each time.
        self.views: tuple[t.Iterable[t.Any], ...] = (_END,)
        self.held: tuple[t.Any, ...] = (None,)


def _look(writer: Writer, place: int | None) -> None:
    """Record the changes since the last look, for a step by offset, or for the running one."""
    owner = writer.owner
    if owner is None or owner not in owners:
        return
    context = _app_context(None)
    if context is None or owner.app() is not context.app:
        # Another app's context is not seen to be popped.
        return
    seen: _LastLook | None = writer.seen.get(context)
    if seen is None:
        seen = writer.seen[context] = _LastLook(_Contents(context.g.__dict__))
    g, session = seen.g, seen.session
    if not all(map(is_, _chain(g.views), g.held)):
        seen.g = _Contents(context.g.__dict__)
        _note(writer, place, "g", _difference(g, seen.g))

    if session is None:
        context = _request_context(None)
        seen.source = None if context is None else context.__dict__.get(SESSION)
        if not isinstance(seen.source, dict):
            return
        seen.session = session = _Contents(seen.source)
    elif not all(map(is_, _chain(session.views), session.held)):
        then, seen.session = session, _Contents(seen.source)
        session = seen.session
        _note(writer, place, "session", _difference(then, session))
    seen.views = seen.g.views + session.views
    seen.held = seen.g.held + session.held


def _note(writer: Writer, place: int | None, where: str, found: Difference) -> None:
    added, changed, removed = found
    if not (added or changed or removed):
        return
    if place is None:
        place = writer.function()
        # Outside of all functions: by a signal's receiver, or a method of the app's own class.
        place = 0 if place == -1 else place
    trace = writer.trace
    changes = changes_of(writer, place)
    if len(changes.found) >= NAMES_KEPT * _FOUND:
        return
    before, redactor = changes.size, trace.redactor
    changes.found += (
        where,
        tuple(_masked(redactor, changes, where, added)) if added else (),
        tuple(_masked(redactor, changes, where, changed)) if changed else (),
        [redactor.text(name) for name in removed[:NAMES_KEPT]] if removed else (),
    )
    trace.detail_bytes += changes.size - before


def _masked(redactor: Redactor, changes: Changed, where: str, names: Names) -> list[t.Any]:
    """Return names and values in turn, as they are shown."""
    shown: list[t.Any] = []
    if len(names) > NAMES_KEPT:
        names = dict(islice(names.items(), NAMES_KEPT))
    path = (where,)
    for name, value in names.items():
        if changes.size < redactor.max_bytes:
            label, masked = redactor.pair(name, value, path)
        else:
            label, masked = redactor.text(name), _CUT
        shown += (label, masked)
        if type(masked) in _LARGE:
            changes.size += weight(masked)
    return shown


_PARTS = _app_variable, _request_variable, SESSION, owners, _nested, _difference, _note, Changed


@shortcut("look", _PARTS)
def look(writer: Writer, step: int | None = None) -> None:
    """Detect changes before a function runs, or after it has run, with its step."""
    try:
        seen = writer.seen.get(_app_context(None))
        if seen is None or not all(map(is_, _chain(seen.views), seen.held)):
            _look(writer, step)
    except Exception as error:
        fault("the detection of changes", error)


@shortcut("opened", owners)
def opened(writer: Writer, step: int, result: t.Any) -> None:
    """Record the contents of a session that was opened."""
    try:
        if writer.owner not in owners or not isinstance(result, dict):
            return
        # Copied first: other threads may change it. Of a huge session, no more is shown.
        first = [*dict.items(result)][:NAMES_KEPT]
        names = {name: held for name, held in first if type(name) is str}
        if names:
            noted = Changed()
            shown = _masked(writer.trace.redactor, noted, "session", names)
            session = dict(zip(shown[::2], shown[1::2], strict=True))
            writer.notes.details[step] = Facts(session=session)
            writer.trace.detail_bytes += noted.size
    except Exception as error:
        fault("the recording of a session", error)


__all__ = ["look", "opened"]
