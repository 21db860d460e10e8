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
from itertools import chain as _chain
from operator import is_

import flask.ctx
import flask.globals
from werkzeug.datastructures import Headers

from .memo import by_class
from .recorder import fault
from .redact import MASK, Redactor, weight
from .steps import EXTRA
from .writers import Writer

_app_context = vars(flask.globals)["_cv_app"].get
# One and the same on Flask 3.2 and later.
_request_context = vars(flask.globals).get("_cv_request", vars(flask.globals)["_cv_app"]).get
# Where it is a property, reading it counts as the app's own use of the session.
_KIND = vars(flask.ctx).get("RequestContext", flask.ctx.AppContext)
_SESSION = "_session" if hasattr(_KIND, "session") else "session"

_SCALARS = frozenset((str, int, bool, type(None), bytes, float))
_STRINGS = frozenset((str,))
_LARGE = frozenset((str, list, dict))
# Lists and dicts inside g and the session that are looked into, how deep, and how large.
_CONTAINERS = 50
_DEPTH = 4
_ITEMS = 500
_NAMES_KEPT = 50
# Stands for a value for which no room is left.
_CUT = "…"
_RESPONSE = ("response", "headers")
# An object that nothing else holds.
_END = (object(),)

_owners: set[int] = set()

chain = _chain.from_iterable
Names = dict[str, t.Any]
_NONE: Names = {}
#: A response as it was: its status line and its headers.
Sent = tuple[t.Any, t.Sequence[tuple[str, str]]]


class _Kept:
    """A dict, and what it held when it was last looked at."""

    __slots__ = ("containers", "held", "keys", "values", "views")

    def __init__(self, mapping: dict[t.Any, t.Any]) -> None:
        # By the methods of dict: those of a subclass may be its own.
        keys, values = dict.keys(mapping), dict.values(mapping)
        self.keys = tuple(keys)
        self.values = tuple(values)
        #: The lists and dicts in it, with what they held.
        self.containers: list[tuple[t.Any, tuple[t.Any, ...]]] = []
        #: All that is looked at, and what it held; each ends with what is nowhere else.
        self.views: t.Sequence[t.Iterable[t.Any]]
        self.views = keys, values, _END
        self.held = *self.keys, *self.values, *_END
        if not _SCALARS.issuperset(map(type, values)):
            for value in self.values:
                self._look_into(value, 0)
            for container, held in self.containers:
                self.views = *self.views, container, *_values(container), _END
                self.held += *held, *_END

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
        """Tell whether it holds the very objects that it held."""
        return all(map(is_, chain(self.views), self.held))

    def _named(self) -> Names:
        """Return it as a dict, without the keys that may have methods of the app's."""
        pairs = zip(self.keys, self.values, strict=False)
        if _STRINGS.issuperset(map(type, self.keys)):
            return dict(pairs)
        return {name: value for name, value in pairs if type(name) is str}

    def since(self, now: _Kept) -> tuple[Names, Names, list[str]]:
        """Compare with what is there now: what was added, what changed, what is gone."""
        mutated = self.containers and {
            id(container)
            for container, held in self.containers
            if not _equal(held, _items(container))
        }
        before, after = self._named(), now._named()
        added: Names = {}
        changed: Names = {}
        for name, value in after.items():
            if name not in before:
                added[name] = value
            elif before[name] is not value:
                if not _equal(before[name], value):
                    changed[name] = value
            elif mutated and _holds(value, mutated):
                changed[name] = value
        is_gone = len(before) + len(added) != len(after)
        return added, changed, [name for name in before if name not in after] if is_gone else []


def _values(value: t.Any) -> tuple[t.Any, ...]:
    """Return what a list or dict holds, beside what it is iterated over."""
    return (value.values(),) if type(value) is dict else ()


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

    __slots__ = ("g", "held", "session", "source", "views")

    def __init__(self, g: _Kept) -> None:
        self.g = g
        self.session: _Kept | None = None
        self.source: t.Any = None
        # As long as there is no session, it is looked for.
        self.views: tuple[t.Iterable[t.Any], ...] = (_END,)
        self.held: tuple[t.Any, ...] = (None,)


def _look(writer: Writer, place: int | None) -> None:
    """Note what changed since the last look, for the step at a place, or for who ran, by None."""
    if writer.owner not in _owners:
        return
    context = _app_context(None)
    if context is None or id(context.app) != writer.owner:
        # One of another app's is not seen to be popped.
        return
    seen: _Seen | None = writer.seen.get(context)
    if seen is None:
        seen = writer.seen[context] = _Seen(_Kept(context.g.__dict__))
    g, session = seen.g, seen.session
    if not g.is_same():
        seen.g = _Kept(context.g.__dict__)
        _note(writer, place, "g", g.since(seen.g))

    if session is None:
        context = _request_context(None)
        seen.source = None if context is None else context.__dict__.get(_SESSION)
        if not isinstance(seen.source, dict):
            return
        seen.session = session = _Kept(seen.source)
    elif not session.is_same():
        then, seen.session = session, _Kept(seen.source)
        session = seen.session
        _note(writer, place, "session", then.since(session))
    seen.views = (*seen.g.views, *session.views)
    seen.held = (*seen.g.held, *session.held)


class Changes:
    """What one function changed, masked, as it is noted."""

    __slots__ = ("found", "response", "size")

    def __init__(self) -> None:
        #: The estimated bytes of the texts, lists and dicts in it.
        self.size = 0
        #: Where, and what was added, changed and removed there.
        self.found: list[tuple[str, Names, Names, list[str]]] = []
        #: What was changed on a response, or what it was before and after.
        self.response: dict[str, t.Any] | tuple[Sent, Sent] | None = None

    def detail(self, redactor: Redactor) -> dict[str, t.Any]:
        """Return it as JSON's types: what it comes to, where a name was changed more than once."""
        detail: dict[str, t.Any] = {}
        for where, added, changed, removed in self.found:
            into = detail.setdefault(where, {"added": {}, "changed": {}, "removed": []})
            for name, value in (*added.items(), *changed.items()):
                if name in into["removed"]:
                    into["removed"].remove(name)
                    kind = "changed"
                else:
                    kind = "added" if name in added or name in into["added"] else "changed"
                into[kind][name] = value
            for name in removed:
                into["changed"].pop(name, None)
                if name in into["added"]:
                    del into["added"][name]
                else:
                    into["removed"].append(name)
        detail = {where: into for where, into in detail.items() if any(into.values())}
        difference = self.response
        if type(difference) is tuple:
            difference = _difference(redactor, *difference)
        if difference:
            detail["response"] = difference
        return detail


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
    changes = _changes(writer, place)
    if len(changes.found) >= _NAMES_KEPT:
        return
    added, changed, removed = found
    before = changes.size
    changes.found.append(
        (
            where,
            _masked(trace.redactor, changes, where, added) if added else _NONE,
            _masked(trace.redactor, changes, where, changed) if changed else _NONE,
            [trace.redactor.text(name) for name in removed[:_NAMES_KEPT]] if removed else removed,
        )
    )
    trace.detail_bytes += changes.size - before


def _masked(redactor: Redactor, changes: Changes, where: str, names: Names) -> Names:
    shown: Names = {}
    for name, value in [*names.items()][:_NAMES_KEPT]:
        room = changes.size < redactor.max_bytes
        masked = redactor.named(name, value, (where,)) if room else _CUT
        shown[redactor.text(name)] = masked
        if type(masked) in _LARGE:
            changes.size += weight(masked)
    return shown


def _changes(writer: Writer, place: int) -> Changes:
    """Return what is noted of the changes of a step, to be added to."""
    if place < -1:
        # A function of the request's own thread, seen from another.
        writer, place = writer.trace, -2 - place
    extra = writer.notes.setdefault(place + EXTRA, {})
    found: Changes | None = extra.get("changes")
    if found is None:
        found = extra["changes"] = Changes()
    return found


def look(writer: Writer, step: int | None) -> None:
    """Look before a function runs, or by its step after it has run."""
    try:
        seen = writer.seen.get(_app_context(None))
        if seen is None or not all(map(is_, chain(seen.views), seen.held)):
            _look(writer, step)
    except Exception as error:
        fault("the look at what a function changed", error)


def opened(writer: Writer, step: int, session: t.Any) -> None:
    """Note what a session holds that was opened."""
    try:
        if writer.owner not in _owners or not isinstance(session, dict):
            return
        names = {name: held for name, held in dict.items(session) if type(name) is str}
        if names:
            noted = Changes()
            shown = _masked(writer.trace.redactor, noted, "session", names)
            writer.notes[step] = {"session": shown}
            writer.trace.detail_bytes += noted.size
    except Exception as error:
        fault("the look into a session", error)


def sent(response: t.Any) -> Sent | None:
    """Return what a response is before a function is given it."""
    try:
        status, headers = _status_and_headers(response)
        return status, [*headers]
    except Exception:
        return None


def _status_and_headers(response: t.Any) -> tuple[t.Any, list[tuple[str, str]]]:
    """Return a response's own status line and list of headers, past all that is its class's."""
    kind: t.Any = type(response)
    if _has_no_more(kind):
        headers = response.headers
        if type(headers) is Headers:
            # To ask for a `__dict__` makes one, and each look at an attribute slower from then on.
            return response._status, headers._list
    own = response.__dict__
    return own["_status"], own["headers"].__dict__["_list"]


@by_class
def _has_no_more(kind: t.Any) -> bool:
    """Tell whether asking an object for these attributes runs none of its class's code."""
    names = {"_status", "headers", "__getattr__", "__getattribute__"}
    return all(names.isdisjoint(vars(each)) for each in kind.__mro__ if each is not object)


def look_at_response(writer: Writer, step: int, before: Sent | None, response: t.Any) -> None:
    """Note what a function changed on the response that it was given, or gave in its place."""
    if before is None:
        return
    try:
        held = before[1]
        status, now = _status_and_headers(response)
        if len(held) == len(now) and status == before[0] and all(map(is_, held, now)):
            return
        after = sent(response)
        if after is not None and writer.owner in _owners:
            trace = writer.trace
            found = _changed(trace.redactor, before, after)
            # A function that gives another response is looked at twice.
            if found or "changes" in writer.notes.get(step + EXTRA, ()):
                _changes(writer, step).response = found
                trace.detail_bytes += 100 * (len(held) + len(now))
    except (AttributeError, KeyError):
        # It is none.
        return
    except Exception as error:
        fault("the look at a response", error)


def _changed(redactor: Redactor, before: Sent, after: Sent) -> dict[str, t.Any] | tuple[Sent, Sent]:
    held, now = before[1], after[1]
    if not all(map(is_, held, now)):
        return _difference(redactor, before, after)
    # Only added or only removed, as most often: masked values tell as much, to whoever looks.
    longest = now if len(now) > len(held) else held
    shown = redactor.headers(longest, _RESPONSE)
    if len(shown) < len(longest):
        # There is what is none.
        return _difference(redactor, before, after)
    text = redactor.text
    return (text(before[0]), shown[: len(held)]), (text(after[0]), shown[: len(now)])


def _difference(redactor: Redactor, before: Sent, after: Sent) -> dict[str, t.Any]:
    found: dict[str, t.Any] = {}
    text = redactor.text
    if before[0] != after[0]:
        found["status"] = [text(before[0]), text(after[0])]

    # Those that stayed as they were, most often all that were there, tell nothing.
    held, now = before[1], after[1]
    if all(map(is_, held, now)):
        old, new = _headers(held[len(now) :]), _headers(now[len(held) :])
    else:
        stayed = {*map(id, held)}.intersection(map(id, now))
        old = _headers([each for each in held if id(each) not in stayed])
        new = _headers([each for each in now if id(each) not in stayed])
    if new.lines or old.lines:
        kept = {name.lower() for name, _ in held} if new.lines else ()
        added: Names = {}
        changed: Names = {}
        for name, value in [*new.lines.items()][:_NAMES_KEPT]:
            if old.lines.get(name) != value:
                kind = changed if name.lower() in kept else added
                kind[text(name)] = redactor.named(name, value)
        removed = [text(name) for name in old.lines if name not in new.lines] if old.lines else []
        if added or changed or removed:
            found["headers"] = {"added": added, "changed": changed, "removed": removed}

    if new.cookies:
        # As everywhere, the value of a cookie is masked, whatever its name.
        given: Names = {}
        deleted: list[str] = []
        for cookie in new.cookies[:_NAMES_KEPT]:
            if cookie in old.cookies:
                continue
            if cookie[2]:
                deleted.append(text(cookie[0]))
            else:
                given[text(cookie[0])] = MASK
        if given or deleted:
            found["cookies"] = {"set": given, "deleted": deleted}
    return found


class _Headers(t.NamedTuple):
    """Headers by name as it was written first; and cookies: name, value, whether it is deleted."""

    lines: dict[str, str]
    cookies: list[tuple[str, str, bool]]


_NO_HEADERS = _Headers({}, [])


def _headers(pairs: t.Sequence[tuple[t.Any, t.Any]]) -> _Headers:
    if not pairs:
        return _NO_HEADERS
    names: dict[str, str] = {}
    lines: dict[str, str] = {}
    cookies: list[tuple[str, str, bool]] = []
    for name, value in pairs:
        if type(name) is not str or type(value) is not str:
            continue
        folded = name.lower()
        if folded == "set-cookie":
            pair, _, attributes = value.partition(";")
            cookie, _, content = pair.partition("=")
            gone = "max-age=0" in attributes.replace(" ", "").lower().split(";")
            cookies.append((cookie.strip(), content.strip(), gone))
        else:
            first = names.setdefault(folded, name)
            lines[first] = f"{lines[first]}, {value}" if first in lines else value
    return _Headers(lines, cookies)


#: What a recorded function does, as `wrapper.recording` takes it.
READS: dict[str, t.Any] = {
    "enter": "look(_writer, None)",
    "leave": "look(_writer, _step)",
    "look": look,
}
#: The same for one that returns a session.
READS_SESSION: dict[str, t.Any] = {
    **READS,
    "after": "opened(_writer, _step, _result)",
    "opened": opened,
}
#: The same for one whose last parameter is a response.
READS_RESPONSE: dict[str, t.Any] = {
    **READS,
    "enter": "look(_writer, None); _before = sent({last})",
    "leave": "look(_writer, _step); look_at_response(_writer, _step, _before, {last})",
    "look_at_response": look_at_response,
    "sent": sent,
}
#: The same for one that may return another response in its place.
READS_RESPONSES: dict[str, t.Any] = {
    **READS_RESPONSE,
    "after": "if _result is not {last}: look_at_response(_writer, _step, _before, _result)",
}


def install(owner: int) -> Callable[[], None]:
    """Look at what the functions of one app change.

    :param owner: stands for the app.
    """
    _owners.add(owner)
    return partial(_owners.discard, owner)


__all__ = ["READS", "READS_RESPONSE", "READS_RESPONSES", "READS_SESSION", "install"]
