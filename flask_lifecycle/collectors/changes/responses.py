"""See what a function changed on the response that it was given."""

from __future__ import annotations

import typing as t
from operator import attrgetter, is_

from werkzeug.datastructures import Headers

from ..._compat import HEADER_LIST, STATUS
from ...faults import fault
from ...recorder.memo import by_class
from ...redact import Redactor
from ...trace.model import JsonObject
from ...trace.writer import Writer
from .headers import Sent, difference_of
from .record import changes_of, owners

_RESPONSE = ("response", "headers")
_status, _header_list = attrgetter(STATUS), attrgetter(HEADER_LIST)


def sent(last: t.Any) -> Sent | None:
    """Return what a response is before a function is given it, as its last argument."""
    try:
        status, headers = _status_and_headers(last)
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
            return _status(response), _header_list(headers)
    own = response.__dict__
    return own[STATUS], own["headers"].__dict__[HEADER_LIST]


@by_class
def _has_no_more(kind: t.Any) -> bool:
    """Return whether asking an object for these attributes runs none of its class's code."""
    names = {STATUS, "headers", "__getattr__", "__getattribute__"}
    return all(names.isdisjoint(vars(each)) for each in kind.__mro__ if each is not object)


def look_at_response(writer: Writer, step: int, entered: Sent, last: t.Any) -> None:
    """Note what a function changed on a response.

    :param entered: what the one was that it was given.
    :param last: the same one, or what it gave in its place.
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
            # A function that gives another response is looked at twice.
            if found or writer.notes.added(step, "changes") is not None:
                changes_of(writer, step).response = found
                trace.detail_bytes += 100 * (len(held) + len(now))
    except (AttributeError, KeyError):
        # It is none.
        return
    except Exception as error:
        fault("the look at a response", error)


def _changed(redactor: Redactor, before: Sent, after: Sent) -> JsonObject | tuple[Sent, Sent]:
    held, now = before[1], after[1]
    if not all(map(is_, held, now)):
        return difference_of(redactor, before, after)
    # Only added or only removed, as most often: masked values tell as much, to whoever looks.
    longest = now if len(now) > len(held) else held
    shown = redactor.headers(longest, _RESPONSE)
    if len(shown) < len(longest):
        # There is what is none.
        return difference_of(redactor, before, after)
    text = redactor.text
    return (text(before[0]), shown[: len(held)]), (text(after[0]), shown[: len(now)])


__all__ = ["look_at_response", "sent"]
