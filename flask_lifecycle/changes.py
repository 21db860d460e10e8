"""See what each function of the user's changed: in ``g``, in the session, on the response.

Before and after each function, what is there is compared with what was there last, object by
object. A difference belongs to the innermost function that has run in between. Nothing of the
app's is called: the session is looked at with the methods of ``dict``, past its own, and only
where Flask has opened it; ``__eq__`` and ``__repr__`` are not asked. Values of built-in types are
compared by value, and the lists and dicts among them are looked into, as far as the bounds below
go; other objects count as changed only where another object took their place.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from functools import partial
from operator import is_

import flask.ctx
import flask.globals

from .recorder import fault
from .redact import MASK, Redactor, weight
from .trace import EXTRA, Writer

_app_context = vars(flask.globals)["_cv_app"].get
# One and the same on Flask 3.2 and later.
_request_context = vars(flask.globals).get("_cv_request", vars(flask.globals)["_cv_app"]).get
# Where it is a property, reading it counts as the app's own use of the session.
_KIND = vars(flask.ctx).get("RequestContext", flask.ctx.AppContext)
_SESSION = "_session" if hasattr(_KIND, "session") else "session"

_SCALARS = frozenset((str, int, bool, type(None), bytes, float))
# Lists and dicts inside g and the session that are looked into, how deep, and how large.
_CONTAINERS = 50
_DEPTH = 4
_ITEMS = 500
_NAMES_KEPT = 50
_TEXT = 4096

_owners: set[int] = set()

Names = dict[str, t.Any]
#: A response as it was: its status line and its headers.
Sent = tuple[t.Any, list[tuple[str, str]]]


class _Kept:
    """A dict, and what it held when it was last looked at."""

    __slots__ = ("containers", "keys", "keys_now", "values", "values_now")

    def __init__(self, mapping: dict[t.Any, t.Any]) -> None:
        # The views are of what is there at any time; those of a subclass may be its own.
        self.keys_now = dict.keys(mapping)
        self.values_now = dict.values(mapping)
        self.keys = tuple(self.keys_now)
        self.values = tuple(self.values_now)
        #: The lists and dicts in it, with what they held.
        self.containers: list[tuple[t.Any, tuple[t.Any, ...]]] = []
        for value in self.values:
            if type(value) not in _SCALARS:
                self._look_into(value, 0)

    def _look_into(self, value: t.Any, depth: int) -> None:
        kind = type(value)
        if kind is not list and kind is not dict and kind is not tuple:
            return
        if depth >= _DEPTH or len(self.containers) >= _CONTAINERS or len(value) > _ITEMS:
            return
        held = _items(value)
        if kind is not tuple:
            self.containers.append((value, held))
        for each in held:
            if type(each) not in _SCALARS:
                self._look_into(each, depth + 1)

    def is_same(self) -> bool:
        """Tell whether the dict, of the same length, holds the very objects that it held."""
        return (
            all(map(is_, self.values_now, self.values))
            and all(map(is_, self.keys_now, self.keys))
            and (not self.containers or self._hold_the_same())
        )

    def has_changed(self) -> bool:
        """Tell whether the dict holds other objects, or under other names."""
        return len(self.values_now) != len(self.values) or not self.is_same()

    def _hold_the_same(self) -> bool:
        for container, held in self.containers:
            now = _items(container)
            if len(now) != len(held) or not all(map(is_, now, held)):
                return False
        return True

    def _named(self) -> Names:
        """Return it as a dict, without the keys that may have methods of the app's."""
        pairs = zip(self.keys, self.values, strict=False)
        return {name: value for name, value in pairs if type(name) is str}

    def since(self, now: _Kept) -> tuple[Names, Names, list[str]]:
        """Compare with what is there now: what was added, what changed, what is gone."""
        mutated = {
            id(container)
            for container, held in self.containers
            if not _equal(held, _items(container))
        }
        before, after = self._named(), now._named()
        added = {name: value for name, value in after.items() if name not in before}
        changed = {
            name: value
            for name, value in after.items()
            if name in before
            and not (
                _equal(before[name], value)
                if before[name] is not value
                else not (mutated and _holds(value, mutated))
            )
        }
        return added, changed, [name for name in before if name not in after]


def _items(value: t.Any) -> tuple[t.Any, ...]:
    """List what a list, tuple or dict holds; a dict's keys come first."""
    return (*value, *value.values()) if type(value) is dict else tuple(value)


def _equal(one: t.Any, other: t.Any, depth: int = 0) -> bool:
    """Compare by value what is made of built-in types; all else by identity."""
    if one is other:
        return True
    kind = type(one)
    if kind is not type(other):
        return False
    if kind in _SCALARS:
        return bool(one == other)
    if kind not in (list, tuple, dict) or len(one) != len(other) or depth > _DEPTH:
        return False
    if len(one) > _ITEMS:
        return False
    return all(
        _equal(mine, its, depth + 1) for mine, its in zip(_items(one), _items(other), strict=False)
    )


def _holds(value: t.Any, wanted: set[int], depth: int = 0) -> bool:
    """Tell whether a value is, or has in it, one of the containers."""
    if id(value) in wanted:
        return True
    if type(value) not in (list, tuple, dict) or depth >= _DEPTH or len(value) > _ITEMS:
        return False
    return any(_holds(each, wanted, depth + 1) for each in _items(value))


class _Seen:
    """What was in one app context, and in the session of its request, when last looked at."""

    __slots__ = ("g", "session", "source")

    def __init__(self, g: _Kept) -> None:
        self.g = g
        self.session: _Kept | None = None
        self.source: t.Any = None

    def is_same(self) -> bool:
        """Tell whether all is as it was, in as little time as can be: most often it is."""
        g, session = self.g, self.session
        if session is None:
            return False
        values, items = g.values, session.values
        return (
            len(g.values_now) == len(values)
            and len(session.values_now) == len(items)
            and (not values or g.is_same())
            and (not items or session.is_same())
        )


def _look(writer: Writer, place: int | None) -> None:
    """Note what changed since the last look, for the step at a place, or for who ran, by None."""
    context = _app_context(None)
    if context is None or writer.owner not in _owners:
        return
    seen: _Seen | None = writer.seen.get(context)
    if seen is None:
        seen = writer.seen[context] = _Seen(_Kept(context.g.__dict__))
    elif seen.g.has_changed():
        then, seen.g = seen.g, _Kept(context.g.__dict__)
        _note(writer, place, "g", then.since(seen.g))

    if seen.session is None:
        context = _request_context(None)
        seen.source = None if context is None else context.__dict__.get(_SESSION)
        if isinstance(seen.source, dict):
            seen.session = _Kept(seen.source)
    elif seen.session.has_changed():
        then, seen.session = seen.session, _Kept(seen.source)
        _note(writer, place, "session", then.since(seen.session))


class Changes:
    """What one function changed, as it is noted: named and masked for whoever looks."""

    __slots__ = ("found", "response")

    def __init__(self) -> None:
        #: Where, and what was added, changed and removed there.
        self.found: list[tuple[str, Names, Names, list[str]]] = []
        #: What a response was before and after.
        self.response: tuple[Sent, Sent] | None = None

    def detail(self, redactor: Redactor) -> dict[str, t.Any]:
        """Return it as JSON's types: what it comes to, where a name was changed more than once."""
        detail: dict[str, t.Any] = {}
        for where, added, changed, removed in self.found:
            into = detail.setdefault(where, {"added": {}, "changed": {}, "removed": []})
            for name, value in (*added.items(), *changed.items()):
                shown = redactor.text(name)
                if shown in into["removed"]:
                    into["removed"].remove(shown)
                    kind = "changed"
                else:
                    kind = "added" if name in added or shown in into["added"] else "changed"
                into[kind][shown] = _masked(redactor, where, name, value)
            for name in removed:
                shown = redactor.text(name)
                into["changed"].pop(shown, None)
                if shown in into["added"]:
                    del into["added"][shown]
                else:
                    into["removed"].append(shown)
        detail = {where: into for where, into in detail.items() if any(into.values())}
        if self.response is not None:
            difference = _difference(redactor, *self.response)
            if difference:
                detail["response"] = difference
        return detail


class _Shown(t.NamedTuple):
    """A value that had to be turned into JSON's types at once, as it may change."""

    value: t.Any


def _masked(redactor: Redactor, where: str, name: str, value: t.Any) -> t.Any:
    if type(value) in _SCALARS:
        return redactor.named(name, value, (where,))
    return MASK if redactor.is_secret(name) else value.value


def _note(
    writer: Writer, place: int | None, where: str, found: tuple[Names, Names, list[str]]
) -> None:
    if not any(found):
        return
    if place is None:
        place = writer.function()
        # Outside of any function: a signal's receiver, or a method of the app's own class.
        place = 0 if place == -1 else place
    trace = writer.trace
    noted = _changes(writer, place).found
    if len(noted) >= _NAMES_KEPT:
        return
    added, changed, removed = found
    for names in (added, changed):
        for name in list(names)[_NAMES_KEPT:]:
            del names[name]
        for name, value in names.items():
            kind = type(value)
            if kind not in _SCALARS or (kind in (str, bytes) and len(value) > _TEXT):
                shown = trace.redactor.value(value, (where, name))
                trace.detail_bytes += weight(shown)
                names[name] = _Shown(shown)
            elif kind is str:
                trace.detail_bytes += len(value)
    noted.append((where, added, changed, removed[:_NAMES_KEPT]))


def _changes(writer: Writer, place: int) -> Changes:
    """Return what is noted of the changes of a step, to be added to."""
    if place < -1:
        # A function of the request's own thread, seen from another.
        writer, place = writer.trace, -2 - place
    extra = writer.notes.setdefault(place + EXTRA, {})
    found = extra.get("changes")
    if found is None:
        found = extra["changes"] = Changes()
    return t.cast("Changes", found)


def look_before(writer: Writer, response: t.Any = None) -> Sent | None:
    """Look before a function runs; return what the response is that it is given."""
    try:
        seen = writer.seen.get(_app_context(None))
        if seen is None or not seen.is_same():
            _look(writer, None)
        return None if response is None else _sent(response)
    except Exception as error:
        fault("the look before a function", error)
    return None


def look_after(writer: Writer, step: int) -> None:
    """Look after a function has run."""
    try:
        seen = writer.seen.get(_app_context(None))
        if seen is None or not seen.is_same():
            _look(writer, step)
    except Exception as error:
        fault("the look after a function", error)


def look_at_response(writer: Writer, step: int, before: Sent | None, response: t.Any) -> None:
    """Note what a function changed on the response that it was given, or gave in its place."""
    try:
        after = _sent(response)
        if before is None or after is None or writer.owner not in _owners:
            return
        held, now = before[1], after[1]
        if before[0] == after[0] and len(held) == len(now) and all(map(is_, held, now)):
            return
        # A function that gives another response is looked at twice.
        _changes(writer, step).response = (before, after)
        writer.trace.detail_bytes += 100 * (len(held) + len(now))
    except Exception as error:
        fault("the look at a response", error)


def _sent(response: t.Any) -> Sent | None:
    try:
        own = response.__dict__
        return own["_status"], [*own["headers"].__dict__["_list"]]
    except (AttributeError, KeyError):
        return None


def _difference(redactor: Redactor, before: Sent, after: Sent) -> dict[str, t.Any]:
    found: dict[str, t.Any] = {}
    if before[0] != after[0]:
        found["status"] = [redactor.text(before[0]), redactor.text(after[0])]

    # Those that stayed as they were, most often all that were there, tell nothing.
    stayed = {id(each) for each in before[1]}.intersection(map(id, after[1]))
    old = _headers([each for each in before[1] if id(each) not in stayed])
    new = _headers([each for each in after[1] if id(each) not in stayed])
    if old.lines or new.lines:
        kept = {name.lower() for name, _ in before[1]} if new.lines else ()
        added: Names = {}
        changed: Names = {}
        for name, value in list(new.lines.items())[:_NAMES_KEPT]:
            if old.lines.get(name) != value:
                kind = changed if name.lower() in kept else added
                kind[redactor.text(name)] = redactor.named(name, value)
        removed = [redactor.text(name) for name in old.lines if name not in new.lines]
        if added or changed or removed:
            found["headers"] = {"added": added, "changed": changed, "removed": removed}

    cookies = [each for each in new.cookies if each not in old.cookies][:_NAMES_KEPT]
    if cookies:
        found["cookies"] = {
            # As everywhere, the value of a cookie is masked, whatever its name.
            "set": {redactor.text(name): MASK for name, _, gone in cookies if not gone},
            "deleted": [redactor.text(name) for name, _, gone in cookies if gone],
        }
    return found


class _Headers(t.NamedTuple):
    """Headers by name as it was written first; and cookies: name, value, whether it is deleted."""

    lines: dict[str, str]
    cookies: list[tuple[str, str, bool]]


def _headers(pairs: list[tuple[t.Any, t.Any]]) -> _Headers:
    names: dict[str, str] = {}
    found = _Headers({}, [])
    for name, value in pairs:
        if type(name) is not str or type(value) is not str:
            continue
        folded = name.lower()
        if folded == "set-cookie":
            pair, _, attributes = value.partition(";")
            cookie, _, content = pair.partition("=")
            gone = "max-age=0" in attributes.replace(" ", "").lower().split(";")
            found.cookies.append((cookie.strip(), content.strip(), gone))
        else:
            first = names.setdefault(folded, name)
            lines = found.lines
            lines[first] = f"{lines[first]}, {value}" if first in lines else value
    return found


def install(owner: int) -> Callable[[], None]:
    """Look at what the functions of one app change.

    :param owner: stands for the app.
    """
    _owners.add(owner)
    return partial(_owners.discard, owner)


__all__ = ["install", "look_after", "look_at_response", "look_before"]
