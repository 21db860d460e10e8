"""The group of commands. Each is imported when it is used: ``flask`` loads this for any command."""

from __future__ import annotations

from importlib import import_module

import click

# In the order of the help text; each is a module of this package.
_NAMES = ("run", "list", "show", "tail", "compare", "export", "open", "route", "doctor")


class Commands(click.Group):
    """Finds each command in the module of its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*_NAMES]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _NAMES:
            return None
        module = import_module(f".{cmd_name}", __package__)
        command: click.Command = module.command
        return command


@click.group(cls=Commands)
def lifecycle() -> None:
    """Commands for flask-lifecycle."""


__all__ = ["Commands", "lifecycle"]
