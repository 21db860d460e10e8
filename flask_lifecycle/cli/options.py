"""Options that several commands have."""

from __future__ import annotations

import re
import typing as t

import click

Form = t.Literal["text", "json", "md"]
Function = t.TypeVar("Function", bound=t.Callable[..., t.Any])

# A term of a filter that is negated, and no option.
_NEGATED = re.compile(r"-[A-Za-z]+:")


def forms(command: Function) -> Function:
    """Add ``--json`` and ``--md``; the command gets them as ``form``."""
    for name, says in (("md", "Write Markdown."), ("json", "Write JSON.")):
        command = click.option(
            f"--{name}", is_flag=True, callback=_form, expose_value=False, help=says
        )(command)
    return command


def _form(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    form = ctx.params.setdefault("form", "text")
    if value and form != "text":
        raise click.UsageError("--json and --md exclude each other.")
    if value:
        ctx.params["form"] = param.name


class Filtered(click.Command):
    """A command with a filter, whose negated terms look like options: ``-path:/static``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        options, dashes, words = args, [], []
        if "--" in args:
            at = args.index("--")
            options, words = args[:at], args[at + 1 :]
        terms = [each for each in options if _NEGATED.match(each)]
        options = [each for each in options if not _NEGATED.match(each)]
        dashes = ["--"] if terms or words else []
        return super().parse_args(ctx, [*options, *dashes, *terms, *words])


__all__ = ["Filtered", "Form", "forms"]
