from __future__ import annotations

import json
import typing as t

import pytest

from flask_lifecycle.redact import MASK, Redactor

redactor = Redactor(("pin",))


@pytest.mark.parametrize(
    "name", ["password", "X-Api-Key", "SECRET_KEY", "Authorization", "set-cookie", "user_pin"]
)
def test_secret_names_are_masked(name: str) -> None:
    assert redactor.named(name, "s3cr3t") == MASK
    assert redactor.value({"a": {name: "s3cr3t"}}) == {"a": {name: MASK}}


@pytest.mark.parametrize(
    "text",
    [
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
        "Bearer abcdefgh12345678",
        "AKIAIOSFODNN7EXAMPLE",
        "postgresql://scott:tiger@db/shop",
        "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----",
    ],
)
def test_secret_patterns_are_masked_in_any_text(text: str) -> None:
    masked = redactor.text(f"before {text} after")
    assert text not in masked
    assert MASK in masked
    assert masked.startswith("before ")


def test_a_query_is_masked_by_its_names() -> None:
    assert redactor.query("page=2&token=abc&x=1") == f"page=2&token={MASK}&x=1"


class Hostile:
    def __repr__(self) -> str:
        raise RuntimeError("repr was called")

    __str__ = __repr__

    def __getattr__(self, name: str) -> t.Any:
        raise RuntimeError(f"{name} was read")


def _deep() -> list[t.Any]:
    value: list[t.Any] = []
    for _ in range(10_000):
        value = [value]
    return value


def _cycle() -> dict[str, t.Any]:
    value: dict[str, t.Any] = {}
    value["self"] = value
    return value


@pytest.mark.parametrize(
    "value",
    [
        Hostile(),
        {"a": Hostile()},
        _deep(),
        _cycle(),
        float("nan"),
        float("inf"),
        10**5000,
        "\ud800 lone",
        "nul\0 \u202ertl \x1b[31m",
        b"\xff" * 10_000_000,
        dict.fromkeys(range(1_000_000)),
        {(1, 2): 3, "x" * 100_000: 1},
    ],
    ids=lambda value: type(value).__name__,
)
def test_any_value_becomes_small_json(value: t.Any) -> None:
    shown = json.dumps(redactor.value(value), allow_nan=False)
    shown.encode("utf-8")
    assert len(shown) < 20_000
