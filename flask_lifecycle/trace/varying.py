"""What differs in every request, whatever the app's code is: ids, tokens, clocks."""

from __future__ import annotations

import re
import typing as t

_NAMES = re.compile(
    ".*(?:csrf|xsrf|nonce|(?:request|trace|correlation|span)[-_]?id).*", re.IGNORECASE
)
_HEADERS = re.compile(
    "age|date|server-timing|x-runtime|.*process-time|cf-ray|traceparent|tracestate"
    "|x-lifecycle-trace",
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
_NS = 10**9


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
    for kind, unit in ((float, 1), (int, _NS)):
        if type(a) is type(b) is kind and abs((b - a) / unit - apart) <= tolerance:
            return True
    return False


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
