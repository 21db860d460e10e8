"""``flask lifecycle tail``: the requests as they end, one line each."""

from __future__ import annotations

import click

from .options import Filtered, Form, forms


@click.command("tail", cls=Filtered, short_help="Follow the requests as they end.")
@click.argument("terms", metavar="[FILTER]...", nargs=-1)
@click.option("-v", "--verbose", is_flag=True, help="The steps of each request, too.")
@click.option(
    "-n",
    "--lines",
    default=10,
    show_default=True,
    type=click.IntRange(0),
    help="How many earlier requests to begin with.",
)
@forms
def command(terms: tuple[str, ...], verbose: bool, lines: int, form: Form) -> None:
    """Follow the history: a line for each request once it has ended, whatever process served it.

    FILTER is that of "flask lifecycle list". With --json, each line is a summary; with --verbose, a
    whole request. Ctrl-C ends it.
    """
    from .app import load_app
    from .follow import Follower
    from .lookup import Requests

    app = load_app()
    follower = Follower(Requests(app), app, " ".join(terms), form, verbose=verbose)
    try:
        follower.run(lines)
    except KeyboardInterrupt:
        return


__all__ = ["command"]
