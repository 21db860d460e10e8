"""What a recording has beside its traces: the app's map and the code of the steps."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence

import click
import flask

from ..app_map.overview import AppMap
from ..instrumentation.middleware import middleware_of
from ..recording.document import Recording, made_now
from ..redact import Redactor
from ..settings import Settings
from ..trace.model import JsonObject, Trace


def map_of(app: flask.Flask) -> JsonObject:
    """Return the map of an app, as ``GET api/app`` gives it."""
    made = AppMap(app, _redactor(app), middleware_of(app)).to_dict()
    # No request has called a function in this process.
    return {**made, "called": []}


def recording_of(traces: Sequence[Trace], app: flask.Flask) -> Recording:
    """Return a recording of requests of an app, with its map and their code as these are now."""
    # The panel's package imports what serves it.
    from ..recording.excerpts import excerpts

    sources = excerpts(traces, _redactor(app).lines)
    return Recording(made_now(app.name), map_of(app), sources, tuple(traces))


def _redactor(app: flask.Flask) -> Redactor:
    state: t.Any = app.extensions.get("lifecycle")
    try:
        settings = Settings.from_config(app.config) if state is None else state.settings
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    return Redactor(settings.redact, settings.max_detail_bytes, settings.redact_with)


__all__ = ["map_of", "recording_of"]
