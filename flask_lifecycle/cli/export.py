"""``flask lifecycle export``: requests of the history as a file."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("export", short_help="Save requests as a file.")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option(
    "-o",
    "--output",
    "path",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file; its ending is the format.",
)
@click.option("-f", "--filter", "terms", help="Those that match, as in flask lifecycle list.")
def command(ids: tuple[str, ...], path: Path, terms: str | None) -> None:
    """Save requests as a file that needs neither the app nor a server to be read.

    Those of some IDs, those that match a filter, or all of the history. The file's ending is its
    format: .html is a page that any browser draws, .json is for tools and for the panel, .har for
    the developer tools of browsers. With .gz after it, the file is compressed. Only its owner may
    read it; look through it before you give it to somebody else.
    """
    from .app import load_app
    from .lookup import Requests
    from .saved import check_ending, save

    if ids and terms is not None:
        raise click.UsageError("Give IDs or --filter, not both.")
    check_ending(path)
    app = load_app()
    requests = Requests(app)
    if ids:
        traces = [requests.trace(each) for each in ids]
    else:
        found = [each for _, each in requests.matching((terms or "",))]
        kept = (requests.history.get(each["id"]) for each in found)
        traces = [each for each in kept if each is not None]
    click.echo(save(traces, path, app))


__all__ = ["command"]
