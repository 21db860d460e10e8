"""Which requests are like another one: its other runs, and the last one before a change."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping

Header = Mapping[str, t.Any]

_RUNS = 10
# The processes of one server begin within this time, in seconds; a restart takes longer.
_AT_ONCE = 1.0


def last_like(request: Header, others: Iterable[Header]) -> str | None:
    """Return the id of the last request like one, or None.

    The last one of an earlier run of the app comes first, as the code may have changed since. Only
    if no request has the same URL, one for the same endpoint will do.

    :param request: the header of its trace.
    :param others: the headers of all traces, in any order.
    """
    earlier = [each for each in others if _is_done(each) and each["id"] < request["id"]]
    for is_like in (_has_same_url, _has_same_endpoint):
        like = [each for each in earlier if is_like(each, request)]
        before = [each for each in like if not in_same_run(each, request)]
        if like:
            return str(max(each["id"] for each in before or like))
    return None


def runs_like(request: Header, others: Iterable[Header]) -> list[str]:
    """Return the ids of a request and of those like it in the same run of the app.

    They have the same URL and the same status, and no breakpoint held them: a person's time is not
    the app's. One that was held itself is thus alone: its time and theirs have no median that says
    anything. The request itself is the first, then come the newest, and no more than a few.
    """
    if request.get("holds"):
        return [request["id"]]
    like = [
        each["id"]
        for each in others
        if _is_done(each)
        and each["id"] != request["id"]
        and each["status"] == request["status"]
        and not each.get("holds")
        and _has_same_url(each, request)
        and in_same_run(each, request)
    ]
    return [request["id"], *sorted(like, reverse=True)[: _RUNS - 1]]


def are_repeated(a: Header, b: Header) -> bool:
    """Return whether two requests are runs of the same one, which belong to neither side."""
    return _has_same_url(a, b) and in_same_run(a, b)


def in_same_run(a: Header, b: Header) -> bool:
    """Return whether the same run of the app answered both requests."""
    one, other = a["process"], b["process"]
    if one["host"] != other["host"]:
        return False
    started = _started_at(one), _started_at(other)
    # Recordings of older versions do not have it.
    if None in started:
        return bool(one["pid"] == other["pid"])
    return abs((started[0] or 0) - (started[1] or 0)) < _AT_ONCE


def _started_at(process: Mapping[str, t.Any]) -> float | None:
    return process.get("started_at") or None


def _is_done(header: Header) -> bool:
    return bool(header["state"] == "done")


def _has_same_url(a: Header, b: Header) -> bool:
    return all(a[name] == b[name] for name in ("method", "path", "query"))


def _has_same_endpoint(a: Header, b: Header) -> bool:
    rule = a["url_rule"]
    return a["method"] == b["method"] and rule is not None and bool(rule == b["url_rule"])


__all__ = ["are_repeated", "in_same_run", "last_like", "runs_like"]
