"""The app that the command line names; its extension may be off, or not there."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout

import click
import flask
from flask.cli import ScriptInfo


def load_app() -> flask.Flask:
    """Load the app of the command line; what it prints is no output of the command."""
    info = click.get_current_context().ensure_object(ScriptInfo)
    with redirect_stdout(sys.stderr):
        return info.load_app()


__all__ = ["load_app"]
