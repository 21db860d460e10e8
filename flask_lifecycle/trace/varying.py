"""What differs in every request, whatever the app's code is: ids, tokens, clocks."""

from __future__ import annotations

import re
import typing as t

_NAMES = re.compile(
    ".*(?:csrf|xsrf|nonce|(?:request|trace|correlation|span)[-_]?id).*", re.IGNORECASE
)
_HEADERS = re.compile(
    "age|date|server-timing|x-runtime|.*process-time|cf-ray|traceparent|tracestate"
    # A limit of requests counts each, and says when it counts anew.
    "|x-lifecycle-trace|retry-after|(?:x-)?ratelimit(?:-(?:remaining|reset|used))?",
    re.IGNORECASE,
)
_NONCE = re.compile(r"'nonce-[^']*'")
# In messages: times that something took, times of day, and ids.
_IN_MESSAGES = re.compile(
    r"\b\d+(?:\.\d+)? ?(?:ns|[uµμ]s|ms|s|sec|seconds)\b"
    r"|\b\d{1,4}[-/]\w{2,3}[-/]\d{1,4}\b|\b\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?\b"
    r"|\b(?=[a-f-]*\d)[0-9a-f][0-9a-f-]{7,}\b",
    re.IGNORECASE,
)
_DIGITS = 20
_LARGEST = 10**_DIGITS
_OLD = 600
# Seconds for which a thread may have waited between the reading of a request's start and its own.
_SLACK = 0.05


def is_varying_name(name: t.Any) -> bool:
    """Return whether a name is of a value that is another one in every request."""
    return isinstance(name, str) and _NAMES.fullmatch(name) is not None


def is_varying_header(name: t.Any) -> bool:
    """Return the same for a header."""
    return is_varying_name(name) or (isinstance(name, str) and _HEADERS.fullmatch(name) is not None)


def is_clock(a: t.Any, b: t.Any, apart: float, tolerance: float) -> bool:
    """Return whether two values are readings of a clock: they differ by what the clock moved.

    :param apart: the seconds between the requests.
    :param tolerance: the seconds for which a request lasted.
    """
    read = _seconds(a), _seconds(b)
    if type(a) is not type(b) or read[0] is None or read[1] is None:
        return False
    # Smaller values are counts and amounts: a clock began in 1970, or when the machine did.
    return read[0] > _OLD and abs(read[1] - read[0] - apart) <= tolerance + _SLACK


def _seconds(value: t.Any) -> float | None:
    """Return what a clock returned, seconds as a float or ns, in seconds."""
    if type(value) is float:
        return value
    if type(value) is str and value.isascii() and value.isdigit() and len(value) < _DIGITS:
        # Numbers that are not exact in browsers are recorded as text.
        value = int(value)
    return value / 1e9 if type(value) is int and value < _LARGEST else None


def without_nonces(header: str) -> str:
    """Return a header's value without the nonces in it."""
    return _NONCE.sub("'nonce'", header)


def without_varying(message: t.Any) -> t.Any:
    """Return the message of a log record without times and ids."""
    return _IN_MESSAGES.sub("…", message) if isinstance(message, str) else message


__all__ = [
    "is_clock",
    "is_varying_header",
    "is_varying_name",
    "without_nonces",
    "without_varying",
]
