"""Fail open: a fault of this package is logged once for each origin, and never reaches the app."""

from __future__ import annotations

import functools
import logging
import typing as t
from contextlib import suppress

_log = logging.getLogger("flask_lifecycle")
_FAULTS_ALLOWED = 5
_faults: dict[str, int] = {}

F = t.TypeVar("F", bound=t.Callable[..., t.Any])


def fault(place: str, error: Exception) -> None:
    """Log a fault of ours, once for each origin; the app does not see it."""
    count = _faults[place] = _faults.get(place, 0) + 1
    if count == 1:
        # The app's filters, handlers and record factory may fail as well.
        with suppress(Exception):
            _log.warning("%s failed; the app is not affected", place, exc_info=error)


def fail_open(func: F) -> F:
    """Wrap a function of ours so that it cannot break the app.

    An ``Exception`` is logged once and counted, and None is returned; after repeated faults the
    function is no longer called. ``BaseException`` propagates.
    """
    place = f"{func.__module__}.{func.__qualname__}"

    @functools.wraps(func)
    def guarded(*args: t.Any, **kwargs: t.Any) -> t.Any:
        if place in _faults and _faults[place] >= _FAULTS_ALLOWED:
            return None
        try:
            return func(*args, **kwargs)
        except Exception as error:
            fault(place, error)
            return None

    return t.cast("F", guarded)


__all__ = ["fail_open", "fault"]
