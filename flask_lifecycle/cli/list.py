"""``flask lifecycle list``: the requests in the history."""

from __future__ import annotations

import click

from .options import Filtered, Form, forms


@click.command("list", cls=Filtered, short_help="List the requests in the history.")
@click.argument("terms", metavar="[FILTER]...", nargs=-1)
@click.option(
    "-n", "--limit", default=20, show_default=True, type=click.IntRange(1), help="The most to list."
)
@forms
def command(terms: tuple[str, ...], limit: int, form: Form) -> None:
    """List the requests in the history, newest first.

    FILTER is as in the panel: words, and terms such as these; a minus before one excludes.

    \b
        flask lifecycle list status:5xx method:POST
        flask lifecycle list "time:>50 sql:>20" -path:/static
        flask lifecycle list is:flagged

    The first column is what "flask lifecycle show" takes as last~3; the beginning of an ID does
    too, and means the same request tomorrow.
    """
    from .app import load_app
    from .cells import clock
    from .lookup import Requests
    from .output import Output
    from .rows import Rows, markdown_table, restarts

    requests = Requests(load_app())
    found = requests.matching(terms, limit)
    numbers = {each["id"]: number for number, each in found}
    summaries = [each for _, each in found]
    output = Output()
    if form == "json":
        output.json({"traces": summaries})
    elif form == "md":
        output.markdown(markdown_table(summaries))
    else:
        rows = Rows(
            output.width,
            requests.id_length,
            has_strip=output.has_colour,
            summaries=summaries,
        )
        output.lines([rows.head()])
        for summary, begin in restarts(summaries):
            if begin is not None:
                output.rule(f"restarted {clock(begin)}")
            output.lines([rows.row(summary, numbers[summary["id"]])])


__all__ = ["command"]
