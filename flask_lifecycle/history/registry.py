"""The history of each app: one object for all that read and write it."""

from __future__ import annotations

import typing as t
from weakref import WeakKeyDictionary

import flask
from werkzeug.local import LocalProxy

from ..locks import lock
from ..settings import Settings
from .location import default_path, path_of
from .protocol import History
from .sqlite import SqliteHistory

_made: WeakKeyDictionary[flask.Flask, SqliteHistory] = WeakKeyDictionary()
_lock = lock()


def history_of(app: flask.Flask) -> History | None:
    """Return the history of an app, or None if it has none.

    The app need neither be served nor have the extension.

    :raises ValueError: a ``LIFECYCLE_*`` setting is invalid.
    """
    return sqlite_history_of(app)


def sqlite_history_of(app: flask.Flask) -> SqliteHistory | None:
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


def _make(app: flask.Flask, settings: Settings) -> SqliteHistory:
    at = settings.history
    is_own = at is None or isinstance(at, bool)
    path = (
        default_path(app.root_path, app.name)
        if at is None or isinstance(at, bool)
        else path_of(at, app.instance_path)
    )
    return SqliteHistory(path, settings.max_traces, settings.max_bytes, is_private=is_own)


__all__ = ["history_of", "sqlite_history_of"]
