"""A pytest plugin: give every ``Flask()`` that is made a Lifecycle."""

from __future__ import annotations

import json
import os
import typing as t

import flask

from flask_lifecycle import Lifecycle

_init = flask.Flask.__init__
_settings = json.loads(os.environ.get("LIFECYCLE_TEST_SETTINGS", "{}"))


def _with_lifecycle(self: flask.Flask, *args: t.Any, **kwargs: t.Any) -> None:
    _init(self, *args, **kwargs)
    self.config.update(LIFECYCLE_ENABLED=True, **_settings)
    Lifecycle(self)


flask.Flask.__init__ = _with_lifecycle  # type: ignore[method-assign]
