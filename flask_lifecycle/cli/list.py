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
    """List the requests in the history, newest first; before them, those that breakpoints hold.

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
    from .lookup import NotFoundError, Requests, predicate
    from .output import Output, escaped
    from .rows import Rows, markdown_table, restarts
    from .running import Running, held_lines

    requests = Requests(load_app())
    held = Running(requests.history).held(predicate(" ".join(terms)))
    requests.running = [each.summary for each in held]
    try:
        found = requests.matching(terms, limit)
    except NotFoundError:
        if not held:
            raise
        found = []
    numbers = {each["id"]: number for number, each in found}
    summaries = [each for _, each in found]
    output = Output()
    if form == "json":
        output.json({"held": [each.to_dict() for each in held], "traces": summaries})
    elif form == "md":
        told = (line for each in held_lines(held) for line in (escaped(each.plain), ""))
        output.markdown((*told, *markdown_table(summaries)))
    else:
        for line in held_lines(held, requests.id_length):
            output.lines(output.wrapped(line, output.width))
        rows = Rows(
            output.width,
            requests.id_length,
            has_strip=output.has_colour,
            summaries=summaries,
        )
        output.lines([rows.head()] if summaries else ())
        for summary, begin in restarts(summaries):
            if begin is not None:
                output.rule(f"restarted {clock(begin)}")
            output.lines([rows.row(summary, numbers[summary["id"]])])


__all__ = ["command"]
