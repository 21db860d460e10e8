from __future__ import annotations

import signal
from collections.abc import Iterator

import flask
import hypothesis
import pytest

from flask_lifecycle.recorder import current
from flask_lifecycle.trace import NOBODY

# A shell ignores Ctrl-C for what it runs in the background, and the servers would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says more of the machine than of what is tested.
hypothesis.settings.register_profile("busy", deadline=None)
hypothesis.settings.load_profile("busy")


@pytest.fixture(autouse=True)
def nothing_leaks() -> Iterator[None]:
    """Fail where a test leaves a context or a trace behind."""
    yield
    assert not flask.has_app_context()
    assert not flask.has_request_context()
    assert current.get() is NOBODY
