from __future__ import annotations

from collections.abc import Iterator

import pytest

from flask_lifecycle.history.outbox import forget_all
from flask_lifecycle.history.writer import flush
from tests.helpers.history import tries_again_soon


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait only briefly for a Redis that fails, and not long before the next attempt."""
    tries_again_soon(monkeypatch)
    monkeypatch.setattr("flask_lifecycle.history.redis.connection._AWAY_SECONDS", 0.05)
    defaults = {"socket_timeout": 0.5, "socket_connect_timeout": 0.5}
    monkeypatch.setattr("flask_lifecycle.history.redis.connection._DEFAULTS", defaults)


@pytest.fixture(autouse=True)
def by_itself() -> Iterator[None]:
    """Let no test write what another one could not."""
    yield
    forget_all()
    flush(10)
