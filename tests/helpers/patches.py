"""Install the extension on several apps, and see that all of it is taken back."""

from __future__ import annotations

import gc
import http.client
import logging
import tracemalloc
import typing as t
import warnings
import weakref

import aiohttp
import flask.signals
import httpcore
import sqlalchemy
from flask import Flask
from sqlalchemy.engine.default import DefaultDialect

from flask_lifecycle import Lifecycle


def put_back(by: str) -> None:
    before = _standing()
    apps = [Flask(str(number)) for number in range(3)]
    for app in apps:
        app.config.update(
            LIFECYCLE_ENABLED=True,
            LIFECYCLE_COLLECTORS=("logs", "memory", "spans", "sql", "templates", "warnings"),
        )
        Lifecycle(app)
        assert _standing() != before
    refs = [weakref.ref(each) for each in apps]
    while apps:
        assert _standing() != before
        app = apps.pop()
        if by == "undo":
            Lifecycle().undo(app)
        del app
        gc.collect()
    assert _standing() == before
    assert [ref() for ref in refs] == [None, None, None]


def _standing() -> list[t.Any]:
    """List what stands now where patches are put."""
    names = [name for name in dir(DefaultDialect) if name.startswith("do_")]
    return [
        logging.getLogRecordFactory(),
        getattr(warnings, "_showwarnmsg"),  # noqa: B009
        tracemalloc.is_tracing(),
        *(getattr(DefaultDialect, name) for name in ("initialize", *names)),
        vars(sqlalchemy.pool.Pool).get("_invoke_creator"),
        *(vars(http.client.HTTPConnection)[name] for name in ("putrequest", "getresponse")),
        vars(httpcore.ConnectionPool)["handle_request"],
        vars(httpcore.AsyncConnectionPool)["handle_async_request"],
        vars(aiohttp.BaseConnector)["connect"],
        vars(aiohttp.ClientRequest)["send"],
        vars(aiohttp.ClientResponse)["start"],
        *(type(each) for each in vars(flask.signals).values() if hasattr(each, "send")),
    ]
