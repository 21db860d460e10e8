"""Detect what a function changed on the response that it was passed."""

from __future__ import annotations

import typing as t
from operator import attrgetter, is_

from werkzeug.datastructures import Headers

from ..._compat import HEADER_LIST, STATUS
from ...core import shortcut
from ...faults import fault
from ...recorder.memo import Memo
from ...redact import Redactor
from ...trace.changes import Answers, Changed
from ...trace.header_changes import Sent, difference_of
from ...trace.model import JsonObject
from ...trace.writer import Writer
from .record import changes_of, owners

_RESPONSE = ("response", "headers")
_status, _header_list = attrgetter(STATUS), attrgetter(HEADER_LIST)


#: By the id of a class of responses: whether reading these attributes runs no code of it.
_plain: Memo[bool] = Memo()
# What the compiled core uses.
_PARTS = (_plain, Headers, STATUS, HEADER_LIST, owners, _RESPONSE, Changed)


@shortcut("sent", _PARTS)
def sent(last: t.Any) -> Sent | None:
    """Return the state of a response before it is passed to a function as its last argument."""
    try:
        if _plain.get(id(type(last))):
            headers = last.headers
            if type(headers) is Headers:
                return _status(last), _header_list(headers)[:]
        status, headers = _status_and_headers(last)
        return status, [*headers]
    except Exception:
        return None


def _status_and_headers(response: t.Any) -> tuple[t.Any, list[tuple[str, str]]]:
    """Return a response's status line and header list, without calling code of its class."""
    kind: t.Any = type(response)
    is_plain = _plain.get(id(kind))
    if is_plain is None:
        is_plain = _has_no_more(kind)
        _plain.keep(kind, is_plain)
    if is_plain:
        headers = response.headers
        if type(headers) is Headers:
            # Reading an object's `__dict__` creates it, and slows down attribute access from then
            # on.
            return _status(response), _header_list(headers)
    own = response.__dict__
    return own[STATUS], own["headers"].__dict__[HEADER_LIST]


def _has_no_more(kind: t.Any) -> bool:
    names = {STATUS, "headers", "__getattr__", "__getattribute__"}
    return all(names.isdisjoint(vars(each)) for each in kind.__mro__ if each is not object)


@shortcut("look_at_response", _PARTS)
def look_at_response(writer: Writer, step: int, entered: Sent, last: t.Any) -> None:
    """Record what a function changed on a response.

    :param entered: the state of the response that it was passed.
    :param last: the same response, or the one that it returned instead.
    """
    try:
        held = entered[1]
        status, now = _status_and_headers(last)
        if len(held) == len(now) and status == entered[0] and all(map(is_, held, now)):
            return
        after = sent(last)
        if after is not None and writer.owner in owners:
            trace = writer.trace
            found = _changed(trace.redactor, entered, after)
            # A function that returns another response is checked twice.
            if found or step in writer.notes.changed:
                changes_of(writer, step).response = found
                trace.detail_bytes += 100 * (len(held) + len(now))
    except (AttributeError, KeyError):
        # Not a response.
        return
    except Exception as error:
        fault("the detection of a response's changes", error)


def _changed(redactor: Redactor, before: Sent, after: Sent) -> JsonObject | Answers:
    held, now = before[1], after[1]
    if not all(map(is_, held, now)):
        return difference_of(before, after, redactor)
    # Only added or only removed, as in most cases: masking can wait until they are displayed.
    longest = now if len(now) > len(held) else held
    shown = redactor.headers(longest, _RESPONSE)
    if len(shown) < len(longest):
        # An item is not a valid header.
        return difference_of(before, after, redactor)
    text = redactor.text
    return text(before[0]), len(held), text(after[0]), len(now), shown


__all__ = ["look_at_response", "sent"]
