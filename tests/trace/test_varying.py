from __future__ import annotations

import pytest

from flask_lifecycle.trace.varying import (
    is_clock,
    is_varying_header,
    is_varying_name,
    without_varying,
)


def test_names_of_ids_and_tokens_vary_and_dates_of_headers_only() -> None:
    for name in (
        "csrf_token",
        "X-CSRFToken",
        "request_id",
        "requestId",
        "X-Request-ID",
        "trace_id",
    ):
        assert is_varying_name(name), name
        assert is_varying_header(name), name
    counted = ("RateLimit", "X-RateLimit-Remaining", "x-ratelimit-reset", "Retry-After")
    for name in ("Date", "age", "Server-Timing", "traceparent", "X-Lifecycle-Trace", *counted):
        assert not is_varying_name(name), name
        assert is_varying_header(name), name
    for name in (
        "user_id",
        "etag",
        "content-length",
        "image",
        "update",
        "set-cookie",
        "x-ratelimit-limit",
    ):
        assert not is_varying_header(name), name


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (1000.25, 1002.26, True),  # time.time(), or time.monotonic()
        (1000 * 10**9, 1002 * 10**9, True),  # the same in ns
        ("1796001034940597500", "1796001036940597500", True),
        ("1796001034940597500", 1796001036940597500, False),
        ("9" * 5000, "9" * 5001, False),
        (10**400, 10**400 + 2 * 10**9, False),
        (1000.25, 1003.0, False),
        (9.99, 11.99, False),
        (5 * 10**9, 7 * 10**9, False),
        (1, 3, False),
        (1.0, 3, False),
        (True, 3.0, False),
        ("1.0", "3.0", False),
        (None, 3.0, False),
        ([], {}, False),
    ],
)
def test_clocks_move_as_far_as_the_requests_are_apart(a: object, b: object, expected: bool) -> None:
    assert is_clock(a, b, 2.0, 0.05) is expected
    assert is_clock(b, a, -2.0, 0.05) is expected


def test_small_numbers_are_no_clocks_however_close_the_requests_are() -> None:
    assert not is_clock(2, 7, 0.001, 0.5)
    assert not is_clock(0.25, 0.5, 0.001, 0.5)


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("GET /x 200 in 16.7 ms", "GET /x 200 in 8 ms", True),
        ("took 3s", "took 12s", True),
        ("Note 344f0863 is kept", "Note b7be09b3 is kept", True),
        ("at 2026-11-30 01:23:50,057", "at 2026-12-01 11:23:51,001", True),
        ("of 30/Nov/2026", "of 01/Dec/2026", True),
        ("3 rows deleted", "30 rows deleted", False),
        ("GET /x 200 in 3 ms", "GET /x 500 in 3 ms", False),
        ("user ann", "user bob", False),
        ("decade", "facade", False),
    ],
)
def test_messages_without_times_and_ids(a: str, b: str, same: bool) -> None:
    assert (without_varying(a) == without_varying(b)) is same
    assert without_varying({"a": 1}) == {"a": 1}
