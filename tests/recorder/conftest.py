"""A request that is recorded while a test runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from flask_lifecycle.recorder.current import current
from flask_lifecycle.trace.writer import LiveTrace
from tests.helpers.recorder import OWNER


@pytest.fixture
def trace() -> Iterator[LiveTrace]:
    made = LiveTrace(OWNER, "GET", "/")
    token = current.set(made)
    yield made
    current.reset(token)
