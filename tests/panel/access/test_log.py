"""What is left out of the access logs of servers."""

from __future__ import annotations

import logging
from itertools import count

import pytest

from flask_lifecycle.panel.access import log
from flask_lifecycle.panel.access.log import AccessLog
from tests.helpers.meanwhile import meanwhile


def test_paths_of_the_panel_come_to_be_known_while_its_requests_are_logged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(log, "_ROOTS", 10_000)
    access_log, numbers = AccessLog("a token"), count()
    for _ in range(50):
        access_log.add_root(f"/before/{next(numbers)}")
    access_log.add_root("/_lifecycle")
    record = logging.LogRecord("werkzeug", logging.INFO, "", 0, "", (), None)
    record.msg = '"GET /_lifecycle/api/traces HTTP/1.1" 200 -'
    with meanwhile(lambda: access_log.add_root(f"/{next(numbers)}"), log):
        assert not access_log.filter(record)
