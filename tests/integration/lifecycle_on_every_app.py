"""A pytest plugin: give every ``Flask()`` that is made a Lifecycle."""

from __future__ import annotations

import os
import typing as t

import flask

from flask_lifecycle import Lifecycle

_init = flask.Flask.__init__


def _with_lifecycle(self: flask.Flask, *args: t.Any, **kwargs: t.Any) -> None:
    _init(self, *args, **kwargs)
    self.config.setdefault("LIFECYCLE_ENABLED", True)
    if "LIFECYCLE_TEST_NO_HEADER" in os.environ:
        self.config.setdefault("LIFECYCLE_HEADER", None)
    Lifecycle(self)


flask.Flask.__init__ = _with_lifecycle  # type: ignore[method-assign]
