"""The difference between two responses, by status line, headers and cookies."""

from __future__ import annotations

import typing as t
from operator import is_

from ..redact import MASK, Redactor
from .model import JsonObject

NAMES_KEPT = 50
Names = dict[str, t.Any]
#: A response as it was: its status line and its headers.
Sent = tuple[t.Any, t.Sequence[tuple[str, str]]]


def difference_of(before: Sent, after: Sent, redactor: Redactor | None = None) -> JsonObject:
    """Return what differs, JSON-ready.

    :param redactor: masks it; None if both are masked already.
    """
    found: JsonObject = {}
    text, named = (str, _same) if redactor is None else (redactor.text, redactor.named)
    if before[0] != after[0]:
        found["status"] = [text(before[0]), text(after[0])]

    # Unchanged headers, usually almost all of them, are left out.
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
        for name, value in [*new.lines.items()][:NAMES_KEPT]:
            if old.lines.get(name) != value:
                kind = changed if name.lower() in kept else added
                kind[text(name)] = named(name, value)
        removed = [text(name) for name in old.lines if name not in new.lines] if old.lines else []
        if added or changed or removed:
            found["headers"] = {"added": added, "changed": changed, "removed": removed}

    if new.cookies:
        # As everywhere, the value of a cookie is masked, whatever its name.
        given: Names = {}
        deleted: list[str] = []
        for cookie in new.cookies[:NAMES_KEPT]:
            if cookie in old.cookies:
                continue
            if cookie[2]:
                deleted.append(text(cookie[0]))
            else:
                given[text(cookie[0])] = MASK
        if given or deleted:
            found["cookies"] = {"set": given, "deleted": deleted}
    return found


def _same(_name: str, value: str) -> str:
    return value


class _Headers(t.NamedTuple):
    """Headers by name as first written; and cookies: name, value, whether it is deleted."""

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


__all__ = ["NAMES_KEPT", "Names", "Sent", "difference_of"]
