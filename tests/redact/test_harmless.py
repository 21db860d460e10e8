"""The look that spares most texts all other masking passes over nothing."""

from __future__ import annotations

import re
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_lifecycle.redact import MASK, Redactor
from flask_lifecycle.redact.harmless import is_harmless
from flask_lifecycle.redact.names import secret_texts
from tests.helpers.samples import KEY_FORMATS, Sampler

_may_name = secret_texts(())


@pytest.mark.parametrize(
    "text",
    [
        "word123",
        "/orders/17/lines/4",
        "shop.models.order_line",
        "550e8400-e29b-41d4-a716-44665544abcd",
        'W/"5d41402abc4b2a76b9719d911017c592"',
        "ann@example.com",
        "Ann's order was sent, at last.",
        "read-only on /mnt, 12 of 30 blocks",
        "Sun, 29 Nov 2026 21:30:00 GMT",
        "page 4: sort=name",
    ],
)
def test_ordinary_texts_are_harmless(text: str) -> None:
    assert is_harmless(text, _may_name)


@pytest.mark.parametrize("name", KEY_FORMATS)
def test_a_key_is_not(name: str) -> None:
    redactor = Redactor()
    for seed in range(10):
        key, _ = Sampler(seed).sample(KEY_FORMATS[name])
        for text in (key, f"see {key}", f"/x/{key}", f"{key}, at last"):
            assert not (is_harmless(text, _may_name) and MASK in _masked_at_length(redactor, text))


_WORDS = [
    *("password", "token", "key", "api", "heroku", "=", ":", "://", ",", "-", "/", "'", '"', "\n"),
    *("-p", "--password", "mysql", "exp", "sqlplus", "u/p", "machine", "login", "input_value="),
    *("bearer", "basic", "dXNlcjpw", "AKIAIOSFODNN7EXAMPLE", "eyJhbGciOiJI", "glpat-", "xoxb-"),
    *("4111", "1111", "4111111111111111", "DE89", "3704 0044 0532 0130 00", "Duplicate entry"),
    "%3D",
]
_pieces = st.one_of(st.sampled_from(_WORDS), st.text("aA1_-./+~ ,:'=", max_size=24))


@given(st.lists(_pieces, max_size=8), st.sampled_from(["", " "]))
def test_what_is_harmless_is_left_as_it_is(pieces: list[str], between: str) -> None:
    text = between.join(pieces)
    if is_harmless(text, _may_name):
        assert _masked_at_length(Redactor(), text) == text


def _masked_at_length(redactor: Redactor, text: str) -> str:
    # What is not ASCII is no harmless text.
    return redactor.text(f"{text}\n\nä").removesuffix("\n\nä")


@given(
    st.from_regex(r"(?:/(?:[0-9]{1,10}|[\w.-]{0,12}|ey|sk-|akia|xox)){1,5}", fullmatch=True),
    st.randoms(use_true_random=False),
)
def test_numbers_do_not_decide_whether_a_path_is_shown(path: str, random: Random) -> None:
    def other(number: re.Match[str]) -> str:
        return "".join(random.choice("0123456789") for _ in number[0])

    redactor = Redactor()
    shape = redactor.shape(path)
    changed = re.sub(r"(?<=/)[0-9]{1,9}(?![^/])", other, path)
    assert redactor.shape(changed) == shape
    if shape is not None and redactor.text(path) == path:
        assert redactor.text(changed) == changed
