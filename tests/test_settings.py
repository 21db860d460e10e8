from __future__ import annotations

import typing as t

import pytest
from flask import Flask

from flask_lifecycle import Lifecycle
from flask_lifecycle.settings import Settings

WRONG: dict[str, t.Any] = {
    "LIFECYCLE_ENABLED": "yes",
    "LIFECYCLE_URL_PREFIX": "lifecycle/",
    "LIFECYCLE_MAX_TRACES": 0,
    "LIFECYCLE_MAX_BYTES": 1.5e6,
    "LIFECYCLE_MAX_STEPS": "2000",
    "LIFECYCLE_MAX_DETAIL_BYTES": True,
    "LIFECYCLE_BODY_PREVIEW": 1024,
    "LIFECYCLE_TOOLBAR": None,
    "LIFECYCLE_HEADER": "X Trace\r\n",
    "LIFECYCLE_IGNORE": "static",
    "LIFECYCLE_COLLECTORS": ("sql", "sqql"),
    "LIFECYCLE_REDACT": [1],
    "LIFECYCLE_REDACT_WITH": "mask",
    "LIFECYCLE_ALLOWED_HOSTS": "example.com",
    "LIFECYCLE_HOST": "http://panel.localhost",
    "LIFECYCLE_TOKEN": "short",
    "LIFECYCLE_HOLD": "yes",
    "LIFECYCLE_HOLD_SECONDS": "2 min",
    "LIFECYCLE_HISTORY": False,
}


def test_defaults_are_the_contract() -> None:
    settings = Settings.from_config({})
    assert settings == Settings(
        enabled=None,
        url_prefix="/_lifecycle",
        max_traces=500,
        max_bytes=67108864,
        max_steps=2000,
        max_detail_bytes=65536,
        body_preview=False,
        toolbar=True,
        header="X-Lifecycle-Trace",
        ignore=(),
        collectors=(
            "changes",
            "exceptions",
            "flashes",
            "logs",
            "spans",
            "sql",
            "templates",
            "warnings",
        ),
        redact=(),
        redact_with=None,
        allowed_hosts=(),
        host=None,
        token=None,
        history=True,
        hold=True,
        hold_seconds=120,
    )


@pytest.mark.parametrize(("key", "value"), WRONG.items())
def test_a_wrong_value_is_named_at_start(key: str, value: t.Any) -> None:
    app = Flask(__name__)
    app.config[key] = value

    with pytest.raises(ValueError, match=key) as caught:
        Lifecycle(app)

    text = str(caught.value)
    assert "it takes" in text
    if key == "LIFECYCLE_TOKEN":
        assert "short" not in text
    else:
        assert repr(value) in text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("url_prefix", "/a/../b"),
        ("url_prefix", "/ä"),
        ("url_prefix", "/a\n"),
        ("url_prefix", "/a;b"),
        ("header", "Content-Length"),
        ("header", "set-cookie"),
        ("header", "Transfer-Encoding"),
        ("header", "Access-Control-Allow-Origin"),
        ("redact", ["-"]),
        ("allowed_hosts", ["http://dev.example.com"]),
        ("allowed_hosts", ["dev.example.com:5000"]),
        ("allowed_hosts", ["*.example.com"]),
        ("allowed_hosts", [".example.com"]),
        ("host", "panel..localhost"),
        ("token", "from-a-file-with-its-end\n"),
        ("hold_seconds", 0),
        ("hold_seconds", True),
        ("hold_seconds", float("nan")),
        ("hold_seconds", float("inf")),
        ("hold_seconds", 86_401),
        ("history", ""),
        ("history", "nul\0.sqlite"),
        ("history", "sqlite:///history.sqlite"),
    ],
)
def test_what_could_never_be_met_is_wrong(name: str, value: t.Any) -> None:
    with pytest.raises(ValueError, match=name.upper()):
        Settings.from_config({f"LIFECYCLE_{name.upper()}": value})


def test_every_key_has_a_wrong_value_here() -> None:
    assert set(WRONG) == {f"LIFECYCLE_{name.upper()}" for name in Settings.__dataclass_fields__}


def test_an_unknown_key_is_named() -> None:
    with pytest.raises(ValueError, match="LIFECYCLE_MAX_TRACE is not"):
        Settings.from_config({"LIFECYCLE_MAX_TRACE": 3})


def test_lists_are_taken_as_tuples() -> None:
    assert Settings.from_config({"LIFECYCLE_IGNORE": ["/health"]}).ignore == ("/health",)


REDIS = [
    "redis://localhost",
    "redis://localhost:6379/15",
    "redis://:6379/",
    "rediss://user:hunter2%40%2F@cache.example:6380/0?ssl_ca_certs=/etc/ca.pem",
    "redis://[::1]:6379",
    "unix:///run/redis.sock?db=1&password=hunter2",
    "unix://user:hunter2@/run/redis@1.sock",
]


@pytest.mark.parametrize("url", REDIS)
def test_the_url_of_a_redis_is_taken_and_not_shown(url: str) -> None:
    settings = Settings.from_config({"LIFECYCLE_HISTORY": url})
    assert settings.history == url
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize(
    "url",
    [
        "redis://user:hunter2/x@localhost/0",
        "redis://user:123/hunter2@localhost/0",
        "redis://user:123?hunter2@localhost/0",
        "redis://user:hunter2#x@localhost/0",
        "redis://user:hunter2@localhost:99999",
        "redis://user:hunter2@localhost/first",
        "redis://user:hunter2@local\nhost",
        "redis://user:hunter2@[::1/0",
        "unix://hunter2/run/redis.sock",
        "unix://",
        "sqlite://user:hunter2@localhost",
        "https://user:hunter2@localhost",
    ],
)
def test_another_url_is_wrong_and_its_password_is_not_shown(url: str) -> None:
    with pytest.raises(ValueError, match=r"LIFECYCLE_HISTORY got .*it takes") as caught:
        Settings.from_config({"LIFECYCLE_HISTORY": url})
    assert "hunter2" not in str(caught.value)
    assert url.partition("//")[0] in str(caught.value)
