"""The history of each app: one object for all that read and write it."""

from __future__ import annotations

import typing as t
from weakref import WeakKeyDictionary

import flask
from werkzeug.local import LocalProxy

from ..locks import lock
from ..settings import Settings, is_redis
from .location import default_path, path_of
from .protocol import History, WritableHistory
from .sqlite import SqliteHistory

_made: WeakKeyDictionary[flask.Flask, WritableHistory] = WeakKeyDictionary()
_lock = lock()


def history_of(app: flask.Flask) -> History | None:
    """Return the history of an app, or None if it has none.

    The app need neither be served nor have the extension.

    :raises ValueError: a ``LIFECYCLE_*`` setting is invalid, or needs a missing package.
    """
    return writable_history_of(app)


def writable_history_of(app: flask.Flask) -> WritableHistory | None:
    """Return the same, for its writer."""
    if isinstance(app, LocalProxy):  # flask.current_app
        app = app._get_current_object()
    state: t.Any = app.extensions.get("lifecycle")
    settings = Settings.from_config(app.config) if state is None else state.settings
    if settings.history is None:
        return None
    with _lock:
        history = _made.get(app)
        if history is None:
            history = _made[app] = _make(app, settings)
        return history


def _make(app: flask.Flask, settings: Settings) -> WritableHistory:
    at = settings.history
    limits = settings.max_traces, settings.max_bytes
    if at is None or isinstance(at, bool):
        return SqliteHistory(default_path(app.root_path, app.name), *limits, is_private=True)
    if is_redis(at):
        from .redis.history import RedisHistory

        return RedisHistory(at, app.name, *limits)
    return SqliteHistory(path_of(at, app.instance_path), *limits, is_private=False)


__all__ = ["history_of", "writable_history_of"]
