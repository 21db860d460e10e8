"""``flask lifecycle run``: ``flask run --debug`` with the extension, for any app as it is."""

from __future__ import annotations

import os
import typing as t

import click
import flask
from click.core import ParameterSource
from flask.cli import ScriptInfo, run_command
from werkzeug.serving import is_running_from_reloader

from ..extension import Lifecycle, State

_BY_HAND = (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT)


@click.command(
    "run",
    params=[*run_command.params],
    # FLASK_RUN_PORT and the like hold for this command, too.
    context_settings={"auto_envvar_prefix": "FLASK_RUN"},
    short_help="Serve an app with flask-lifecycle, its code unchanged.",
)
@click.pass_context
def command(ctx: click.Context, /, **options: t.Any) -> None:
    """Serve an app as "flask run --debug" does, with flask-lifecycle.

    No line of the app's code needs to change: the extension is added once the app is loaded. An app
    that has its own Lifecycle is served as it is. The app is found as by "flask run", and all
    options of that are taken, for instance:

    \b
        flask --app shop lifecycle run --port 8000
        flask --app "shop:create_app('dev')" lifecycle run

    With --no-debug, requests are recorded too, and the panel needs the token that is printed.
    """
    if not _is_debug_off(ctx):
        os.environ["FLASK_DEBUG"] = "1"
    info = ctx.ensure_object(ScriptInfo)
    # The reloader runs this command again in each of its processes.
    ctx.obj = ScriptInfo(info.app_import_path, create_app=lambda: _recorded(info.load_app()))
    ctx.invoke(t.cast("t.Callable[..., None]", run_command.callback), **options)


def _is_debug_off(ctx: click.Context) -> bool:
    """Return whether debug was turned off for this command, rather than not turned on."""
    asked = ctx.get_parameter_source("debug") in _BY_HAND
    asked |= ctx.find_root().get_parameter_source("debug") is ParameterSource.COMMANDLINE
    return asked and os.environ.get("FLASK_DEBUG") == "0"


def _recorded(app: flask.Flask) -> flask.Flask:
    """Add the extension to an app that has none."""
    if "lifecycle" not in app.extensions:
        if not app.debug and app.config.get("LIFECYCLE_ENABLED") is None:
            app.config["LIFECYCLE_ENABLED"] = True
        try:
            Lifecycle(app)
        except ValueError as error:  # a setting is wrong
            raise click.ClickException(str(error)) from error
        except AssertionError as error:
            text = "flask-lifecycle cannot be added: the app handled a request while it was loaded."
            raise click.ClickException(text) from error
    state: State = app.extensions["lifecycle"]
    why_off = state.why_off(app)
    if why_off and not is_running_from_reloader():
        click.echo(f" * Lifecycle is off: {why_off}", err=True)
    return app


__all__ = ["command"]
